"""What a run tells while it goes: one record an epoch, and an observer that hears of every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class EpochRecord:
    """One line of `history.jsonl`.

    Attributes:
        epoch: counted from 1.
        train_loss: mean loss over the epoch's steps, as optimised (smoothed and weighted).
        learning_rate: of the network for the step after the epoch; 0 after the last.
        dev_accuracy: share of dev rows; None where there is no dev split.
        dev_macro_f1: mean of the classes' F1; None likewise.
        dev_loss: mean cross-entropy; None likewise.
        best: whether this epoch's weights are those that are kept so far.
        seconds: wall-clock time of the epoch, evaluation included.
    """

    epoch: int
    train_loss: float
    learning_rate: float
    dev_accuracy: float | None
    dev_macro_f1: float | None
    dev_loss: float | None
    best: bool
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The record as it stands in `history.jsonl`."""
        return asdict(self)


class TrainingObserver:
    """Hears what training does; this one keeps silent, a command line shows it."""

    def prepared(self, description: str) -> None:
        """Data and model are ready."""

    def started(self, epochs: int, steps: int, history: Sequence[EpochRecord]) -> None:
        """Training begins: `epochs` of `steps` each, those in `history` being behind already."""

    def step(self, loss: float) -> None:
        """A step of the optimizer was made."""

    def epoch(self, record: EpochRecord) -> None:
        """An epoch ended."""

    def finished(self, metrics: Mapping[str, Any]) -> None:
        """The run is done; `metrics` is the content of its `metrics.json`."""


class Observers(TrainingObserver):
    """Several observers, each of which hears everything."""

    def __init__(self, observers: Sequence[TrainingObserver]) -> None:
        self.observers = observers

    def prepared(self, description: str) -> None:
        """To all."""
        for observer in self.observers:
            observer.prepared(description)

    def started(self, epochs: int, steps: int, history: Sequence[EpochRecord]) -> None:
        """To all."""
        for observer in self.observers:
            observer.started(epochs, steps, history)

    def step(self, loss: float) -> None:
        """To all."""
        for observer in self.observers:
            observer.step(loss)

    def epoch(self, record: EpochRecord) -> None:
        """To all."""
        for observer in self.observers:
            observer.epoch(record)

    def finished(self, metrics: Mapping[str, Any]) -> None:
        """To all."""
        for observer in self.observers:
            observer.finished(metrics)
