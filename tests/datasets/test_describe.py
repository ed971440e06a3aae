import pytest

from cct_text.datasets.describe import describe, registered
from cct_text.text.tokenizer import split_words
from tests.support.official_files import write_trec
from tests.support.user_files import as_csv


def words(texts):
    return split_words(texts, "whitespace")


@pytest.fixture
def facts(load, tmp_path):
    """Of a file with known duplicates and lengths, and a test file."""
    train = [
        ("a", "one"),
        ("b", "one"),
        ("a", "one"),
        ("a", "two words"),
        ("b", " ".join(["long"] * 40)),
        ("b", "x y z"),
    ]
    test = [("b", "one"), ("a", "new text"), ("b", "x y z")]
    (tmp_path / "train.csv").write_bytes(as_csv(train))
    (tmp_path / "test.csv").write_bytes(as_csv(test))
    dataset = load(tmp_path / "train.csv", test=tmp_path / "test.csv", dev_fraction=0.0)
    return describe(dataset, words), dataset


def test_rows_and_class_balance_of_each_split_are_counted(facts):
    splits = facts[0]["splits"]
    assert {split: row["rows"] for split, row in splits.items()} == {"train": 6, "test": 3}
    assert splits["train"]["classes"] == {"a": 3, "b": 3}
    assert splits["test"]["classes"] == {"a": 1, "b": 2}


def test_lengths_are_in_words_and_are_lengths_that_occur(facts):
    assert facts[0]["splits"]["train"]["words"] == {"p5": 1, "median": 1, "p95": 40, "p99": 40, "longest": 40}
    assert facts[0]["splits"]["test"]["words"] == {"p5": 1, "median": 2, "p95": 3, "p99": 3, "longest": 3}


def test_texts_that_stand_twice_are_counted(facts):
    assert facts[0]["duplicates"] == {"train_in_train": 2, "dev_in_train": 0, "test_in_train": 2}


def test_where_it_came_from_is_told_with_checksums(facts, tmp_path):
    told, dataset = facts
    assert told["source"] == str(tmp_path)
    assert told["files"] == dataset.files
    assert told["sha256"] == dataset.sha256
    assert told["title"] is told["licence"] is told["homepage"] is None


def test_dev_rows_that_stand_in_train_are_counted(load, tmp_path):
    (tmp_path / "train.csv").write_bytes(as_csv([("a", "one"), ("b", "two")]))
    (tmp_path / "dev.csv").write_bytes(as_csv([("a", "two"), ("b", "three")]))
    told = describe(load(tmp_path / "train.csv", dev=tmp_path / "dev.csv"), words)
    assert told["duplicates"]["dev_in_train"] == 1
    assert told["dev_is_cut"] is False


def test_of_a_class_without_rows_in_a_split_zero_is_told(load, tmp_path):
    told = describe(load("trec", data_dir=write_trec(tmp_path)), words)
    assert told["splits"]["test"]["classes"] == {"ABBR": 0, "DESC": 0, "ENTY": 0, "HUM": 0, "LOC": 1, "NUM": 1}
    assert told["licence"] == "not stated"


def test_data_sets_that_are_here_are_told_with_their_folder(tmp_path, monkeypatch):
    write_trec(tmp_path / "data" / "trec")
    found = {row["name"]: row["found"] for row in registered(str(tmp_path / "data"))}
    here = str(tmp_path / "data" / "trec")
    assert {name: folder for name, folder in found.items() if folder} == {
        "questions": "embedded",
        "trec": here,
        "trec-fine": here,
    }
    monkeypatch.setenv("CCT_TEXT_DATA", str(tmp_path / "data"))
    assert {row["name"]: row["found"] for row in registered()} == found
