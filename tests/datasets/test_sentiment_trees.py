import zipfile

import pytest

from cct_text.errors import DataError, UsageError
from tests.support.official_files import TREES, rows_of, write_trees


def test_five_grades_are_five_classes(load, tmp_path):
    dataset = load("sst5", data_dir=write_trees(tmp_path / "sst"))
    assert dataset.labels == ("very negative", "negative", "neutral", "positive", "very positive")
    assert rows_of(dataset.train, dataset.labels) == [
        ("positive", "It 's great"),
        ("negative", "Not good ."),
        ("neutral", "A film"),
    ]
    assert rows_of(dataset.dev, dataset.labels) == [("very positive", "Very good"), ("very negative", "Awful .")]
    assert not dataset.dev_is_cut


def test_two_classes_leave_neutral_sentences_out_and_three_keep_them(load, tmp_path):
    write_trees(tmp_path)
    two, three = load("sst2", data_dir=tmp_path), load("sst3", data_dir=tmp_path)
    assert rows_of(two.test, two.labels) == [("negative", "Dull ."), ("positive", "Fine .")]
    assert rows_of(three.test, three.labels) == [("negative", "Dull ."), ("neutral", "So so"), ("positive", "Fine .")]


def test_escapes_of_the_treebank_become_the_characters_they_stand_for(load, tmp_path):
    tree = "(4 (2 -LRB-) (3 (2 1\\/2) (3 (2 -RRB-) (2 F\\*\\*\\*))))"
    dataset = load("sst2", data_dir=write_trees(tmp_path, {**TREES, "train": [tree, *TREES["train"]]}))
    assert dataset.train.texts[0].as_py() == "( 1/2 ) F***"


def test_letters_beyond_ascii_are_read(load, tmp_path):
    dataset = load("sst2", data_dir=write_trees(tmp_path, {**TREES, "dev": ["(4 (2 Caf\u00e9) (3 No\u00ebl))"]}))
    assert dataset.dev.texts.to_pylist() == ["Caf\u00e9 No\u00ebl"]


def test_phrases_add_each_graded_sub_tree_once_after_the_sentences(load, tmp_path):
    twice = ["(3 (2 It) (4 great))", "(3 (2 He) (4 great))", "(1 (1 Not) (4 great))"]
    dataset = load("sst2", data_dir=write_trees(tmp_path, {**TREES, "train": twice}), phrases=True)
    assert rows_of(dataset.train, dataset.labels) == [
        ("positive", "It great"),
        ("positive", "He great"),
        ("negative", "Not great"),
        ("positive", "great"),
        ("negative", "Not"),
    ]


def test_a_phrase_that_is_a_sentence_of_dev_or_test_is_not_learned_from(load, tmp_path):
    train = ["(3 (3 (3 Very) (3 good)) (4 (2 !) (4 (1 Dull) (2 .))))", "(1 (1 No) (1 (4 Fine) (2 .)))"]
    dataset = load("sst5", data_dir=write_trees(tmp_path, {**TREES, "train": train}), phrases=True)
    learned = set(dataset.train.texts.to_pylist())
    assert {"Very", "good", "Dull", ". "} - learned == {". "}
    held_out = set(dataset.dev.texts.to_pylist()) | set(dataset.test.texts.to_pylist())
    assert "Very good" in held_out
    assert not held_out & learned


def test_the_same_sentences_with_and_without_phrases_are_two_data_sets(load, tmp_path):
    write_trees(tmp_path)
    without, with_phrases = load("sst2", data_dir=tmp_path), load("sst2", data_dir=tmp_path, phrases=True)
    assert len(without.train) < len(with_phrases.train)
    assert without.sha256 != with_phrases.sha256
    assert without.test.texts == with_phrases.test.texts


@pytest.mark.parametrize("name", ["trec", "ag_news", "imdb", "questions", "mine.csv", "hf:org/name"])
def test_phrases_are_refused_where_there_are_no_trees(load, name):
    with pytest.raises(UsageError, match=f"phrases = true: {name} has no trees; sst2, sst3 and sst5 have"):
        load(name, phrases=True)


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ("(3 (2 It) (4 great)", "a tree that does not close"),
        ("(3 (2 It) (4 great)))", "not a tree"),
        ("(7 It)", "not a tree"),
        ("(2 " * 100_000, "a tree nested too deeply"),
    ],
    ids=["open", "closed", "grade", "deep"],
)
def test_a_broken_tree_is_told_with_its_line(load, tmp_path, tree, told):
    write_trees(tmp_path, {**TREES, "dev": [*TREES["dev"], tree]})
    with pytest.raises(DataError, match=rf"trainDevTestTrees_PTB.zip!trees/dev.txt:3: {told}: "):
        load("sst5", data_dir=tmp_path)


def test_blank_lines_between_trees_are_passed_over(load, tmp_path):
    dataset = load("sst5", data_dir=write_trees(tmp_path, {**TREES, "dev": ["", *TREES["dev"], " "]}))
    assert len(dataset.dev) == 2


def test_a_member_that_is_missing_is_named(load, tmp_path):
    write_trees(tmp_path, {split: trees for split, trees in TREES.items() if split != "dev"})
    with pytest.raises(DataError, match=r"has no member trees/dev.txt; is it the official archive\?"):
        load("sst2", data_dir=tmp_path)


def test_a_member_that_claims_more_than_a_gibibyte_is_not_unpacked(load, tmp_path):
    path = write_trees(tmp_path) / "trainDevTestTrees_PTB.zip"
    with zipfile.ZipFile(path) as archive:
        claimed = archive.getinfo("trees/train.txt").file_size.to_bytes(4, "little")
    raw = path.read_bytes()
    assert raw.count(claimed) >= 2
    path.write_bytes(raw.replace(claimed, (2**30 + 1).to_bytes(4, "little")))
    with pytest.raises(DataError, match=r"trees/train.txt has 1,073,741,825 bytes, more than any official one"):
        load("sst2", data_dir=tmp_path)
