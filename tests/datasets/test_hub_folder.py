"""What is made of a data set in the hub's layout, read from a folder by the `datasets` library, without any network."""

import logging
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cct_text.errors import DataError, ResourceError, UsageError
from tests.support.official_files import rows_of

CARD = """---
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': ham
          '1': spam
---
"""


@pytest.fixture(autouse=True)
def datasets_cache(tmp_path, monkeypatch):
    """The library's own cache, for this test alone."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "huggingface"))


@pytest.fixture
def folder(tmp_path):
    """Writes splits, given as columns, as the hub lays them out; `card` becomes the README."""

    def write(card=None, **splits):
        path = tmp_path / "hub"
        (path / "data").mkdir(parents=True)
        for split, columns in splits.items():
            pq.write_table(pa.table(columns), path / "data" / f"{split}-00000-of-00001.parquet")
        if card:
            (path / "README.md").write_text(card)
        return f"hf:{path}"

    return write


TRAIN = {"text": ["one", "two", "three", "four"], "label": [0, 1, 1, 0]}


def test_class_names_come_from_the_card_and_splits_by_their_names(load, folder):
    held_out = {"text": ["five"], "label": [1]}
    name = folder(CARD, train=TRAIN, validation=held_out, test={"text": ["six"], "label": [0]})
    dataset = load(name)
    assert dataset.labels == ("ham", "spam")
    assert rows_of(dataset.train, dataset.labels) == [
        ("ham", "one"),
        ("spam", "two"),
        ("spam", "three"),
        ("ham", "four"),
    ]
    assert rows_of(dataset.dev, dataset.labels) == [("spam", "five")]
    assert rows_of(dataset.test, dataset.labels) == [("ham", "six")]
    assert (dataset.name, dataset.source, dataset.files, dataset.dev_is_cut) == (name, name, {}, False)


@pytest.mark.parametrize("split", ["validation", "dev", "valid"])
def test_every_usual_name_of_the_dev_split_is_known(load, folder, split):
    dataset = load(folder(train=TRAIN, **{split: {"text": ["five"], "label": [1]}}))
    assert dataset.dev.texts.to_pylist() == ["five"]


def test_without_a_dev_split_one_is_cut_from_train(load, folder):
    train = {"text": [f"text {number}" for number in range(40)], "label": [0, 1] * 20}
    dataset = load(folder(CARD, train=train), dev_fraction=0.25)
    assert (len(dataset.train), len(dataset.dev), dataset.test) == (30, 10, None)
    assert dataset.dev_is_cut


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["no", "yes", "no"], ("no", "yes")),
        ([10, 9, 10], ("9", "10")),
        ([True, False, True], ("false", "true")),
        (pa.array(["x", "y", "x"]).dictionary_encode(), ("x", "y")),
    ],
    ids=["strings", "integers", "booleans", "dictionary"],
)
def test_labels_without_names_are_named_by_their_values(load, folder, labels, names):
    dataset = load(folder(train={"text": ["a", "b", "c"], "label": labels}), dev_fraction=0.0)
    assert dataset.labels == names
    first, second, third = (label for label, _ in rows_of(dataset.train, dataset.labels))
    assert first == third != second


def test_columns_can_be_named_and_texts_joined(load, folder):
    train = {"head": ["a", "b"], "rest": ["one", None], "gold": ["x", "y"]}
    dataset = load(folder(train=train), dev_fraction=0.0, text_columns=("head", "rest"), label_column="gold")
    assert dataset.train.texts.to_pylist() == ["a one", "b"]


def test_a_split_without_labels_is_left_out_with_a_warning(load, folder, caplog):
    name = folder(
        CARD, train=TRAIN, validation={"text": ["x"], "label": [0]}, test={"text": ["y", "z"], "label": [-1, -1]}
    )
    with caplog.at_level(logging.WARNING):
        assert load(name).test is None
    assert caplog.messages == [f"{name}: test has no labels and is left out"]


@pytest.mark.parametrize("missing", [-1, None])
def test_a_row_without_label_is_told(load, folder, missing):
    with pytest.raises(DataError, match=r"hf:.*/hub: train: row 3 has no label"):
        load(folder(CARD, train={"text": ["a", "b", "c", "d"], "label": [0, 1, missing, 1]}))


def test_a_label_that_train_never_had_is_told(load, folder):
    with pytest.raises(DataError, match=r"hf:.*: test: row 2: label 'c' never occurs in train; known are a, b"):
        load(folder(train={"text": ["x", "y"], "label": ["a", "b"]}, test={"text": ["x", "y"], "label": ["a", "c"]}))


def test_a_data_set_without_train_split_is_refused_with_those_it_has(load, folder):
    with pytest.raises(DataError, match=r"hf:.*: has no train split, only test"):
        load(folder(test=TRAIN))


def test_a_column_that_holds_no_texts_is_refused_with_its_type(load, folder):
    with pytest.raises(DataError, match=r"hf:.*: train: column 'text' holds list<"):
        load(folder(train={"text": [["a"], ["b"]], "label": ["x", "y"]}))


def test_columns_that_cannot_be_found_are_told_with_all_that_are_there(load, folder):
    with pytest.raises(DataError, match=r"hf:.*no label column among 'id', 'words'"):
        load(folder(train={"id": [1, 2], "words": ["a", "b"]}))


def test_an_empty_folder_is_told(load, tmp_path):
    with pytest.raises(ResourceError, match=rf"hf:{tmp_path}: cannot be loaded: .*doesn't contain any data files"):
        load(f"hf:{tmp_path}")


def test_a_damaged_file_is_told_in_one_line(load, folder):
    name = folder(train=TRAIN)
    path = f"{name.removeprefix('hf:')}/data/train-00000-of-00001.parquet"
    os.truncate(path, 50)
    with pytest.raises(ResourceError, match=rf"^{name}: cannot be loaded: ") as told:
        load(name)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("option", ["dev", "test"])
def test_files_of_ones_own_do_not_mix_with_the_splits_of_the_hub(load, option):
    with pytest.raises(UsageError, match=f"{option} = 'mine.csv': a hub data set has its own splits"):
        load("hf:org/name", **{option: "mine.csv"})
