"""The paper's table: models x data sets x seeds, beside the published figures."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from cct_text.artifacts import RunFolder
from cct_text.errors import UsageError, unknown_name
from cct_text.studies.compare import write_table
from cct_text.studies.comparison import Run
from cct_text.studies.grid import Condition
from cct_text.studies.statistics import Summary, summarize
from cct_text.studies.study import Study, StudyObserver, plan, run_all

QUICK_MODELS = ("cct-2/1", "cct-2/2", "cct-2/4")
QUICK_SEEDS = 3
"""A part of the table that fits into half an hour on two cores."""
RESULT = "reproduction"
TABLE = "runs"
STANDARD_ERRORS = 2.0
"""Ours and the published figure differ where they are further apart than this."""


def published() -> dict[str, dict[str, float]]:
    """Published test accuracy in percent by data set and model."""
    text = (files("cct_text_data") / "published.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True)
class Cell:
    """A model on a data set.

    Attributes:
        dataset: name.
        model: name.
        accuracy: ours on test, in [0, 1]; None where all runs failed.
        published: the published one, in [0, 1]; None where there is none.
        train_rows: rows that ours learned from; None where all runs failed.
    """

    dataset: str
    model: str
    accuracy: Summary | None
    published: float | None
    train_rows: int | None

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

    cells: tuple[Cell, ...]
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

    def table(self) -> list[dict[str, Any]]:
        """One line a run."""
        return [{"dataset": dataset, **run.row()} for dataset, run in self.runs]


def plan_reproduction(
    datasets: Sequence[str],
    models: Sequence[str],
    *,
    seeds: int,
    out: str | Path,
    values: Mapping[str, object] | None = None,
) -> list[Study]:
    """A study for each data set, each with its recipe.

    Args:
        datasets: names, each taken once; all with published figures when empty.
        models: names, each taken once; all with published figures when empty.
        seeds: of each model on each data set.
        out: folder of all studies.
        values: options of all runs.

    Raises:
        UsageError: if nothing is published for a data set, a model is unknown, or the folder holds other runs.
    """
    known = published()
    if unknown := [name for name in datasets if name not in known]:
        raise UsageError(unknown_name("data set with published figures", unknown[0], list(known)))
    return [
        plan(
            dataset,
            [Condition({"model": model}) for model in dict.fromkeys(models or known[dataset])],
            seeds=seeds,
            out=Path(out) / dataset,
            values=values,
            kind="reproduce",
        )
        for dataset in dict.fromkeys(datasets or known)
    ]


def reproduce(
    studies: Sequence[Study],
    out: str | Path,
    *,
    workers: int | None = None,
    observer: StudyObserver | None = None,
) -> Reproduction:
    """Make all runs that are not there yet, and set them beside the published figures.

    `reproduction.json`, `runs.csv` and `runs.parquet` are written into `out`, unless all runs failed.

    Args:
        studies: as `plan_reproduction` has them.
        out: folder of the result.
        workers: processes, of one thread each; as many as suit the cores when not given.
        observer: hears of each study.

    Raises:
        UsageError: if the folder cannot be written to.
        DataError: if a data set changed in between.
    """
    known = published()
    cells, runs = [], []
    for study in studies:
        made = run_all(study, workers=workers, observer=observer)
        runs += [(study.dataset, run) for run in made]
        cells += [
            _cell(study.dataset, condition.name, [run for run in made if run.condition == condition], known)
            for condition in study.conditions
        ]
    found = Reproduction(tuple(cells), max(len(study.seeds) for study in studies), tuple(runs))
    if all(run.error is not None for _, run in runs):
        return found
    RunFolder(out).write_json(f"{RESULT}.json", found.to_dict())
    write_table(Path(out) / TABLE, found.table())
    return found


def _cell(dataset: str, model: str, runs: Sequence[Run], known: Mapping[str, Mapping[str, float]]) -> Cell:
    reached = [float(run.right.mean()) for run in runs if run.right is not None]
    figure = known[dataset].get(model)
    return Cell(
        dataset=dataset,
        model=model,
        accuracy=summarize(reached) if reached else None,
        published=None if figure is None else figure / 100,
        train_rows=next((run.metrics["train_rows"] for run in runs if run.metrics is not None), None),
    )


def statements(found: Reproduction) -> list[str]:
    """Where ours and the published figures differ, as far as that can be told."""
    told = [cell for cell in found.cells if cell.differs is not None]
    if not told:
        return ["Whether ours and the published figures differ cannot be told: it takes two seeds of ours or more."]
    apart = [f"{cell.model} on {cell.dataset}" for cell in told if cell.differs]
    errors = f"{STANDARD_ERRORS:.0f} standard errors"
    if not apart:
        return [f"No figure is more than {errors} from the published one."]
    return [f"More than {errors} from the published figure: {', '.join(apart)}."]
