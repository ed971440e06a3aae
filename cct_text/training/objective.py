"""What a network learns to say of a text, and what follows for loss, figures and calibration: one label, or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cct_text.training.calibration import Calibration, fit_decision_temperature
from cct_text.training.metrics import classification_metrics, classification_report
from cct_text.training.multi_label_metrics import multi_label_metrics, multi_label_report
from cct_text.training.thresholds import fit_thresholds

if TYPE_CHECKING:
    from torch import Tensor

MOST_WEIGHT = 20.0
"""Of a text that has a label beside one that has not, under `class_weights = balanced`; and the inverse the least. The label
of one text in a thousand would otherwise move the network a thousand times as much by that text as by another."""


class Objective(Protocol):
    """Notation: N texts, B of a batch; C labels. Labels are those of a `Split`."""

    def losses(self, logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        """The loss of each text of a batch, (B,)."""

    def metrics(
        self,
        logits: np.ndarray,
        labels: np.ndarray,
        *,
        temperature: float | None = None,
        thresholds: Sequence[float] | None = None,
    ) -> dict[str, float]:
        """Accuracy, macro_f1, loss, ece and what else there is to say of N texts together."""

    def report(
        self,
        logits: np.ndarray,
        labels: np.ndarray,
        names: Sequence[str],
        *,
        temperature: float | None = None,
        thresholds: Sequence[float] | None = None,
    ) -> dict[str, Any]:
        """Figures label by label: `per_class` and `confusion_matrix`."""

    def calibrate(self, logits: np.ndarray, labels: np.ndarray) -> Calibration:
        """Temperature and thresholds that suit the dev split; N may be 0."""


class SingleLabelObjective:
    """A text has one label."""

    def losses(self, logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        """Cross-entropy; `smoothing` of the target is spread over all labels."""
        from torch.nn import functional as F

        return F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")

    def metrics(
        self,
        logits: np.ndarray,
        labels: np.ndarray,
        *,
        temperature: float | None = None,
        thresholds: Sequence[float] | None = None,
    ) -> dict[str, float]:
        """`classification_metrics`; there are no thresholds."""
        return classification_metrics(logits, labels, temperature=temperature)

    def report(
        self,
        logits: np.ndarray,
        labels: np.ndarray,
        names: Sequence[str],
        *,
        temperature: float | None = None,
        thresholds: Sequence[float] | None = None,
    ) -> dict[str, Any]:
        """`classification_report`, which depends on neither temperature nor thresholds."""
        return classification_report(logits, labels, names)

    def calibrate(self, logits: np.ndarray, labels: np.ndarray) -> Calibration:
        """A temperature by cross-entropy."""
        return Calibration.of(logits, labels)


class MultiLabelObjective:
    """A text has any number of labels, each of which is decided on for itself.

    Args:
        positive_weights: (C,) how much a text that has a label counts beside one that has not; all the same when None.
    """

    def __init__(self, positive_weights: np.ndarray | None = None) -> None:
        self.positive_weights = positive_weights

    def losses(self, logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        """Binary cross-entropy, averaged over the labels; targets are smoothing / 2 and 1 - smoothing / 2."""
        from torch.nn import functional as F

        targets = labels.to(logits.dtype) * (1 - smoothing) + smoothing / 2
        weights = None if self.positive_weights is None else logits.new_tensor(self.positive_weights)
        losses = F.binary_cross_entropy_with_logits(logits, targets, pos_weight=weights, reduction="none")  # (B, C)
        return losses.mean(dim=1)

    def metrics(
        self,
        logits: np.ndarray,
        labels: np.ndarray,
        *,
        temperature: float | None = None,
        thresholds: Sequence[float] | None = None,
    ) -> dict[str, float]:
        """`multi_label_metrics`."""
        return multi_label_metrics(logits, labels, temperature=temperature, thresholds=thresholds)

    def report(
        self,
        logits: np.ndarray,
        labels: np.ndarray,
        names: Sequence[str],
        *,
        temperature: float | None = None,
        thresholds: Sequence[float] | None = None,
    ) -> dict[str, Any]:
        """`multi_label_report`."""
        assert thresholds is not None
        return multi_label_report(logits, labels, names, temperature=temperature, thresholds=thresholds)

    def calibrate(self, logits: np.ndarray, labels: np.ndarray) -> Calibration:
        """A temperature by binary cross-entropy; then, of the probabilities that it gives, a threshold for each label."""
        from scipy.special import expit

        temperature = fit_decision_temperature(logits, labels)
        return Calibration(logits, temperature, fit_thresholds(expit(logits.astype(np.float64) / temperature), labels))


def objective_of(labels: np.ndarray, *, balanced: bool = False) -> Objective:
    """The objective that the labels of a split set.

    Args:
        labels: (N,) int64, or (N, C) bool.
        balanced: where a text may have several labels, those that few texts have count the more.
    """
    if labels.ndim == 1:
        return SingleLabelObjective()
    return MultiLabelObjective(positive_weights(labels) if balanced else None)


def positive_weights(labels: np.ndarray) -> np.ndarray:
    """How often a label (N, C) is absent for each time it is there, (C,) float32, within `MOST_WEIGHT` either way."""
    present = labels.sum(axis=0)
    ratio = (len(labels) - present) / np.maximum(present, 1)
    weights: np.ndarray = np.clip(ratio, 1 / MOST_WEIGHT, MOST_WEIGHT).astype(np.float32)
    return weights


def starting_logits(labels: np.ndarray, *, balanced: bool) -> np.ndarray:
    """What the head says of a text before it looks at it, (C,) float32: the odds that a text of train has each label.

    A head that starts at even odds spends its first thousand steps on learning that most labels are mostly absent.

    Source: Lin, Goyal, Girshick, He and Dollar, "Focal Loss for Dense Object Detection", ICCV 2017, section 3.3,
    https://arxiv.org/abs/1708.02002.

    Args:
        labels: (N, C) bool.
        balanced: the odds are those of `positive_weights`.
    """
    present = labels.sum(axis=0)
    odds = (present + 0.5) / (len(labels) - present + 0.5)
    logits: np.ndarray = np.log(odds * positive_weights(labels) if balanced else odds).astype(np.float32)
    return logits


def split_metrics(
    logits: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    *,
    temperature: float | None = None,
    thresholds: Sequence[float] | None = None,
    seen_in_train: np.ndarray | None = None,
) -> dict[str, Any]:
    """All figures of a split: an objective's metrics and report.

    Args:
        logits: (N, C).
        labels: of a `Split`.
        names: the C class names, in the order of the logits.
        temperature: that the logits are divided by for all but `ece_uncalibrated`.
        thresholds: (C,), where a text may have several labels.
        seen_in_train: (N,) bool, texts that stand in train as well. Where there are some, and others,
            `without_rows_in_train` holds the number of the others, `rows`, and their metrics.

    Raises:
        ValueError: if the shapes do not fit together or there are no rows.
    """
    objective = objective_of(labels)
    metrics: dict[str, Any] = {
        **objective.metrics(logits, labels, temperature=temperature, thresholds=thresholds),
        **objective.report(logits, labels, names, temperature=temperature, thresholds=thresholds),
    }
    if seen_in_train is not None and 0 < seen_in_train.sum() < len(labels):
        unseen = ~seen_in_train
        metrics["without_rows_in_train"] = {
            "rows": int(unseen.sum()),
            **objective.metrics(logits[unseen], labels[unseen], temperature=temperature, thresholds=thresholds),
        }
    return metrics
