"""Figures of a run sent to experiment trackers while it goes, by accelerate: TensorBoard, MLflow, Weights & Biases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from cct_text.artifacts import RunFolder
from cct_text.config import Config
from cct_text.errors import ResourceError, UsageError, unknown_name
from cct_text.training.progress import EpochRecord, TrainingObserver

PACKAGES = {"tensorboard": "tensorboard", "mlflow": "mlflow-skinny", "wandb": "wandb"}
"""The trackers, and the package that each needs."""

PROJECT = "cct-text"
FOLDER = "tracking"
"""Of a run folder; what trackers write that are given no server."""


class Tracking(TrainingObserver):
    """Logs figures by `Accelerator.log`.

    Args:
        accelerator: with its trackers begun.
    """

    def __init__(self, accelerator: Any) -> None:  # noqa: ANN401 - accelerate has no types
        self.accelerator = accelerator
        self.epochs = 0

    def epoch(self, record: EpochRecord) -> None:
        """At its number."""
        self.epochs = record.epoch
        values = {
            "train/loss": record.train_loss,
            "train/learning_rate": record.learning_rate,
            "train/seconds": record.seconds,
            "dev/accuracy": record.dev_accuracy,
            "dev/macro_f1": record.dev_macro_f1,
            "dev/loss": record.dev_loss,
        }
        self._log(values, record.epoch)

    def finished(self, metrics: Mapping[str, Any]) -> None:
        """Those of the test split, at the number of the last epoch."""
        figures = metrics["test"] or {}
        self._log({f"test/{name}": value for name, value in figures.items()}, self.epochs)

    def _log(self, values: Mapping[str, Any], step: int) -> None:
        self.accelerator.log({name: value for name, value in values.items() if isinstance(value, float)}, step=step)


@contextmanager
def tracking(names: Sequence[str], folder: RunFolder, config: Config) -> Iterator[list[TrainingObserver]]:
    """An observer for the named trackers while the block lasts; none where no names are given.

    What a tracker writes on this machine lies in the run's folder `tracking`; where it sends things to is told by its own
    environment variables, such as MLFLOW_TRACKING_URI.

    Raises:
        UsageError: if there is no such tracker.
        ResourceError: if its package is not installed.
    """
    require_trackers(names)
    if not names:
        yield []
        return
    from accelerate import Accelerator

    accelerator = Accelerator(log_with=list(names), project_dir=folder.file(FOLDER))
    accelerator.init_trackers(PROJECT, config=_flat(config))
    try:
        yield [Tracking(accelerator)]
    finally:
        accelerator.end_training()


def require_trackers(names: Sequence[str]) -> None:
    """See that the named trackers are there.

    Raises:
        UsageError: if there is no such tracker.
        ResourceError: if its package is not installed.
    """
    for name in names:
        if name not in PACKAGES:
            raise UsageError(unknown_name("tracker", name, PACKAGES))
    if names:
        from accelerate.tracking import get_available_trackers

        here = {str(tracker) for tracker in get_available_trackers()}
        for name in names:
            if name not in here:
                raise ResourceError(f"the tracker {name} is not installed; pip install {PACKAGES[name]}")


def _flat(config: Config) -> dict[str, str | int | float | bool]:
    """The options by `section.name`, as trackers take them."""
    return {
        f"{section}.{name}": value if isinstance(value, str | int | float | bool) else str(value)
        for section, options in config.to_dict().items()
        for name, value in options.items()
    }
