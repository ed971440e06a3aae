"""What a run with several labels says of texts: from Python, as files, on the command line."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from cct_text.artifacts import METRICS
from cct_text.errors import UsageError
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.evaluation import evaluate, load_evaluation_data
from cct_text.inference.stream import predict_file
from cct_text.inference.task import MultiLabel, SingleLabel
from tests.support.tagged_questions import TAGS, tags_of


@pytest.fixture(scope="module")
def tagger(tagged_run):
    return TextClassifier.load(tagged_run, precision="fp32")


@pytest.fixture(scope="module")
def tested(tagged_files):
    with tagged_files["test"].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sets(tagger, tested):
    return tagger.predict_sets([row["text"] for row in tested])


def test_probabilities_are_each_label_for_itself_and_the_sets_those_that_reach_their_thresholds(tagger, tested, sets):
    texts = [row["text"] for row in tested]
    probabilities = tagger.predict_proba(texts)
    assert probabilities == pytest.approx(1 / (1 + np.exp(-tagger.predict_logits(texts).astype(np.float64))), abs=1e-6)
    for row, said in zip(probabilities, sets, strict=True):
        reached = [
            (-p, label) for p, label, least in zip(row, TAGS, tagger.model.thresholds, strict=True) if p >= least
        ]
        assert said == tuple(label for _, label in sorted(reached))
    assert {len(said) for said in sets} >= {0, 1, 2}
    assert tagger.predict(texts) == ["|".join(said) for said in sets]


def test_a_run_of_one_label_has_sets_of_one(classifier, texts):
    assert classifier.predict_sets(texts) == [(label,) for label in classifier.predict(texts)]


def test_a_saved_and_loaded_classifier_says_the_same(tagger, tested, sets, tmp_path):
    tagger.save(tmp_path / "copy")
    copy = TextClassifier.load(tmp_path / "copy", precision="fp32")
    assert copy.predict_sets([row["text"] for row in tested]) == sets


def test_both_tasks_agree_with_themselves():
    logits = np.array([[2.0, 1.0, -3.0], [-1.0, -2.0, -3.0]], np.float32)
    one, several = SingleLabel(), MultiLabel([0.5, 0.5, 0.01])
    assert one.sets(logits) == [[0], [0]]
    assert several.sets(logits) == [[0, 1, 2], [2]]
    for task, labels in ((one, np.array([0, 1])), (several, np.array([[1, 1, 1], [1, 0, 0]], bool))):
        assert [np.flatnonzero(row).tolist() for row in task.says(logits)] == [sorted(row) for row in task.sets(logits)]
        assert task.is_right(logits, labels).tolist() == [True, False]


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet", "txt"])
def test_files_hold_all_labels_with_their_probabilities(
    cct_text, tagged_run, tagged_files, tagger, tested, sets, tmp_path, ending
):
    out = tmp_path / f"out.{ending}"
    assert cct_text("predict", tagged_run, tagged_files["test"], "-o", out, "--precision", "fp32").code == 0
    if ending == "parquet":
        rows = pq.read_table(out).to_pylist()
    elif ending == "jsonl":
        rows = [json.loads(line) for line in out.read_text().splitlines()]
    else:
        lines = out.read_text().splitlines()
        header, delimiter = ("label", "probability"), "," if ending == "csv" else "\t"
        lines = lines if ending == "txt" else lines[1:]
        cells = [dict(zip(header, row, strict=True)) for row in csv.reader(lines, delimiter=delimiter)]
        rows = [{key: [part for part in cell.split("|") if part] for key, cell in row.items()} for row in cells]
    assert [tuple(row["label"]) for row in rows] == sets
    probabilities = tagger.predict_proba([row["text"] for row in tested])
    for row, of_text in zip(rows, probabilities, strict=True):
        wanted = [of_text[TAGS.index(label)] for label in row["label"]]
        assert list(map(float, row["probability"])) == pytest.approx(wanted, abs=1e-5)


def test_each_label_of_a_cell_is_guarded(tagger, tested, tmp_path):
    odd = TextClassifier(replace(tagger.model, labels=tuple(f"={tag}" for tag in TAGS)), precision="fp32")
    with (tmp_path / "new.txt").open("w") as file:
        file.writelines(f"{row['text']}\n" for row in tested)
    predict_file(odd, [tmp_path / "new.txt"], tmp_path / "out.csv", guard_formulas=True)
    with (tmp_path / "out.csv").open(newline="") as file:
        cells = [row["label"] for row in csv.DictReader(file)]
    assert cells == [
        "|".join(f"'={tag}" for tag in said) for said in tagger.predict_sets(row["text"] for row in tested)
    ]


def test_what_is_predicted_can_be_evaluated_on(cct_text, tagged_run, tagged_files, tested, tmp_path):
    out = tmp_path / "out.csv"
    cct_text("predict", tagged_run, tagged_files["test"], "-o", out, "--no-probabilities", "--precision", "fp32")
    with out.open(newline="") as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    rows = [(row["text"], label) for row, label in zip(tested, labels, strict=True)]
    with (tmp_path / "own.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    told = cct_text("evaluate", tagged_run, tmp_path / "own.csv", "--json", "--label-column", "label")
    figures = json.loads(told.out)
    assert (figures["accuracy"], figures["micro_f1"]) == (1.0, 1.0)


def test_top_k_are_the_most_probable_labels_whatever_their_thresholds(cct_text, tagged_run, tagged_files, tmp_path):
    out = tmp_path / "out.csv"
    cct_text("predict", tagged_run, tagged_files["test"], "-o", out, "--top-k", "3")
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [f"{name}_{rank}" for rank in (1, 2, 3) for name in ("label", "probability")]
    assert all(row["probability_1"] >= row["probability_2"] >= row["probability_3"] for row in rows)


def test_the_figures_of_the_run_are_found_again(tagged_run, tagger):
    metrics = json.loads((tagged_run / METRICS).read_text())["test"]
    found = evaluate(tagger, load_evaluation_data(tagger))
    for name in ("accuracy", "micro_f1", "macro_f1"):
        assert math.isclose(found[name], metrics[name], abs_tol=1e-9), name
    assert found["loss"] == pytest.approx(metrics["loss"], abs=1e-4)


def test_a_file_without_any_label_is_told(tagger, tmp_path, caplog):
    (tmp_path / "new.txt").write_text("Who wrote the Iliad ?\n")
    assert not load_evaluation_data(tagger, str(tmp_path / "new.txt")).labels.any()
    assert caplog.messages == [
        f"{tmp_path / 'new.txt'}: no row has a label; the figures say how often the run gives none"
    ]


def test_a_registered_data_set_is_no_use_to_evaluate_on(tagger):
    with pytest.raises(UsageError, match="a row of questions has one label"):
        load_evaluation_data(tagger, "questions")


def test_evaluate_shows_thresholds(cct_text, tagged_run):
    told = cct_text("evaluate", tagged_run)
    assert told.code == 0
    assert "micro F1" in told.out
    assert "threshold" in told.out
    assert "true \\ predicted" not in told.out


def test_inspect_marks_what_is_given(cct_text, tagged_run, tagger):
    text = "What is the capital of Norway ?"
    (said,) = tagger.predict_sets([text])
    assert set(tags_of(text, "LOC")) == {"what", "LOC"}
    shown = cct_text("inspect", tagged_run, text).out
    assert [line.split()[-1] for line in shown.splitlines() if "* " in line] == list(said)
    assert f"given: {', '.join(said)}" in shown
    assert json.loads(cct_text("inspect", tagged_run, text, "--json").out)["labels"] == list(said)


def test_datasets_counts_rows_without_labels(cct_text, tagged_files):
    facts = json.loads(cct_text("datasets", tagged_files["test"], "--multi-label", "--json").out)
    train = facts["splits"]["train"]
    assert sum(train["classes"].values()) > train["rows"] - train["without_labels"]
    assert "no label" in cct_text("datasets", tagged_files["test"], "--multi-label").out
