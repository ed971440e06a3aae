"""What a model's logits say: one label of each text, or all that reach their thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from cct_text.datasets.label_sets import in_order
from cct_text.inference.kernels import sigmoid, softmax


class Task(Protocol):
    """How the logits (N, C) of N texts are read; those that a `TextClassifier` gives, divided by its temperature."""

    @property
    def several(self) -> bool:
        """Whether a text may have several labels, or none."""

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Of the labels, (N, C) float32."""

    def says(self, logits: np.ndarray) -> np.ndarray:
        """Which labels the model gives each text, (N, C) bool."""

    def sets(self, logits: np.ndarray) -> list[list[int]]:
        """The labels that the model gives each text, as indices, the most probable first."""

    def is_right(self, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Whether the model gives each text the labels that it has, (N,) bool; `labels` are those of a `Split`."""


class SingleLabel:
    """A text has one label: the most probable one."""

    several = False

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Rows sum to 1."""
        return softmax(logits.copy())

    def says(self, logits: np.ndarray) -> np.ndarray:
        """One label in each row."""
        said: np.ndarray = np.arange(logits.shape[1]) == logits.argmax(axis=1)[:, None]
        return said

    def sets(self, logits: np.ndarray) -> list[list[int]]:
        """One label for each text."""
        best: list[list[int]] = logits.argmax(axis=1)[:, None].tolist()
        return best

    def is_right(self, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Whether the label (N,) is the most probable one."""
        right: np.ndarray = logits.argmax(axis=1) == labels
        return right


class MultiLabel:
    """A text has the labels whose probability reaches their threshold; that may be none.

    Args:
        thresholds: (C,) in (0, 1).
    """

    several = True

    def __init__(self, thresholds: Sequence[float]) -> None:
        self.thresholds = np.array(thresholds, np.float32)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Each label for itself: rows do not sum to 1."""
        return sigmoid(logits)

    def says(self, logits: np.ndarray) -> np.ndarray:
        """Any number of labels in each row."""
        said: np.ndarray = self.probabilities(logits) >= self.thresholds
        return said

    def sets(self, logits: np.ndarray) -> list[list[int]]:
        """Any number of labels for each text."""
        found: list[list[int]] = [[] for _ in range(len(logits))]
        for row, column in zip(*map(np.ndarray.tolist, in_order(self.says(logits), logits)), strict=True):
            found[row].append(column)
        return found

    def is_right(self, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Whether all of the labels (N, C) and no others are said."""
        right: np.ndarray = (self.says(logits) == labels).all(axis=1)
        return right


def task_of(thresholds: Sequence[float] | None) -> Task:
    """How a model's logits are read that has these thresholds; None where a text has one label."""
    return SingleLabel() if thresholds is None else MultiLabel(thresholds)
