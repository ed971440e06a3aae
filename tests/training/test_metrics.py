import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cct_text.training.metrics import (
    binned_calibration_error,
    calibration_error_by_chance,
    classification_metrics,
    classification_report,
    expected_calibration_error,
)
from cct_text.training.objective import split_metrics

# Four texts, three classes: right, right, wrong, wrong; class c is never predicted.
PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.2], [0.9, 0.05, 0.05], [0.3, 0.5, 0.2]])
LOGITS = np.log(PROBABILITIES).astype(np.float32)
LABELS = np.array([0, 1, 1, 2])


def test_the_figures_equal_those_computed_by_hand():
    metrics = classification_metrics(LOGITS, LABELS)
    assert metrics["accuracy"] == 0.5
    # a: precision 1/2, recall 1; b: precision 1/2, recall 1/2; c: never predicted.
    assert metrics["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert metrics["loss"] == pytest.approx(-(math.log(0.7) + math.log(0.6) + math.log(0.05) + math.log(0.2)) / 4)
    # Four bins with one row each: |1 - 0.7|, |1 - 0.6|, |0 - 0.9|, |0 - 0.5|.
    assert metrics["ece"] == pytest.approx((0.3 + 0.4 + 0.9 + 0.5) / 4)


def test_a_temperature_changes_loss_and_calibration_and_nothing_else():
    plain, halved = classification_metrics(LOGITS, LABELS), classification_metrics(LOGITS, LABELS, temperature=0.5)
    squares = PROBABILITIES**2 / (PROBABILITIES**2).sum(axis=1, keepdims=True)
    assert halved["loss"] == pytest.approx(-np.log(squares[np.arange(4), LABELS]).mean())
    best = squares.max(axis=1)  # each in a bin of its own, as above; the first two are right
    assert halved["ece"] == pytest.approx((1 - best[0] + 1 - best[1] + best[2] + best[3]) / 4)
    assert halved["ece_uncalibrated"] == plain["ece"]
    assert (halved["accuracy"], halved["macro_f1"]) == (plain["accuracy"], plain["macro_f1"])


def test_calibration_compares_the_means_of_a_bin_not_its_rows():
    probabilities = np.array([[0.75, 0.25]] * 4)
    assert expected_calibration_error(probabilities, np.array([0, 0, 0, 1])) == pytest.approx(0.0)
    assert expected_calibration_error(probabilities, np.array([0, 0, 1, 1])) == pytest.approx(0.25)


def test_a_bin_holds_its_upper_edge():
    # 0.8 = 12/15 and 0.79 share a bin, in which one right and one wrong row nearly cancel; 0.81 is in the next one.
    right, wrong = [0.8, 0.2], [0.2, 0.8]
    together = expected_calibration_error(np.array([right, [0.79, 0.21]]), np.array([0, 1]))
    apart = expected_calibration_error(np.array([wrong, [0.81, 0.19]]), np.array([1, 1]))
    assert together == pytest.approx(abs((1 - 0.8) + (0 - 0.79)) / 2)
    assert apart == pytest.approx(((1 - 0.8) + 0.81) / 2)


@pytest.mark.parametrize("rows", [200, 500, 5000])
def test_what_chance_makes_of_the_calibration_error_is_the_mean_over_labels_drawn_from_the_probabilities(rows):
    generator = np.random.default_rng(rows)
    probabilities = generator.beta(5, 2, rows)
    drawn = [binned_calibration_error(probabilities, generator.random(rows) < probabilities) for _ in range(400)]
    assert calibration_error_by_chance(probabilities) == pytest.approx(np.mean(drawn), rel=0.05)


def test_what_chance_makes_of_a_bin_is_the_mean_deviation_of_a_normal_distribution():
    # Four statements of 0.5 have a variance of 1, whose mean absolute deviation is the root of 2 / pi.
    assert calibration_error_by_chance(np.full(4, 0.5)) == pytest.approx(math.sqrt(2 / math.pi) / 4)


def test_certain_probabilities_leave_nothing_to_chance():
    assert calibration_error_by_chance(np.array([0.0, 1.0, 1.0])) == 0.0


def test_chance_is_told_of_the_probabilities_after_the_temperature():
    halved = classification_metrics(LOGITS, LABELS, temperature=0.5)
    squares = PROBABILITIES**2 / (PROBABILITIES**2).sum(axis=1, keepdims=True)
    assert halved["ece_by_chance"] == pytest.approx(calibration_error_by_chance(squares.max(axis=1)))


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e4])
def test_figures_stay_finite_however_sure_the_logits_are(scale):
    metrics = classification_metrics((LOGITS * scale).astype(np.float32), LABELS)
    assert all(math.isfinite(value) for value in metrics.values())


def test_the_report_names_the_classes_and_counts_true_classes_by_row():
    report = classification_report(LOGITS, LABELS, ["a", "b", "c"])
    assert report["confusion_matrix"] == [[1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert report["per_class"]["b"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert report["per_class"]["c"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}


def test_a_class_without_rows_is_listed_and_does_not_lower_macro_f1():
    wider = np.concatenate([LOGITS[:2], np.full((2, 1), -20.0, np.float32)], axis=1)
    assert classification_metrics(wider, LABELS[:2])["macro_f1"] == 1.0
    assert classification_report(wider, LABELS[:2], list("abcd"))["per_class"]["d"]["support"] == 0


def test_rows_seen_in_train_are_left_out_beside_the_full_figures():
    seen = np.array([False, False, True, False])
    metrics = split_metrics(LOGITS, LABELS, list("abc"), seen_in_train=seen)
    assert metrics["accuracy"] == 0.5
    assert metrics["without_rows_in_train"]["rows"] == 3
    assert metrics["without_rows_in_train"]["accuracy"] == pytest.approx(2 / 3)
    assert metrics["without_rows_in_train"] == {"rows": 3, **classification_metrics(LOGITS[~seen], LABELS[~seen])}


@pytest.mark.parametrize("seen", [[False] * 4, [True] * 4, None])
def test_nothing_is_left_out_where_no_row_or_every_row_was_seen(seen):
    mask = None if seen is None else np.array(seen)
    assert "without_rows_in_train" not in split_metrics(LOGITS, LABELS, list("abc"), seen_in_train=mask)


@pytest.mark.parametrize(
    ("logits", "labels"), [(LOGITS, LABELS[:3]), (LOGITS[:0], LABELS[:0]), (LOGITS[:, 0], LABELS), (LOGITS, LOGITS)]
)
def test_shapes_that_do_not_fit_are_refused(logits, labels):
    with pytest.raises(ValueError, match=r"expected \(N, C\)"):
        classification_metrics(logits, labels)


def test_a_report_with_too_few_names_is_refused():
    with pytest.raises(ValueError, match="2 class names for 3 classes"):
        classification_report(LOGITS, LABELS, ["a", "b"])


@given(st.integers(1, 60), st.integers(2, 7), st.integers(0, 2**32 - 1))
def test_figures_are_plain_numbers_in_their_ranges_and_agree_with_each_other(rows, classes, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=5, size=(rows, classes)).astype(np.float32)
    labels = rng.integers(0, classes, rows)
    metrics = split_metrics(logits, labels, [f"class {index}" for index in range(classes)])
    assert json.loads(json.dumps(metrics)) == metrics
    assert 0 <= metrics["macro_f1"] <= 1
    assert 0 <= metrics["ece"] <= 1
    assert metrics["loss"] >= 0
    matrix = np.array(metrics["confusion_matrix"])
    assert metrics["accuracy"] == pytest.approx(np.trace(matrix) / rows)
    assert [row["support"] for row in metrics["per_class"].values()] == matrix.sum(axis=1).tolist()
