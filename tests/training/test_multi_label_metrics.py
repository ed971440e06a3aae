"""Figures of several labels, by hand and as scikit-learn has them; the loss that is trained is the one that is told."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.metrics import f1_score, log_loss

from cct_text.training.calibration import COLDEST, HOTTEST, fit_decision_temperature
from cct_text.training.metrics import calibration_error_by_chance
from cct_text.training.multi_label_metrics import multi_label_metrics, multi_label_report
from cct_text.training.objective import (
    MOST_WEIGHT,
    MultiLabelObjective,
    objective_of,
    positive_weights,
    split_metrics,
    starting_logits,
)

# Three texts, three labels: all right; one too many and one missed; none, rightly.
PROBABILITIES = np.array([[0.9, 0.2, 0.1], [0.6, 0.3, 0.1], [0.4, 0.1, 0.3]])
LOGITS = logit(PROBABILITIES)
LABELS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0]], bool)


def test_the_figures_equal_those_computed_by_hand():
    metrics = multi_label_metrics(LOGITS, LABELS)
    assert metrics["accuracy"] == pytest.approx(2 / 3)
    assert metrics["micro_f1"] == pytest.approx(2 * 1 / (2 + 2))
    assert metrics["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)  # the third label never occurs
    assert metrics["loss"] == pytest.approx(-np.log(np.where(LABELS, PROBABILITIES, 1 - PROBABILITIES)).mean())


def test_thresholds_decide_and_the_temperature_comes_before_them():
    lower = multi_label_metrics(LOGITS, LABELS, thresholds=[0.7, 0.25, 0.5])
    assert lower["accuracy"] == lower["micro_f1"] == lower["macro_f1"] == 1.0
    hotter = multi_label_metrics(LOGITS * 2, LABELS, temperature=2.0, thresholds=[0.7, 0.25, 0.5])
    assert hotter == pytest.approx({**lower, "ece_uncalibrated": hotter["ece_uncalibrated"]})


def test_the_calibration_error_is_that_of_all_decisions():
    logits = np.full((10, 2), logit(0.3))
    labels = np.zeros((10, 2), bool)
    labels[:3] = True
    assert multi_label_metrics(logits, labels)["ece"] == pytest.approx(0.0)
    always = multi_label_metrics(logits, np.ones((10, 2), bool))
    assert always["ece"] == pytest.approx(0.7)
    assert always["ece_by_chance"] == pytest.approx(calibration_error_by_chance(np.full(20, 0.3)))


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_figures_are_plain_numbers_and_those_of_scikit_learn(rows, classes, seed):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(scale=3, size=(rows, classes)), rng.random((rows, classes)) < 0.3
    thresholds = rng.uniform(0.1, 0.9, classes).tolist()
    names = [f"label {number}" for number in range(classes)]
    metrics = split_metrics(logits, labels, names, thresholds=thresholds)
    assert json.loads(json.dumps(metrics)) == metrics
    said = expit(logits) >= thresholds
    assert metrics["micro_f1"] == pytest.approx(f1_score(labels.ravel(), said.ravel(), zero_division=0.0))
    of_each = f1_score(labels, said, average=None, zero_division=0.0) if classes > 1 else None
    for number, one in enumerate(metrics["per_class"].values()):
        assert one["threshold"] == thresholds[number]
        assert one["support"] == labels[:, number].sum()
        assert of_each is None or one["f1"] == pytest.approx(of_each[number])
    assert metrics["loss"] == pytest.approx(log_loss(labels.ravel(), expit(logits).ravel(), labels=[False, True]))
    assert metrics["confusion_matrix"] is None


def test_shapes_that_do_not_fit_are_refused():
    for logits, labels in ((LOGITS, LABELS[:2]), (LOGITS[:0], LABELS[:0]), (LOGITS, LABELS[:, 0])):
        with pytest.raises(ValueError, match=r"expected \(N, C\) both"):
            multi_label_metrics(logits, labels)
    with pytest.raises(ValueError, match="2 names for 3 labels"):
        multi_label_report(LOGITS, LABELS, ["a", "b"], thresholds=[0.5] * 3)


def test_the_loss_of_training_is_the_one_of_the_figures():
    losses = objective_of(LABELS).losses(torch.tensor(LOGITS), torch.tensor(LABELS), 0.0)
    assert losses.shape == (3,)
    assert losses.mean().item() == pytest.approx(multi_label_metrics(LOGITS, LABELS)["loss"])


def test_smoothing_moves_both_targets_by_half_of_it():
    logits, labels = torch.tensor([[logit(0.95), logit(0.05)]]), torch.tensor([[True, False]])
    logits.requires_grad_()
    MultiLabelObjective().losses(logits, labels, 0.1).sum().backward()
    assert logits.grad.abs().max().item() == pytest.approx(0.0, abs=1e-12)


def test_balanced_weights_are_how_often_a_label_is_absent_for_each_time_it_is_there_within_bounds():
    labels = np.zeros((100, 3), bool)
    labels[:20, 0] = labels[:1, 1] = labels[:, 2] = True
    assert positive_weights(labels).tolist() == pytest.approx([4.0, MOST_WEIGHT, 1 / MOST_WEIGHT])
    objective = objective_of(labels, balanced=True)
    losses = objective.losses(torch.zeros(2, 3), torch.tensor([[True, False, False], [False, False, False]]), 0.0)
    assert losses.tolist() == pytest.approx([np.log(2) * (4 + 1 + 1) / 3, np.log(2)])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_by_which_labels_were_drawn_is_found(temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=3, size=(4000, 4))
    labels = rng.random((4000, 4)) < expit(logits / temperature)
    assert fit_decision_temperature(logits, labels) == pytest.approx(temperature, rel=0.05)


def test_few_rows_that_are_all_right_move_the_temperature_little():
    logits = np.array([[2.0, -2.0], [-2.0, 2.0]])
    assert 0.5 < fit_decision_temperature(logits, logits > 0) < 1.0
    assert COLDEST < fit_decision_temperature(logits, logits < 0) < HOTTEST
    assert fit_decision_temperature(logits[:0], logits[:0] > 0) == 1.0


@pytest.mark.parametrize("balanced", [False, True])
def test_no_other_constant_has_a_lower_loss_than_what_the_head_starts_with(balanced):
    labels = np.zeros((1000, 3), bool)
    labels[:500, 0] = labels[:80, 1] = labels[:70, 2] = True
    objective = objective_of(labels, balanced=balanced)
    start = torch.from_numpy(starting_logits(labels, balanced=balanced)).requires_grad_()
    objective.losses(start.expand(1000, 3), torch.from_numpy(labels), 0.0).mean().backward()
    assert start.grad.abs().max().item() < 2e-3  # at even odds up to 0.14
