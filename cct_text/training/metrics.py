"""How good a classifier's logits are: plain figures, as they go into `metrics.json`.

Notation: N texts, at least one; C classes. Logits are (N, C) of any float type, labels (N,) of 0 to C - 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

ECE_BINS = 15
"""As in Guo et al. 2017, and in nearly every calibration figure printed since."""
LARGEST_MATRIX = 200
"""Classes of the largest confusion matrix; that of 3,000 would be 80 MB of `metrics.json`."""


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Logarithms of the classes' probabilities (N, C), float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    log_probabilities: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_probabilities


def classification_metrics(
    logits: np.ndarray, labels: np.ndarray, *, temperature: float | None = None
) -> dict[str, float]:
    """Accuracy, macro_f1, loss, ece and ece_by_chance; with a temperature, ece_uncalibrated as well.

    `macro_f1` is the mean F1 of the classes that occur among the labels or the predictions; a class that is never
    right has 0. `loss` is the mean cross-entropy in nats. For `ece` see `expected_calibration_error`, and for what
    chance alone makes of it `calibration_error_by_chance`.

    Args:
        logits: (N, C).
        labels: (N,).
        temperature: that the logits are divided by for loss, ece and ece_by_chance; `ece_uncalibrated` is the ece without.

    Raises:
        ValueError: if the shapes do not fit together or there are no rows.
    """
    from sklearn.metrics import f1_score

    require_rows_with_labels(logits, labels)
    log_probabilities = log_softmax(logits if temperature is None else logits.astype(np.float64) / temperature)
    probabilities = np.exp(log_probabilities)
    predictions = logits.argmax(axis=1)
    metrics = {
        "accuracy": float((predictions == labels).mean()),
        "macro_f1": float(f1_score(labels, predictions, average="macro", zero_division=0.0)),
        "loss": float(-log_probabilities[np.arange(len(labels)), labels].mean()),
        "ece": expected_calibration_error(probabilities, labels),
        "ece_by_chance": calibration_error_by_chance(probabilities.max(axis=1)),
    }
    if temperature is not None:
        metrics["ece_uncalibrated"] = expected_calibration_error(np.exp(log_softmax(logits)), labels)
    return metrics


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """How far confidence and accuracy are apart, in [0, 1]; 0 is perfectly calibrated.

    The usual estimate: the rows are put into `ECE_BINS` bins of equal width by the probability of their predicted class,
    a bin holding its upper edge; the absolute differences between a bin's accuracy and its mean probability are
    averaged, weighted by rows. Chance keeps it above 0, however right the probabilities are: see
    `calibration_error_by_chance`.

    Source: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, equation 3,
    https://arxiv.org/abs/1706.04599.

    Args:
        probabilities: (N, C), rows sum to 1.
        labels: (N,).
    """
    return binned_calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)


def binned_calibration_error(probabilities: np.ndarray, came_true: np.ndarray) -> float:
    """As `expected_calibration_error`, of N statements: how probable each is said to be, (N,), and whether it is true, (N,)."""
    # Sums rather than means: the rows of a bin cancel against its weight.
    gaps = np.bincount(_bins(probabilities), weights=came_true - probabilities)
    return float(np.abs(gaps).sum() / len(came_true))


def calibration_error_by_chance(probabilities: np.ndarray) -> float:
    """About what `binned_calibration_error` comes to on average where each statement is exactly as probable as is said.

    The more rows the less. Of a bin it is the mean absolute deviation of a sum of independent events, taken from the normal
    distribution of the same variance: a tenth off and more where a bin expects but a few exceptions.

    Args:
        probabilities: (N,).
    """
    variances = np.bincount(_bins(probabilities), weights=probabilities * (1 - probabilities))
    return float(np.sqrt(2 / np.pi * variances).sum() / len(probabilities))


def _bins(probabilities: np.ndarray) -> np.ndarray:
    """(N,) the bin of each."""
    bins: np.ndarray = np.clip(np.ceil(probabilities * ECE_BINS).astype(np.int64) - 1, 0, ECE_BINS - 1)
    return bins


def classification_report(logits: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Figures class by class.

    Args:
        logits: (N, C).
        labels: (N,).
        names: the C class names, in the order of the logits.

    Returns:
        `per_class`: by name precision, recall, f1 (each 0 where it would be 0 / 0) and support, the class's rows;
        `confusion_matrix`: C lists of C counts, a row for each true class, a column for each predicted one; None for
        more than `LARGEST_MATRIX` classes.

    Raises:
        ValueError: if the shapes do not fit together or there are no rows.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    require_rows_with_labels(logits, labels)
    if len(names) != logits.shape[1]:
        raise ValueError(f"{len(names)} class names for {logits.shape[1]} classes")
    predictions = logits.argmax(axis=1)
    classes = np.arange(len(names))
    figures = precision_recall_fscore_support(labels, predictions, labels=classes, zero_division=0.0)
    return {
        "per_class": {
            name: {"precision": float(precision), "recall": float(recall), "f1": float(f1), "support": int(support)}
            for name, precision, recall, f1, support in zip(names, *figures, strict=True)
        },
        "confusion_matrix": confusion_matrix(labels, predictions, labels=classes).tolist()
        if len(names) <= LARGEST_MATRIX
        else None,
    }


def require_rows_with_labels(logits: np.ndarray, labels: np.ndarray) -> None:
    """See that there is a label for each row of logits, and a row at all.

    Raises:
        ValueError: if not.
    """
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise ValueError(f"logits {logits.shape} and labels {labels.shape}: expected (N, C) and (N,) with N at least 1")
