"""How good logits are where a text may have several labels, or none: plain figures, as they go into `metrics.json`.

Notation: N texts, at least one; C labels, at least one. Logits are (N, C) of any float type, labels (N, C) bool. A decision
is one label of one text: there are N * C.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cct_text.training.metrics import binned_calibration_error, calibration_error_by_chance
from cct_text.training.thresholds import USUAL


def multi_label_metrics(
    logits: np.ndarray,
    labels: np.ndarray,
    *,
    temperature: float | None = None,
    thresholds: Sequence[float] | None = None,
) -> dict[str, float]:
    """Accuracy, micro_f1, macro_f1, loss, ece and ece_by_chance; with a temperature, ece_uncalibrated as well.

    `accuracy` is the share of the texts whose labels are all found and no others. `micro_f1` is the F1 of all decisions,
    `macro_f1` the mean F1 of the labels that occur among the texts' or the predicted ones. `loss` is the mean binary
    cross-entropy of the decisions in nats. `ece` is the expected calibration error of the decisions, by the probability of the
    label: as labels are mostly absent, it is small. `ece_by_chance` is what it would be by chance alone.

    Args:
        logits: (N, C).
        labels: (N, C).
        temperature: that the logits are divided by; `ece_uncalibrated` is the ece without.
        thresholds: (C,) of the probabilities; 0.5 when None.

    Raises:
        ValueError: if the shapes do not fit together or there are no rows.
    """
    from scipy.special import expit, log_expit

    require_rows_with_label_sets(logits, labels)
    scaled = logits.astype(np.float64) / (1.0 if temperature is None else temperature)
    probabilities = expit(scaled)
    said = probabilities >= (USUAL if thresholds is None else np.array(thresholds))
    counts = _Counts(said, labels)
    occurring = counts.said + counts.has > 0
    metrics = {
        "accuracy": float((said == labels).all(axis=1).mean()),
        "micro_f1": float(_share(2 * counts.right.sum(), counts.said.sum() + counts.has.sum())),
        "macro_f1": float(counts.f1[occurring].mean()) if occurring.any() else 0.0,
        "loss": float(-log_expit(np.where(labels, scaled, -scaled)).mean()),
        "ece": binned_calibration_error(probabilities.ravel(), labels.ravel()),
        "ece_by_chance": calibration_error_by_chance(probabilities.ravel()),
    }
    if temperature is not None:
        metrics["ece_uncalibrated"] = binned_calibration_error(expit(logits.astype(np.float64)).ravel(), labels.ravel())
    return metrics


def multi_label_report(
    logits: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    *,
    temperature: float | None = None,
    thresholds: Sequence[float],
) -> dict[str, Any]:
    """Figures label by label.

    Returns:
        `per_class`: by name precision, recall, f1 (each 0 where it would be 0 / 0), support, the rows that have the label, and
        its threshold; `confusion_matrix`: None, for no label is taken for another.

    Raises:
        ValueError: if the shapes do not fit together or there are no rows.
    """
    from scipy.special import expit

    require_rows_with_label_sets(logits, labels)
    if len(names) != logits.shape[1]:
        raise ValueError(f"{len(names)} names for {logits.shape[1]} labels")
    probabilities = expit(logits.astype(np.float64) / (1.0 if temperature is None else temperature))
    counts = _Counts(probabilities >= np.array(thresholds), labels)
    precision, recall = _share(counts.right, counts.said), _share(counts.right, counts.has)
    figures = zip(names, precision, recall, counts.f1, counts.has, thresholds, strict=True)
    return {
        "per_class": {
            name: {
                "precision": float(found),
                "recall": float(missed_none),
                "f1": float(f1),
                "support": int(support),
                "threshold": float(threshold),
            }
            for name, found, missed_none, f1, support, threshold in figures
        },
        "confusion_matrix": None,
    }


def require_rows_with_label_sets(logits: np.ndarray, labels: np.ndarray) -> None:
    """See that there is a truth for each decision, and a row at all.

    Raises:
        ValueError: if not.
    """
    if logits.ndim != 2 or labels.shape != logits.shape or not len(labels):
        raise ValueError(f"logits {logits.shape} and labels {labels.shape}: expected (N, C) both, with N at least 1")


class _Counts:
    """Of each label the texts that have it, those it is said of, those that it is rightly said of, and its F1: (C,) each."""

    def __init__(self, said: np.ndarray, labels: np.ndarray) -> None:
        self.has, self.said, self.right = labels.sum(axis=0), said.sum(axis=0), (said & labels).sum(axis=0)
        self.f1 = _share(2 * self.right, self.said + self.has)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """0 where the whole is."""
    share: np.ndarray = np.asarray(part / np.maximum(whole, 1))
    return share
