"""One process at a time in a run folder."""

import multiprocessing
from functools import partial

import pytest

from cct_text import locks
from cct_text.artifacts import RunFolder
from cct_text.errors import UsageError
from cct_text.locks import LOCK, alone_in
from cct_text.studies.baselines.run import train_baseline
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train


def hold(path, connection):
    with alone_in(RunFolder(path)):
        connection.send("held")
        connection.recv()


@pytest.fixture
def other(tmp_path):
    """Another process that holds the run folder; sent a word, it lets go."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path / "run", theirs))
    process.start()
    assert ours.recv() == "held"
    yield ours
    process.kill()
    process.join()


@pytest.mark.parametrize("learner", ["network", "majority"])
def test_a_folder_into_which_another_process_trains_is_refused(other, learner, tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    config = resolve_config("questions", values={"embeddings": "learned", "epochs": 1})
    start = train if learner == "network" else partial(train_baseline, learner)
    with pytest.raises(UsageError, match="run: another process trains into this folder"):
        start(config, tmp_path / "run")


def test_who_waits_for_a_process_that_ends_has_the_folder_then(other, tmp_path):
    other.send("let go")
    with alone_in(RunFolder(tmp_path / "run")):
        assert (tmp_path / "run" / LOCK).exists()


def test_nothing_is_left_of_the_lock(tmp_path):
    with alone_in(RunFolder(tmp_path / "a" / "b")):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "c").mkdir()
    with alone_in(RunFolder(tmp_path / "c")):
        (tmp_path / "c" / "metrics.json").touch()
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["metrics.json"]


def test_the_lock_of_a_process_that_was_killed_holds_nobody_up(tmp_path):
    (tmp_path / LOCK).touch()
    folder = RunFolder(tmp_path)
    assert folder.occupied_by() is None
    with alone_in(folder):
        pass
    assert list(tmp_path.iterdir()) == []
