"""Thresholds are the best there are on dev, lie between rows, and are not left to luck where a label is rare."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cct_text.training.thresholds import FEWEST_ROWS, USUAL, best_threshold, fit_thresholds


@given(st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_no_other_threshold_has_a_better_f1(rows, seed):
    rng = np.random.default_rng(seed)
    probabilities, has = rng.integers(0, 12, rows) / 11, rng.random(rows) < 0.4
    has[0] = True

    def f1(threshold):
        said = probabilities >= threshold
        return 2 * (said & has).sum() / (said.sum() + has.sum())

    found = best_threshold(probabilities, has)
    assert 0 < found < 1
    assert f1(found) == pytest.approx(max(map(f1, np.linspace(0.001, 1.05, 300))))


def test_it_lies_midway_between_the_rows_on_its_two_sides():
    probabilities = np.array([0.9, 0.7, 0.3, 0.2])
    assert best_threshold(probabilities, np.array([1, 1, 0, 0], bool)) == pytest.approx(0.5)
    assert best_threshold(probabilities, np.array([1, 0, 0, 0], bool)) == pytest.approx(0.8)
    assert best_threshold(probabilities, np.ones(4, bool)) == pytest.approx(0.1)


def test_labels_of_few_rows_share_the_threshold_of_the_best_micro_f1():
    rng = np.random.default_rng(0)
    labels = rng.random((200, 4)) < [0.5, 0.3, 0.02, 0.0]
    probabilities = np.clip(labels * 0.3 + rng.random((200, 4)) * 0.6, 0.01, 0.99)
    found = fit_thresholds(probabilities, labels)
    assert (labels.sum(axis=0) >= FEWEST_ROWS).tolist() == [True, True, False, False]
    assert found[:2] == tuple(best_threshold(probabilities[:, label], labels[:, label]) for label in (0, 1))
    assert found[2] == found[3] == best_threshold(probabilities.ravel(), labels.ravel())


@pytest.mark.parametrize("rows", [0, 5])
def test_without_dev_or_without_labels_they_are_one_half(rows):
    assert fit_thresholds(np.full((rows, 3), 0.2), np.zeros((rows, 3), bool)) == (USUAL,) * 3
    assert USUAL == 0.5
