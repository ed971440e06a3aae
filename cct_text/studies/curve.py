"""Run a study over numbers of training rows, and write the learning curve into its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cct_text.artifacts import RunFolder
from cct_text.config import option_name
from cct_text.datasets import load_dataset
from cct_text.datasets.dataset import strata
from cct_text.errors import UsageError
from cct_text.report.curve_plot import LineOfPoints, PointOfLine, plot_curve
from cct_text.report.plots import can_plot
from cct_text.studies.compare import write_page, write_table
from cct_text.studies.grid import Condition, baselines, model_beside
from cct_text.studies.learning_curve import Cell, LearningCurve, cells, sizes
from cct_text.studies.reports import curve_report
from cct_text.studies.study import Study, StudyObserver, plan, run_all
from cct_text.studies.wording import counted, rows_and_seeds
from cct_text.training.recipes import resolve_config

CURVE = "curve"
"""Name of the files: `.json`, `.svg` and `.png`."""
TABLE = "runs"


def plan_curve(
    dataset: str,
    learners: Sequence[Condition],
    *,
    rows: str | None,
    seeds: int,
    out: str | Path,
    beside: Sequence[str] = (),
    config_file: str | Path | None = None,
    values: Mapping[str, object] | None = None,
) -> tuple[Study, list[Cell]]:
    """A study of some learners with several numbers of training rows.

    Args:
        dataset: registered name, file, or hub name.
        learners: what to try; empty for the model that the options name, alone.
        rows: numbers of rows, `100,1000,all`; the usual ones when None.
        seeds: how many of each; each draws its own rows.
        out: folder of the study.
        beside: names of baselines.
        config_file: TOML file with options of all runs.
        values: options of all runs.

    Raises:
        UsageError: if an option, a baseline or a number of rows is wrong, or the folder holds a run with other options.
        DataError: if the data set cannot be used.
        ResourceError: if the data set is not here and cannot be fetched.
    """
    config = resolve_config(dataset, config_file=config_file, values=values)
    given = {option_name(key): value for key, value in (values or {}).items()}
    if config.data.train_rows is not None:
        raise UsageError(f"train_rows = {config.data.train_rows}: the study sets it; give --rows instead")
    # A folder and a name that say what learns, where nothing is varied.
    alone = Condition({"model": config.model.model})
    given = given if learners else {name: value for name, value in given.items() if name != "model"}
    if any("train_rows" in learner.values for learner in learners):
        raise UsageError("--vary train_rows: the study sets it; give --rows instead")
    every = [*(learners or [alone]), *baselines(beside, model_beside(learners, config.model.model))]
    data = load_dataset(config.data)
    if len(data.learned) != len(data.train) and not any("fine_labels" in learner.values for learner in learners):
        if "fine_labels" in given:
            raise UsageError(
                "fine_labels = true: rows of no class would be learned beside as many as are asked for; leave it out"
            )
        given["fine_labels"] = False
    available, classes = len(data.train), len(np.unique(strata(data.train.labels)))
    planned = cells(every, _with_all_classes(rows, sizes(rows, available), classes), available)
    conditions = [cell.condition for cell in planned]
    return plan(dataset, conditions, seeds=seeds, out=out, config_file=config_file, values=given, kind="curve"), planned


def _with_all_classes(wanted: str | None, found: Sequence[int], classes: int) -> list[int]:
    """Numbers of rows among which each class has one; the usual ones that are fewer are left out."""
    if wanted is not None and found[0] < classes:
        raise UsageError(
            f"--rows {wanted}: {counted(found[0], 'row')} cannot have all {classes} classes; give {classes} or more"
        )
    return [size for size in found if size >= classes]


def curve(
    study: Study,
    planned: Sequence[Cell],
    *,
    workers: int | None = None,
    observer: StudyObserver | None = None,
    command: str | None = None,
) -> LearningCurve:
    """Make all runs that are not there yet, and draw the curve.

    `curve.json`, `runs.csv`, `runs.parquet`, `report.html` and, with matplotlib, `curve.svg` and `curve.png` are written
    into the study's folder, unless all runs failed.

    Args:
        study: what to run, as `plan_curve` has it.
        planned: its cells.
        workers: processes, of one thread each; as many as suit the cores when not given.
        observer: hears of each run that ends.
        command: that repeats it, for the report.

    Raises:
        UsageError: if the folder cannot be written to, or the data set has no test split.
        DataError: if two runs saw different test rows.
        ResourceError: if word vectors or the package of a baseline are not here.
    """
    found = LearningCurve.of(study.dataset, planned, run_all(study, workers=workers, observer=observer))
    if not any(line.points for line in found.lines):
        return found
    RunFolder(study.out).write_json(f"{CURVE}.json", found.to_dict())
    write_table(study.out / TABLE, found.table())
    svg = _plot(study.out, found) if can_plot() else None
    write_page(study.out, curve_report(found, svg=svg, command=command))
    return found


def _plot(out: Path, found: LearningCurve) -> str:
    """Draw it; the content of the SVG."""
    lines = [
        LineOfPoints(
            line.name,
            line.baseline,
            [
                PointOfLine(point.rows, point.accuracy.mean, point.accuracy.low, point.accuracy.high)
                for point in line.points
            ],
        )
        for line in found.lines
        if line.points
    ]
    title = f"{found.dataset}, {rows_and_seeds(found.test_rows, len(found.seeds))}"
    svg, _ = plot_curve(out / CURVE, title, lines)
    return svg.read_text(encoding="utf-8")
