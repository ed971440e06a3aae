"""The paper's table: what models reached on data sets beside the published figures."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from cct_text.studies.comparison import Run
from cct_text.studies.statistics import Summary, summarize

STANDARD_ERRORS = 2.0
"""Ours and the published figure differ where they are further apart than this."""


def published() -> dict[str, dict[str, float]]:
    """Published test accuracy in percent by data set and model."""
    accuracy: dict[str, dict[str, float]] = _file()["accuracy"]
    return accuracy


def official_train_rows() -> dict[str, int]:
    """Rows that the published models had to learn from, by data set."""
    rows: dict[str, int] = _file()["train_rows"]
    return rows


@cache
def _file() -> dict[str, Any]:
    text = (files("cct_text_data") / "published.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True)
class ModelOnDataset:
    """A model on a data set.

    Attributes:
        dataset: name.
        model: name.
        accuracy: ours on test, in [0, 1]; None where all runs failed.
        published: the published one, in [0, 1]; None where there is none.
        train_rows: rows that ours learned from; None where all runs failed.
        dev_rows: rows of the train split that chose instead; None likewise.
    """

    dataset: str
    model: str
    accuracy: Summary | None
    published: float | None
    train_rows: int | None
    dev_rows: int | None

    @classmethod
    def of(cls, dataset: str, model: str, runs: Sequence[Run]) -> ModelOnDataset:
        """What the runs of a model on a data set reached."""
        reached = [float(run.right.mean()) for run in runs if run.right is not None]
        figure = published()[dataset].get(model)
        metrics = next((run.metrics for run in runs if run.metrics is not None), None)
        return cls(
            dataset=dataset,
            model=model,
            accuracy=summarize(reached) if reached else None,
            published=None if figure is None else figure / 100,
            train_rows=None if metrics is None else metrics["train_rows"],
            dev_rows=None if metrics is None else metrics["dev_rows"],
        )

    @property
    def name(self) -> str:
        """As it is called where several stand together."""
        return f"{self.model} on {self.dataset}"

    @property
    def differs(self) -> bool | None:
        """Whether the published figure lies more than two standard errors from ours; None where that cannot be told.

        It is one run, with a seed of its own, and ours are the mean of S: their difference has the standard error
        std sqrt(1 + 1 / S), if the published run varied as ours do.
        """
        if self.accuracy is None or self.accuracy.std is None or self.published is None:
            return None
        error = self.accuracy.std * math.sqrt(1.0 + 1.0 / self.accuracy.seeds)
        return abs(self.accuracy.mean - self.published) > STANDARD_ERRORS * error


@dataclass(frozen=True)
class Reproduction:
    """All cells, and the runs that they rest on, each with its data set."""

    cells: tuple[ModelOnDataset, ...]
    seeds: int
    runs: tuple[tuple[str, Run], ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "seeds": self.seeds,
            "cells": [{**asdict(cell), "differs": cell.differs} for cell in self.cells],
            "statements": statements(self),
            "runs": self.table(),
        }

    def runs_of(self, cell: ModelOnDataset) -> list[Run]:
        """Those that a cell rests on."""
        return [run for dataset, run in self.runs if (dataset, run.condition.name) == (cell.dataset, cell.model)]

    def table(self) -> list[dict[str, Any]]:
        """One line a run."""
        return [{"dataset": dataset, **run.row()} for dataset, run in self.runs]


def statements(found: Reproduction) -> list[str]:
    """Where ours and the published figures differ, as far as that can be told."""
    told = [cell for cell in found.cells if cell.differs is not None]
    fewer = _fewer_rows(found.cells)
    if not any(cell.published is not None and cell.accuracy is not None for cell in found.cells):
        return ["None of what was reached has a published figure.", *fewer]
    if not told:
        untold = "Whether ours and the published figures differ cannot be told: it takes two seeds of ours or more."
        return [untold, *fewer]
    apart = [cell.name for cell in told if cell.differs]
    errors = f"{STANDARD_ERRORS:.0f} standard errors"
    if not apart:
        return [f"No figure is more than {errors} from the published one.", *fewer]
    return [f"More than {errors} from the published figure: {', '.join(apart)}.", *fewer]


def _fewer_rows(cells: Sequence[ModelOnDataset]) -> list[str]:
    """Which data sets are but a part of what the published models learned from."""
    official, said = official_train_rows(), {}
    for cell in cells:
        rows = (cell.train_rows or 0) + (cell.dev_rows or 0)
        if 0 < rows < official[cell.dataset]:
            said[cell.dataset] = (
                f"{cell.dataset}: {rows:,} rows of train and dev, of {official[cell.dataset]:,} in the official train split; "
                "these figures are no reproduction of the published ones."
            )
    return list(said.values())
