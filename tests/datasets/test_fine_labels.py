from dataclasses import replace

import numpy as np
import pytest

from cct_text.datasets import registry
from cct_text.datasets.dataset import NO_CLASS
from cct_text.errors import DataError, UsageError
from tests.support.official_files import TREC, TREES, rows_of, write_trec, write_trees

PHRASES = ["(3 (2 It) (4 great))", "(1 (2 He) (0 (0 bad) (2 .)))", "(2 (2 So) (2 what))"]


def learned(dataset):
    return rows_of(dataset.fine.split, dataset.fine.labels)


def classes(dataset):
    """The class of each fine label, by name."""
    pairs = zip(dataset.fine.labels, dataset.class_of_label, strict=True)
    return {name: None if at == NO_CLASS else dataset.labels[at] for name, at in pairs}


def test_coarse_questions_are_learned_with_their_fine_labels(load, tmp_path):
    write_trec(tmp_path)
    plain, fine = (load("trec", data_dir=tmp_path, dev_fraction=0.0, fine_labels=on) for on in (False, True))
    assert learned(fine) == TREC["train"]
    lacking = {name: name for name in ("ABBR", "DESC", "ENTY")}
    assert classes(fine) == {"HUM:ind": "HUM", "LOC:city": "LOC", "NUM:date": "NUM", "NUM:dist": "NUM", **lacking}
    assert rows_of(fine.train, fine.labels) == rows_of(plain.train, plain.labels)
    assert rows_of(fine.test, fine.labels) == rows_of(plain.test, plain.labels)
    assert plain.fine is None
    assert plain.sha256 != fine.sha256


def test_a_dev_split_that_is_cut_is_the_same_and_is_not_learned(load, tmp_path):
    rows = [(f"NUM:{'date' if n % 2 else 'dist'}", f"How many {n} ?") for n in range(20)]
    rows += [("LOC:city", f"Where {n} ?") for n in range(20)]
    write_trec(tmp_path, {"train": rows, "test": rows[-2:]})
    plain, fine = (load("trec", data_dir=tmp_path, dev_fraction=0.25, fine_labels=on) for on in (False, True))
    assert rows_of(plain.dev, plain.labels) == rows_of(fine.dev, fine.labels)
    assert fine.learned.texts.to_pylist() == plain.train.texts.to_pylist()
    assert len(fine.learned) == 30


def test_of_a_question_that_stands_twice_dev_keeps_its_own_one(load, tmp_path):
    rows = [(f"NUM:{'date' if n % 2 else 'dist'}", f"How many {n % 5} ?") for n in range(40)]
    write_trec(tmp_path, {"train": [*rows, *[("LOC:city", f"Where {n % 5} ?") for n in range(20)]], "test": rows[:2]})
    fine = load("trec", data_dir=tmp_path, dev_fraction=0.25, fine_labels=True, train_rows=30)
    of_rows = np.array(fine.class_of_label)[fine.learned.labels]
    assert fine.learned.texts.to_pylist() == fine.train.texts.to_pylist()
    assert (of_rows == fine.train.labels).all()


def test_finer_labels_of_other_texts_are_refused(load, tmp_path, monkeypatch):
    write_trec(tmp_path)
    entry = registry.ENTRIES["trec"]
    shouting = replace(entry, read=lambda *of: ((a, b.upper()) for a, b in rows) if (rows := entry.read(*of)) else None)
    monkeypatch.setitem(registry.ENTRIES, "trec", shouting)
    with pytest.raises(DataError, match="the train split and the one with finer labels are not of the same texts"):
        load("trec", data_dir=tmp_path, fine_labels=True)


def test_two_classes_learn_five_grades_of_which_one_is_neither(load, tmp_path):
    write_trees(tmp_path, {**TREES, "train": PHRASES})
    two = load("sst2", data_dir=tmp_path, phrases=True, fine_labels=True)
    assert classes(two) == {
        "very negative": "negative",
        "negative": "negative",
        "neutral": None,
        "positive": "positive",
        "very positive": "positive",
    }
    assert ("neutral", "So what") in learned(two)
    assert ("very negative", "bad .") in learned(two)
    assert "So what" not in two.train.texts.to_pylist()


def test_fewer_rows_are_fewer_of_both_and_a_part_of_more(load, tmp_path):
    write_trees(tmp_path, {**TREES, "train": [f"({n % 5} (2 w{n}) (2 x{n}))" for n in range(40)]})
    few, more = (load("sst2", data_dir=tmp_path, fine_labels=True, train_rows=rows) for rows in (8, 16))
    assert set(learned(few)) < set(learned(more))
    for dataset in (few, more):
        of_rows = np.array(dataset.class_of_label)[dataset.fine.split.labels]
        assert (of_rows >= 0).sum() == len(dataset.train)
        assert 0 < (of_rows == NO_CLASS).sum() < 9


@pytest.mark.parametrize("name", ["sst5", "trec-fine", "imdb", "questions"])
def test_a_data_set_without_finer_labels_is_refused(load, name):
    with pytest.raises(UsageError, match=f"fine_labels = true: {name} has no finer labels; trec, sst2 and sst3 have"):
        load(name, fine_labels=True)


def test_a_file_has_no_finer_labels(load, tmp_path):
    (tmp_path / "own.csv").write_text("text,label\na,x\nb,y\n")
    with pytest.raises(UsageError, match="has no finer labels"):
        load(tmp_path / "own.csv", fine_labels=True)
