"""Rows with several labels, or none: every format, what is refused, and how splits are cut."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cct_text.config import DataConfig
from cct_text.datasets import load_dataset
from cct_text.datasets.dataset import cut_rows, some_rows, strata
from cct_text.errors import DataError, UsageError
from tests.support.tagged_questions import tagged, write_csv, write_fasttext, write_jsonl, write_parquet

ROWS = [("one", ("b", "a")), ("two", ()), ("three", ("a",)), ("four", ("a", "c")), ("five", ())]
HAS = [[1, 1, 0], [0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 0]]


def load(path, **options):
    return load_dataset(DataConfig(dataset=str(path), **{"multi_label": True, "dev_fraction": 0, **options}))


@pytest.mark.parametrize(
    ("ending", "write"),
    [(".csv", write_csv), (".jsonl", write_jsonl), (".parquet", write_parquet), (".txt", write_fasttext)],
)
def test_every_format_says_the_same(tmp_path, ending, write):
    dataset = load(write(tmp_path / f"rows{ending}", ROWS))
    assert dataset.labels == ("a", "b", "c")
    assert dataset.multi_label
    assert dataset.train.texts.to_pylist() == [text for text, _ in ROWS]
    assert dataset.train.labels.tolist() == HAS


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (["a|b", " b |a ", "a||b|", "a|b|a"], {}),
        (["a;b", "b ; a", ";a;b", "a;b"], {"label_separator": ";"}),
        (["a b", " b  a", "a b ", "a b"], {"label_separator": " "}),
    ],
)
def test_blanks_empty_parts_and_repeats_make_no_difference(tmp_path, cells, options):
    rows = [*((f"text {number}", [cell]) for number, cell in enumerate(cells)), ("none", [""])]
    dataset = load(write_csv(tmp_path / "rows.csv", rows), **options)
    assert dataset.labels == ("a", "b")
    assert dataset.train.labels.tolist() == [[True, True]] * 4 + [[False, False]]


def test_a_string_a_list_and_null_may_stand_in_one_jsonl_file(tmp_path):
    values = ["a|b", ["a", " b "], None, [], [None, "a"], ""]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": "x", "label": value}) + "\n" for value in values))
    assert load(path).train.labels.tolist() == [[1, 1], [1, 1], [0, 0], [0, 0], [1, 0], [0, 0]]


@pytest.mark.parametrize("write", [write_jsonl, write_parquet])
def test_lists_are_refused_where_a_row_has_one_label_and_the_way_out_is_named(tmp_path, write):
    ending = ".jsonl" if write is write_jsonl else ".parquet"
    path = write(tmp_path / f"rows{ending}", ROWS)
    with pytest.raises(DataError, match=rf"rows\{ending}:1: a list of labels, \['b', 'a'\]; .* give --multi-label"):
        load(path, multi_label=False)


def test_a_label_that_train_lacks_is_told_with_its_line(tmp_path):
    train = write_csv(tmp_path / "train.csv", ROWS)
    test = write_csv(tmp_path / "test.csv", [("six", ("a",)), ("seven", ("a", "z"))])
    with pytest.raises(DataError, match=r"test\.csv:3: label 'z' never occurs in train"):
        load(train, test=str(test))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("one", ()), ("two", ())], "no row of train has a label"),
        ([("one", ("a", "b")), ("two", ("b", "a"))], "all rows of train have the same labels"),
        ([], "no rows"),
    ],
)
def test_what_teaches_nothing_is_refused(tmp_path, rows, told):
    with pytest.raises(DataError, match=told):
        load(write_csv(tmp_path / "rows.csv", rows))


def test_one_label_that_some_rows_have_is_enough(tmp_path):
    dataset = load(write_csv(tmp_path / "rows.csv", [("one", ("a",)), ("two", ())]))
    assert dataset.train.labels.tolist() == [[True], [False]]


def test_a_label_of_a_list_that_holds_the_separator_is_refused_for_it_could_not_be_written(tmp_path):
    path = write_jsonl(tmp_path / "rows.jsonl", [("one", ["a|b", "c"]), ("two", [])])
    with pytest.raises(DataError, match=r"label 'a\|b' holds '\|'.*label_separator"):
        load(path)
    assert load(path, label_separator=";").labels == ("a|b", "c")


def test_labels_that_are_joined_by_something_else_are_told_of(tmp_path, caplog):
    rows = [(f"text {number}", cell) for number, cell in enumerate((["a;b"], ["b"], []))]
    path = write_csv(tmp_path / "rows.csv", rows)
    load(path)
    assert "no row has several labels; where they are joined by something else than '|'" in caplog.text
    caplog.clear()
    load(path, label_separator=";")
    assert caplog.text == ""


def test_an_empty_separator_is_refused(tmp_path):
    with pytest.raises(UsageError, match="label_separator = '': expected a character"):
        load(write_csv(tmp_path / "rows.csv", ROWS), label_separator="")


def test_registered_data_sets_have_one_label_a_row():
    with pytest.raises(UsageError, match="multi_label = True: a row of questions has one label"):
        load("questions")


def test_splits_are_cut_by_the_rarest_label_of_a_row_and_rows_without_labels_are_a_class(tmp_path):
    questions = load_dataset("questions")
    path = write_csv(tmp_path / "rows.csv", tagged(questions.train, questions.labels))
    dataset = load(path, dev_fraction=0.2)
    labels = load(path).train.labels
    classes = strata(labels)
    assert (classes == labels.shape[1]).sum() == (~labels.any(axis=1)).sum()
    assert all(labels[row, label] for row, label in enumerate(classes) if label < labels.shape[1])
    shares = [dataset.dev.labels[:, label].mean() for label in range(labels.shape[1])]
    assert shares == pytest.approx(labels.mean(axis=0), abs=0.03)
    assert (~dataset.dev.labels.any(axis=1)).mean() == pytest.approx((~labels.any(axis=1)).mean(), abs=0.02)
    kept, held_out = cut_rows(labels, 0.2, 0)
    assert sorted([*kept, *held_out]) == list(range(len(labels)))
    assert set(some_rows(labels, 40, 0)) <= set(some_rows(labels, 80, 0))
    assert (labels[some_rows(labels, 6, 0)].any(axis=1)).sum() == 5


def test_the_digest_is_another_where_one_row_has_another_label(tmp_path):
    one = load(write_csv(tmp_path / "one.csv", ROWS))
    other = load(write_csv(tmp_path / "other.csv", [*ROWS[:-1], ("five", ("c",))]))
    assert one.sha256 != other.sha256
    assert one.sha256 == load(write_jsonl(tmp_path / "one.jsonl", ROWS)).sha256


def test_a_data_set_of_the_hub_may_have_lists_of_labels(tmp_path, monkeypatch):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "huggingface"))
    numbers = datasets.List(datasets.ClassLabel(names=["a", "b", "c"]))
    features = datasets.Features({"text": datasets.Value("string"), "labels": numbers})
    columns = {"text": [text for text, _ in ROWS], "labels": [[i for i in range(3) if row[i]] for row in HAS]}
    for kind, made in (
        ("numbers", datasets.Dataset.from_dict(columns, features=features)),
        ("names", pa.table({"text": columns["text"], "labels": [list(tags) for _, tags in ROWS]})),
        ("cells", pa.table({"text": columns["text"], "labels": ["|".join(tags) for _, tags in ROWS]})),
    ):
        data = tmp_path / kind / "data"
        data.mkdir(parents=True)
        path = data / "train-00000-of-00001.parquet"
        made.to_parquet(path) if kind == "numbers" else pq.write_table(made, path)
        found = load(f"hf:{tmp_path / kind}")
        assert found.labels == ("a", "b", "c"), kind
        assert np.array_equal(found.train.labels, np.array(HAS, bool)), kind
    with pytest.raises(DataError, match="column 'labels' holds lists of labels; .*--multi-label"):
        load(f"hf:{tmp_path / 'names'}", multi_label=False)
