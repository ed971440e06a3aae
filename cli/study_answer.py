"""What a study prints when it is done: a table and what it allows to say, or one JSON object."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cct_text.report.plots import can_plot
from cct_text.studies import comparison as comparisons
from cct_text.studies import learning_curve, reproduction
from cct_text.studies.comparison import Comparison, Side
from cct_text.studies.learning_curve import LearningCurve
from cct_text.studies.reproduction import Reproduction

from .tables import figures_table, percent

COLUMNS = ("accuracy", "95 %\ninterval", "macro\nF1", "cover-\nage", "para-\nmeters", "sec-\nonds", "rows/s")
"""Narrow enough for 80 columns."""


def print_comparison(comparison: Comparison, folder: Path, *, as_json: bool) -> None:
    """The conditions beside each other."""
    measured = _measured(comparison.test_rows, comparison.dataset, len(comparison.seeds))
    note = measured and f"{measured}, 95 % interval of the mean"
    _answer(comparison.to_dict(), _sides(comparison), note, comparisons.statements(comparison), folder, as_json=as_json)


def print_curve(curve: LearningCurve, folder: Path, *, as_json: bool) -> None:
    """Accuracy by number of training rows, a column for each learner."""
    note = _measured(curve.test_rows, curve.dataset, len(curve.seeds))
    _answer(curve.to_dict(), _points(curve), note, learning_curve.statements(curve), folder, as_json=as_json)


def print_reproduction(found: Reproduction, folder: Path, *, as_json: bool) -> None:
    """Our figures beside the published ones, a row for each model on each data set."""
    seeds = f"{found.seeds} seed{'s' if found.seeds > 1 else ''}"
    note = f"test accuracy in %: mean and standard deviation over {seeds}, and what was published, of which one run is known"
    _answer(found.to_dict(), _reproduced(found), note, reproduction.statements(found), folder, as_json=as_json)


def _answer(
    result: Mapping[str, Any], table: Table, note: str, sentences: Sequence[str], folder: Path, *, as_json: bool
) -> None:
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        return
    console = Console(highlight=False, markup=False)
    console.print(table)
    if note:
        console.print(f"{note}\n")
    for sentence in sentences:
        console.print(sentence)
    files = sorted(path.name for path in folder.iterdir() if path.is_file())
    console.print(f"\nstudy folder: {folder} ({', '.join(files)})", soft_wrap=True)
    if not can_plot():
        console.print("no plot: it needs matplotlib, pip install 'cct-text[report]'", soft_wrap=True)


def _measured(test_rows: int, dataset: str, seeds: int) -> str:
    if not test_rows:
        return ""  # nothing came to an end
    over = f"{seeds} seed{'s' if seeds > 1 else ''}"
    return f"accuracy in % on {test_rows:,} test rows of {dataset}: mean and standard deviation over {over}"


def _sides(comparison: Comparison) -> Table:
    table = figures_table("", *COLUMNS)
    for side in comparison.sides:
        table.add_row(Text(side.name), *_cells(side))
    return table


def _cells(side: Side) -> list[str]:
    if side.accuracy is None or side.macro_f1 is None:
        return [f"{side.failed} failed"]
    return [
        percent(side.accuracy),
        "" if side.accuracy.low is None else f"{100 * side.accuracy.low:.1f}-{100 * (side.accuracy.high or 0):.1f}",
        f"{100 * side.macro_f1.mean:.1f}",
        "" if side.coverage is None else f"{side.coverage:.1%}",
        f"{side.parameters:,}",
        f"{side.seconds:.0f}",
        f"{side.rows_per_second:,.0f}",
    ]


def _points(curve: LearningCurve) -> Table:
    table = figures_table("rows of train", *(line.name for line in curve.lines))
    reached = [{point.rows: percent(point.accuracy) for point in line.points} for line in curve.lines]
    for rows in sorted({rows for rows, _ in curve.runs}):
        table.add_row(f"{rows:,}", *(of_rows.get(rows, "failed") for of_rows in reached))
    return table


def _reproduced(found: Reproduction) -> Table:
    table = figures_table("data set", "model", "train rows", "ours", "published", "difference", "")
    for cell in found.cells:
        if cell.accuracy is None:
            table.add_row(cell.dataset, cell.model, "", "failed")
            continue
        published = ["", ""]
        if cell.published is not None:
            published = [f"{100 * cell.published:.2f}", f"{100 * (cell.accuracy.mean - cell.published):+.2f}"]
        mark = {None: "", False: "", True: "differs"}[cell.differs]
        table.add_row(cell.dataset, cell.model, f"{cell.train_rows:,}", percent(cell.accuracy), *published, mark)
    return table
