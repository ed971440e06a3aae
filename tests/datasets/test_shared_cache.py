"""Eight processes that want the same data set and the same vectors at once, from a cache that is empty or damaged."""

import time

import numpy as np
import pytest

from cct_text.datasets.cache import load_cached
from cct_text.vectors.store import open_store
from cct_text.vectors.text_file import TextVectors
from tests.support.cache_users import load_both
from tests.support.forked import processes
from tests.support.official_files import write_trec
from tests.support.vector_files import glove

PROCESSES = 8
WORDS = [f"w{index}" for index in range(3000)]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CCT_TEXT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def crowd(home, tmp_path):
    """Starts the processes: the different things that they saw, and their exit codes."""
    write_trec(tmp_path / "data")
    matrix = np.random.default_rng(0).normal(size=(len(WORDS), 20)).astype(np.float32)
    (tmp_path / "vectors.txt").write_bytes(glove(WORDS, matrix))

    def start():
        go = tmp_path / "go"
        go.unlink(missing_ok=True)
        answers = [processes.SimpleQueue() for _ in range(PROCESSES)]
        arguments = (home, tmp_path / "data", tmp_path / "vectors.txt", go)
        crowd = [processes.Process(target=load_both, args=(*arguments, answer)) for answer in answers]
        for one in crowd:
            one.start()
        time.sleep(0.5)
        go.touch()
        for one in crowd:
            one.join()
        seen = [answer.get() for answer in answers if not answer.empty()]
        assert [one.exitcode for one in crowd] == [0] * PROCESSES
        assert [told for *_, told in seen if told] == []
        assert len({answer[:3] for answer in seen}) == 1
        return seen[0][:3]

    return start


def kept(home, tmp_path):
    """The entries of both caches, which must be whole, and nothing beside them."""
    (folder,) = (home / "datasets").iterdir()
    assert load_cached(folder.name) is not None
    assert open_store(TextVectors(tmp_path / "vectors.txt")).matrix.shape == (len(WORDS), 20)
    (store,) = (path for path in (home / "vectors").iterdir() if path.is_dir())
    return folder, store


def test_all_see_the_same_and_leave_a_cache_that_is_whole(crowd, home, tmp_path):
    seen = crowd()
    folder, store = kept(home, tmp_path)
    for file in (folder / "train.arrow", store / "words.arrow"):
        file.write_bytes(file.read_bytes()[:100])
    (home / "datasets" / f".{folder.name}.killed").mkdir()
    (home / "vectors" / f".{store.name}.killed").mkdir()
    assert crowd() == seen
    kept(home, tmp_path)
