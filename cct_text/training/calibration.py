"""Probabilities that mean what they say: the temperature that a model's logits are divided by, fitted on dev.

Source: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, section 4.2,
https://arxiv.org/abs/1706.04599.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from cct_text.training.metrics import log_softmax, require_rows_with_labels

COLDEST = 0.05
"""Lowest temperature: logits that need to be multiplied by more than 20 hardly differ."""
HOTTEST = 20.0
"""Highest temperature: logits that need a higher one say nothing of the labels."""
PRIOR_ROWS = 10
"""Rows of the model's own opinion. On simulated dev splits of 10 and 30 rows, 10 were better than 0 to 5; on 400 rows
there was no difference."""


@dataclass(frozen=True)
class Calibration:
    """What the dev split says of how sure a model may be.

    Attributes:
        logits: (N, C) of the dev split, as the model gives them.
        temperature: fitted to them.
        thresholds: of the probabilities, fitted to them as well; None where a text has one label.
    """

    logits: np.ndarray
    temperature: float
    thresholds: tuple[float, ...] | None = None

    @classmethod
    def of(cls, logits: np.ndarray, labels: np.ndarray) -> Self:
        """By `fit_temperature`."""
        return cls(logits, fit_temperature(logits, labels))


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature T with which `logits / T` give the labels the lowest cross-entropy.

    Below 1 it makes a model surer than it was, above 1 less sure. The order of the classes stays as it is.

    To the N rows are added `PRIOR_ROWS` whose labels are spread as the model itself expects at T = 1. They hold T near 1
    where there are few rows, as smoothed targets do in Platt's scaling: a few rows that are all right would otherwise
    take T to 0. The loss is convex in 1 / T, so it has one minimum; the N rows' own loss is never above that at T = 1.

    Args:
        logits: (N, C), finite. N may be 0.
        labels: (N,).

    Returns:
        From `COLDEST` to `HOTTEST`; 1 where there are no rows, or T makes no difference.

    Raises:
        ValueError: if the shapes do not fit together.
    """
    if not len(labels):
        return 1.0
    require_rows_with_labels(logits, labels)
    logits = logits.astype(np.float64)
    targets = np.exp(log_softmax(logits)) * (PRIOR_ROWS / len(labels))  # (N, C)
    targets[np.arange(len(labels)), labels] += 1.0

    def loss(log_temperature: float) -> float:
        return float(-(targets * log_softmax(logits / math.exp(log_temperature))).sum() / len(labels))

    return _best(loss)


def fit_decision_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """As `fit_temperature`, where a text may have several labels: by the binary cross-entropy of all decisions.

    Args:
        logits: (N, C), finite. N may be 0.
        labels: (N, C) bool.
    """
    from scipy.special import expit, log_expit

    if not len(labels):
        return 1.0
    logits = logits.astype(np.float64)
    own_opinion = PRIOR_ROWS / len(labels)
    present = labels + expit(logits) * own_opinion  # (N, C)
    absent = ~labels + expit(-logits) * own_opinion

    def loss(log_temperature: float) -> float:
        scaled = logits / math.exp(log_temperature)
        return float(-(present * log_expit(scaled) + absent * log_expit(-scaled)).sum() / len(labels))

    return _best(loss)


def _best(loss: Callable[[float], float]) -> float:
    """The temperature of the lowest loss, which is a function of its logarithm; 1 where T makes no difference."""
    from scipy.optimize import minimize_scalar

    found = float(minimize_scalar(loss, bounds=(math.log(COLDEST), math.log(HOTTEST)), method="bounded").x)
    return math.exp(found) if loss(found) < loss(0.0) else 1.0
