"""The temperature: on simulated logits whose true one is known, and in runs on the embedded questions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cct_text.training import calibration
from cct_text.training.calibration import COLDEST, HOTTEST, Calibration, fit_temperature
from cct_text.training.metrics import classification_metrics, log_softmax


def simulated(rows, temperature, *, classes=6, seed=0):
    """Logits of a model that is right once they are divided by `temperature`, and labels drawn so."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=4.0, size=(rows, classes))
    shares = np.exp(log_softmax(logits)).cumsum(axis=1)
    labels = (rng.random((rows, 1)) < shares).argmax(axis=1)
    return (logits * temperature).astype(np.float32), labels


def loss(logits, labels, temperature=1.0):
    return classification_metrics(logits.astype(np.float64) / temperature, labels)["loss"]


@pytest.mark.parametrize("classes", [2, 6, 50])
@pytest.mark.parametrize("temperature", [0.3, 0.77, 1.0, 1.6, 5.0], ids=lambda value: f"T={value}")
def test_the_true_temperature_of_underconfident_and_overconfident_logits_is_found(temperature, classes):
    assert fit_temperature(*simulated(5000, temperature, classes=classes)) == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize("temperature", [0.6, 2.0])
def test_what_is_fitted_on_some_rows_calibrates_others(temperature):
    fitted = fit_temperature(*simulated(500, temperature))
    logits, labels = simulated(20_000, temperature, seed=1)
    before, after = (classification_metrics(logits / divisor, labels)["ece"] for divisor in (1.0, fitted))
    assert before > 0.05
    assert after < 0.02


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.5])
def test_ten_rows_do_little_harm_and_would_ruin_the_probabilities_without_the_models_own_opinion(
    temperature, monkeypatch
):
    logits, labels = simulated(4000, temperature, seed=1000)
    best = loss(logits, labels, temperature)

    def harm():
        fitted = [fit_temperature(*simulated(10, temperature, seed=seed)) for seed in range(60)]
        return np.mean([loss(logits, labels, found) for found in fitted]) - best

    assert harm() < 0.06
    monkeypatch.setattr(calibration, "PRIOR_ROWS", 0)
    assert harm() > 0.3


def test_rows_that_are_all_right_make_surer_by_as_much_as_their_number_shows():
    logits, labels = np.tile(np.float32([4.0, 0.0]), (10_000, 1)), np.zeros(10_000, np.int64)
    few, more, many = (fit_temperature(logits[:rows], labels[:rows]) for rows in (10, 100, 10_000))
    assert COLDEST < many < more < few < 1
    assert few > 0.8
    assert many > 0.3


def test_rows_whose_labels_the_logits_do_not_know_end_at_the_edge_of_the_range():
    logits, _ = simulated(5000, 50.0)
    labels = np.random.default_rng(3).integers(0, 6, 5000)
    assert HOTTEST * 0.9 < fit_temperature(logits, labels) <= HOTTEST


def test_logits_that_hardly_differ_end_at_the_other_edge():
    logits, labels = simulated(5000, 1e-4)
    assert COLDEST <= fit_temperature(logits, labels) < COLDEST * 1.1


def test_without_rows_and_without_differences_the_temperature_is_1():
    assert fit_temperature(np.zeros((0, 3), np.float32), np.zeros(0, np.int64)) == 1.0
    assert fit_temperature(np.full((7, 3), 2.5, np.float32), np.arange(7) % 3) == 1.0


def test_one_row_is_enough_and_says_little():
    for label in (0, 1):
        assert 0.6 < fit_temperature(np.float32([[2.0, 0.0]]), np.array([label])) < 1.6


@pytest.mark.parametrize(("logits", "labels"), [(np.zeros((3, 2)), [0, 1]), (np.zeros(3), [0, 1, 0])])
def test_shapes_that_do_not_fit_are_refused(logits, labels):
    with pytest.raises(ValueError, match=r"expected \(N, C\)"):
        fit_temperature(logits, np.array(labels))


@given(st.integers(1, 40), st.integers(2, 7), st.floats(-3, 3), st.integers(0, 2**32 - 1))
def test_the_order_stays_the_loss_does_not_rise_and_the_range_holds(rows, classes, exponent, seed):
    rng = np.random.default_rng(seed)
    logits = (rng.normal(size=(rows, classes)) * 10**exponent).astype(np.float32)
    labels = rng.integers(0, classes, rows)
    temperature = fit_temperature(logits, labels)
    assert COLDEST <= temperature <= HOTTEST
    divided = logits.astype(np.float64) / temperature
    assert np.array_equal(np.argsort(divided, kind="stable"), np.argsort(logits, kind="stable"))
    assert loss(logits, labels, temperature) <= loss(logits, labels) + 1e-9


def test_a_calibration_holds_the_logits_as_they_were_and_their_temperature():
    logits, labels = simulated(100, 2.0)
    found = Calibration.of(logits, labels)
    assert found.logits is logits
    assert found.temperature == fit_temperature(logits, labels)
