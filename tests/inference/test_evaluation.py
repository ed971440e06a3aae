import csv
import os
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from cct_text.config import DataConfig
from cct_text.datasets import Split, load_dataset
from cct_text.errors import DataError, UsageError
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.evaluation import evaluate, load_evaluation_data, read_labelled_file
from cct_text.training.objective import split_metrics

QUESTION_LABELS = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")


def write_csv(path, rows, header=("text", "label")):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


@pytest.fixture(scope="module")
def six_labels(new_model):
    return TextClassifier(new_model(QUESTION_LABELS, dataset="questions"))


@pytest.fixture
def rows(questions):
    """Text and label of the 120 test questions."""
    test = questions.test
    return [(text, questions.labels[at]) for text, at in zip(test.texts.to_pylist(), test.labels, strict=True)]


def test_the_figures_are_those_of_the_logits(six_labels, questions):
    figures = evaluate(six_labels, load_evaluation_data(six_labels))
    logits = six_labels.predict_logits(questions.test.texts)
    assert figures == {"rows": 120, **split_metrics(logits, questions.test.labels, QUESTION_LABELS)}


def test_the_runs_own_data_set_is_meant_where_none_is_named(six_labels):
    own, named = load_evaluation_data(six_labels), load_evaluation_data(six_labels, "questions")
    assert own.sha256 == named.sha256


def test_the_options_of_the_runs_own_data_set_hold(new_model, tmp_path, rows):
    train = write_csv(tmp_path / "train.csv", rows[:60], ("kind of text", "kind"))
    test = write_csv(tmp_path / "test.csv", rows[60:], ("kind of text", "kind"))
    options = {"dataset": train, "test": test, "text_columns": "kind of text", "label_column": "kind"}
    classifier = TextClassifier(new_model(QUESTION_LABELS, **options))
    assert evaluate(classifier, load_evaluation_data(classifier))["rows"] == 60
    # The same columns are read from another file, and from the train file if it is asked for by name.
    assert len(load_evaluation_data(classifier, test)) == len(load_evaluation_data(classifier, train)) == 60


def test_a_labelled_file_gives_the_figures_of_its_rows(six_labels, tmp_path, rows):
    data = load_evaluation_data(six_labels, write_csv(tmp_path / "test.csv", rows))
    assert evaluate(six_labels, data) == evaluate(six_labels, load_evaluation_data(six_labels))


def test_a_file_of_fasttext_gives_the_figures_of_its_rows(six_labels, tmp_path, rows):
    (tmp_path / "questions.valid").write_text("".join(f"__label__{label} {text}\n" for text, label in rows))
    expected = evaluate(six_labels, load_evaluation_data(six_labels))
    assert evaluate(six_labels, load_evaluation_data(six_labels, str(tmp_path / "questions.valid"))) == expected
    with pytest.raises(UsageError, match="format = 'fasttext': is that of a file; name one to evaluate on"):
        load_evaluation_data(six_labels, format="fasttext")


def test_classes_are_matched_by_name_not_by_place(new_model, rows, tmp_path, questions):
    forwards = TextClassifier(new_model(QUESTION_LABELS))
    # The same network, its output turned round, is the same classifier.
    turned = {
        name: weight[::-1] if name.startswith("head.") else weight for name, weight in forwards.model.weights.items()
    }
    with_other_order = TextClassifier(replace(forwards.model, labels=QUESTION_LABELS[::-1], weights=turned))
    expected = evaluate(forwards, questions)
    for data in (questions, read_labelled_file(write_csv(tmp_path / "t.csv", rows), QUESTION_LABELS[::-1])):
        figures = evaluate(with_other_order, data)
        assert figures["accuracy"] == expected["accuracy"]
        assert figures["per_class"] == expected["per_class"]


def test_a_file_may_lack_classes_that_the_run_knows(six_labels, tmp_path):
    figures = evaluate(six_labels, load_evaluation_data(six_labels, write_csv(tmp_path / "t.csv", [("who", "HUM")])))
    assert figures["rows"] == 1
    assert figures["per_class"]["LOC"]["support"] == 0


@pytest.fixture
def with_repeats(tmp_path, rows):
    """A data set of which 10 test texts stand in train, and its test rows: TREC, or one made here of the embedded set."""
    if "CCT_TEXT_DATA" in os.environ:
        return load_dataset("trec"), 500
    train = write_csv(tmp_path / "train.csv", rows[:70])
    test = write_csv(tmp_path / "test.csv", rows[60:])
    return load_dataset(DataConfig(dataset=train, test=test)), 60


def test_rows_that_stand_in_train_are_also_left_out(new_model, with_repeats):
    dataset, count = with_repeats
    classifier = TextClassifier(new_model(QUESTION_LABELS, dataset=dataset.name))
    figures = evaluate(classifier, dataset)
    assert figures["rows"] == count
    apart = figures["without_rows_in_train"]
    assert apart["rows"] == count - 10
    unseen = ~dataset.test_seen_in_train
    kept = Split(dataset.test.texts.filter(pa.array(unseen)), dataset.test.labels[unseen])
    assert apart["accuracy"] == evaluate(classifier, kept)["accuracy"]


def test_rows_that_stand_in_another_train_split_are_not_left_out(six_labels, with_repeats):
    assert "without_rows_in_train" not in evaluate(six_labels, with_repeats[0])


def test_evaluating_on_the_rows_of_training_is_told(new_model, tmp_path, rows, caplog):
    path = write_csv(tmp_path / "train.csv", rows)
    classifier = TextClassifier(new_model(QUESTION_LABELS, dataset=path))
    load_evaluation_data(classifier, path)
    assert "the run was trained on these rows" in caplog.text


def test_a_label_that_the_run_never_had_is_told_with_its_line_and_the_known_ones(six_labels, tmp_path):
    path = write_csv(tmp_path / "test.csv", [("who", "HUM"), ("two\nlines", "LOC"), ("what", "HUMAN")])
    with pytest.raises(
        DataError, match=r"test\.csv:5: label 'HUMAN', which the run never had; it has ABBR, DESC, ENTY"
    ):
        load_evaluation_data(six_labels, path)


def test_a_data_set_with_other_labels_is_told(classifier, questions):
    with pytest.raises(DataError, match="questions: test: label 'ABBR', which the run never had; it has HUM, LOC, NUM"):
        evaluate(classifier, questions)


def test_many_known_labels_are_told_in_part(new_model, questions):
    many = TextClassifier(new_model(tuple(f"class {number}" for number in range(150))))
    with pytest.raises(DataError, match=r"class 19, \.\.\. \(150 in all\)$"):
        evaluate(many, questions)


def test_a_data_set_without_a_test_split_says_what_to_name_instead(new_model, tmp_path, rows):
    train = write_csv(tmp_path / "train.csv", rows)
    classifier = TextClassifier(new_model(QUESTION_LABELS, dataset=train))
    with pytest.raises(UsageError, match="has no test split; name a labelled file"):
        evaluate(classifier, load_evaluation_data(classifier))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", "", "empty.csv: empty file"),
        ("rows.csv", "text,label\n", "rows.csv: no rows"),
        ("columns.csv", "id,sentence\n1,who\n", "no label column among 'id', 'sentence'"),
        ("plain.txt", "who wrote Hamlet\n", "plain.txt:1: no label"),
    ],
)
def test_a_file_that_cannot_be_evaluated_on_is_named(six_labels, tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        load_evaluation_data(six_labels, str(tmp_path / name))


def test_a_missing_file_and_an_unknown_data_set_are_told_apart(six_labels):
    with pytest.raises(DataError, match="nowhere.csv: cannot read"):
        load_evaluation_data(six_labels, "nowhere.csv")
    with pytest.raises(UsageError, match="unknown data set 'trek'; did you mean trec"):
        load_evaluation_data(six_labels, "trek")


def test_no_rows_are_refused(classifier):
    with pytest.raises(DataError, match="no rows"):
        evaluate(classifier, Split(pa.chunked_array([], pa.string()), np.zeros(0, np.int64)))
