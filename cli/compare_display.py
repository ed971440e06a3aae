"""What `cct-text compare` shows: how far each combination is, and the answer."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cct_text.report.plots import can_plot
from cct_text.studies.compare import Study, StudyObserver
from cct_text.studies.comparison import Comparison, Run, Side, statements
from cct_text.studies.statistics import Summary, summarize

from .tables import figures_table


class StudyDisplay(StudyObserver):
    """Draws on standard error: a live table on a terminal, one line a run elsewhere."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, markup=False)
        self.live = Live(console=self.console, transient=True, auto_refresh=False)
        self.runs: dict[str, list[Run]] = {}
        self.seeds = 0
        self.total = 0
        self.fresh = 0
        self.begun = time.monotonic()

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.live.stop()

    def started(self, study: Study) -> None:
        self.runs = {condition.name: [] for condition in study.conditions}
        self.seeds, self.total = len(study.seeds), len(study.seeds) * len(study.conditions)
        self.begun = time.monotonic()
        self.console.print(
            f"{study.dataset}: {len(study.conditions)} combinations x {self.seeds} seeds = {self.total} runs in {study.out}",
            soft_wrap=True,
        )
        self._draw()

    def ended(self, run: Run, *, earlier: bool) -> None:
        self.runs[run.condition.name].append(run)
        self.fresh += not earlier
        if run.error is not None:
            self.console.print(f"{run.condition.name}, seed {run.seed}: failed: {run.error}", soft_wrap=True)
        elif not self.console.is_terminal and not earlier:
            self.console.print(
                f"{self.done}/{self.total} {run.condition.name}, seed {run.seed}: test {run.row()['test_accuracy']:.2%}, "
                f"{run.row()['seconds']:.0f} s; {self.left}",
                soft_wrap=True,
            )
        self._draw()

    @property
    def done(self) -> int:
        """Runs that ended, now or earlier."""
        return sum(map(len, self.runs.values()))

    @property
    def left(self) -> str:
        """How long the rest will take, if it takes as long as what was run now."""
        if not self.fresh:
            return f"{self.total - self.done} runs left"
        seconds = (time.monotonic() - self.begun) / self.fresh * (self.total - self.done)
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s left" if seconds >= 60 else f"{seconds:.0f} s left"

    def _draw(self) -> None:
        if not self.console.is_terminal:
            return
        table = figures_table("", "runs", "accuracy")
        for name, runs in self.runs.items():
            reached = [run.row()["test_accuracy"] for run in runs if run.error is None]
            table.add_row(Text(name), f"{len(runs)}/{self.seeds}", _percent(summarize(reached) if reached else None))
        self.live.update(Group(table, Text(self.left)), refresh=True)


def print_comparison(comparison: Comparison, folder: Path, *, as_json: bool) -> None:
    """Table and sentences; with `as_json` all of it as one object, on standard output."""
    if as_json:
        sys.stdout.write(json.dumps(comparison.to_dict(), ensure_ascii=False) + "\n")
        return
    console = Console(highlight=False, markup=False)
    console.print(_table(comparison))
    console.print(
        f"accuracy in % on {comparison.test_rows:,} test rows of {comparison.dataset}: mean and standard deviation over "
        f"{len(comparison.seeds)} seed{'s' if len(comparison.seeds) > 1 else ''}, 95 % interval of the mean\n"
    )
    for sentence in statements(comparison):
        console.print(sentence)
    console.print(f"\nstudy folder: {folder} ({', '.join(_files(folder))})", soft_wrap=True)
    if not can_plot():
        console.print("no plot: it needs matplotlib, pip install 'cct-text[report]'", soft_wrap=True)


def _table(comparison: Comparison) -> Table:
    table = figures_table("", "accuracy", "95 % interval", "macro F1", "coverage", "parameters", "seconds", "rows/s")
    for side in comparison.sides:
        table.add_row(Text(side.name), *_cells(side))
    return table


def _cells(side: Side) -> list[str]:
    if side.accuracy is None or side.macro_f1 is None:
        return [f"{side.failed} failed"]
    return [
        _percent(side.accuracy),
        "" if side.accuracy.low is None else f"{100 * side.accuracy.low:.2f}-{100 * (side.accuracy.high or 0):.2f}",
        f"{100 * side.macro_f1.mean:.2f}",
        "" if side.coverage is None else f"{side.coverage:.1%}",
        f"{side.parameters:,}",
        f"{side.seconds:.0f}",
        f"{side.rows_per_second:,.0f}",
    ]


def _percent(summary: Summary | None) -> str:
    if summary is None:
        return ""
    return f"{100 * summary.mean:.2f}" + ("" if summary.std is None else f" ± {100 * summary.std:.2f}")


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())
