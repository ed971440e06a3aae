"""The vectors that people use: the package always, the official archive where $CCT_TEXT_VECTORS has it."""

import os
from pathlib import Path

import numpy as np
import pytest

from cct_text.vectors import frequent_words, load_vectors
from cct_text.vectors.sources import find
from tests.support.vector_files import glove
from tests.vectors.conftest import wait_for_background

FOLDER = os.environ.get("CCT_TEXT_VECTORS", "")
"""As it is before the fixture takes it away."""

# Rows and the first numbers of "the" as GloVe's project publishes them; an archive may hold the 144,544 of a smaller part.
OFFICIAL = [("glove.6B.50d", {400_000}, [0.418, 0.24968])]
if FOLDER and (Path(FOLDER) / "glove.6B.zip").exists():
    OFFICIAL.append(("glove.6B.100d", {144_544, 400_000}, [-0.038194, -0.24487]))


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory):
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(autouse=True)
def _environment(home, shared_home, monkeypatch):
    """One cache for the file, since it takes seconds to convert an official archive."""
    monkeypatch.setenv("CCT_TEXT_HOME", str(shared_home))
    monkeypatch.setenv("CCT_TEXT_VECTORS", FOLDER)
    yield
    wait_for_background()


@pytest.mark.parametrize(("name", "words", "start"), OFFICIAL)
class TestOfficial:
    def test_has_the_published_size_and_numbers(self, name, words, start):
        seen, dim = find(name).open().shape()
        assert seen in words
        assert dim == int(name.split(".")[-1].removesuffix("d"))
        vectors = load_vectors(name, top=3)
        assert vectors.words == ["the", ",", "."]
        assert vectors.matrix[0, :2].tolist() == np.float32(start).tolist()

    def test_gives_the_same_rows_streamed_stored_and_through_a_file_of_ones_own(self, name, words, start, tmp_path):
        wanted = ["zebra", "the", "€", "qwertzuiopü"]
        streamed = find(name).open().select(wanted, 50)
        load_vectors(name, top=1)
        wait_for_background()
        again = load_vectors(name, words=wanted, top=50)
        (tmp_path / "mine.txt").write_bytes(glove(streamed.words, streamed.matrix))
        mine = load_vectors(str(tmp_path / "mine.txt"))
        assert set(wanted[:3]) <= set(streamed.words)
        assert again.words == mine.words == streamed.words
        assert np.array_equal(again.matrix, streamed.matrix)
        assert np.array_equal(mine.matrix, streamed.matrix)

    def test_lists_frequent_words_first(self, name, words, start):
        assert frequent_words(name, 7) == ["the", ",", ".", "of", "to", "and", "in"]


def test_the_two_widths_stand_side_by_side():
    spec = "+".join(name for name, _, _ in OFFICIAL)
    vectors = load_vectors(spec, words=["the"])
    width = {1: 50, 2: 150}[len(OFFICIAL)]
    assert vectors.matrix.shape == (1, width)
    assert vectors.matrix[0, 0] == np.float32(0.418)
