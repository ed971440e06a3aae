"""Run a study, compare what it tried, and write the answer into its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from cct_text.artifacts import REPORT, RunFolder
from cct_text.atomic_writes import write_atomically
from cct_text.report.plots import DrawnGap, Group, can_plot, plot_comparison
from cct_text.studies.comparison import Comparison
from cct_text.studies.reports import comparison_report
from cct_text.studies.study import Study, StudyObserver, run_all
from cct_text.studies.wording import rows_and_seeds

COMPARISON = "comparison.json"
PLOT = "comparison"
"""Name of the plot, `.svg` and `.png`."""
TABLE = "runs"
"""Name of the tidy table, `.csv` and `.parquet`."""


def compare(
    study: Study, *, workers: int | None = None, observer: StudyObserver | None = None, command: str | None = None
) -> Comparison:
    """Make all runs that are not there yet, and compare them.

    `comparison.json`, `runs.csv`, `runs.parquet`, `report.html` and, with matplotlib, `comparison.svg` and
    `comparison.png` are written into the study's folder, unless all runs failed.

    Args:
        study: what to run.
        workers: processes, of one thread each; as many as suit the cores when not given.
        observer: hears of each run that ends.
        command: that repeats it, for the report.

    Raises:
        UsageError: if the folder cannot be written to, or the data set has no test split.
        DataError: if two runs saw different test rows.
        ResourceError: if word vectors or the package of a baseline are not here.
    """
    comparison = Comparison.of(study.dataset, run_all(study, workers=workers, observer=observer))
    write_comparison(study.out, comparison, command=command)
    return comparison


def write_comparison(out: Path, comparison: Comparison, *, command: str | None = None) -> None:
    """The answer as files in a folder; where no run ended well there is none, and an earlier one stays.

    Raises:
        UsageError: if it cannot be written to.
    """
    if all(run.error is not None for run in comparison.runs):
        return
    RunFolder(out).write_json(COMPARISON, comparison.to_dict())
    write_table(out / TABLE, [run.row() for run in comparison.runs])
    svg = _plot(out, comparison) if can_plot() else None
    write_page(out, comparison_report(comparison, svg=svg, command=command))


def write_page(out: Path, page: str) -> None:
    """`report.html` in a folder.

    Raises:
        UsageError: if it cannot be written to.
    """
    with write_atomically(out / REPORT) as path:
        path.write_text(page, encoding="utf-8")


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as `.csv` and `.parquet`; one that lacks a column of another has no value there.

    Raises:
        UsageError: if they cannot be written.
    """
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = pa.Table.from_pydict({column: [row.get(column) for row in rows] for column in columns})
    with write_atomically(path.with_name(f"{path.name}.parquet")) as file:
        pq.write_table(table, file)
    with write_atomically(path.with_name(f"{path.name}.csv")) as file:
        pyarrow.csv.write_csv(table, file)


def _plot(out: Path, comparison: Comparison) -> str:
    """Draw it; the content of the SVG."""
    groups = [
        Group(side.name, list(side.accuracies.values()), side.accuracy.mean, side.accuracy.low, side.accuracy.high)
        for side in comparison.sides
        if side.accuracy is not None
    ]
    gaps = [
        DrawnGap(
            f"{pair.first} − {pair.second}", pair.difference.mean, pair.difference.low, pair.difference.high, pair.seen
        )
        for pair in comparison.pairs
    ]
    title = f"{comparison.dataset}, {rows_and_seeds(comparison.test_rows, len(comparison.seeds))}"
    svg, _ = plot_comparison(out / PLOT, title, groups, gaps)
    return svg.read_text(encoding="utf-8")
