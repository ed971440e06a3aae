"""What a study shows while it runs: how far each condition is, and how long is left."""

from __future__ import annotations

from collections import Counter

from rich.console import Group
from rich.text import Text

from cct_text.studies.comparison import Run
from cct_text.studies.statistics import summarize
from cct_text.studies.study import Study, StudyObserver
from cct_text.studies.wording import counted, percent

from .live_display import LiveDisplay
from .tables import figures_table


class StudyDisplay(LiveDisplay, StudyObserver):
    """Draws on standard error: a live table on a terminal, one line a run elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[str, list[Run]] = {}
        self.planned: Counter[str] = Counter()

    def started(self, study: Study) -> None:
        self.runs = {condition.name: [] for condition in study.conditions}
        self.planned = Counter(condition.name for condition, _, _ in study.jobs().values())
        self.begin()
        runs = f"{counted(self.planned.total(), 'run')} of {counted(len(study.conditions), 'condition')}"
        self.console.print(f"{study.dataset}: {runs} in {study.out}", soft_wrap=True)
        self._draw()

    def ended(self, run: Run, *, earlier: bool) -> None:
        self.runs[run.condition.name].append(run)
        self.fresh += not earlier
        name, row = f"{run.condition.name}, seed {run.seed}", run.row()
        if run.error is not None:
            self.console.print(f"{name}: failed: {run.error}", soft_wrap=True)
        elif not self.console.is_terminal and not earlier:
            reached = f"test {row['test_accuracy']:.2%}, {row['seconds']:.0f} s"
            self.console.print(f"{self.done}/{self.planned.total()} {name}: {reached}; {self.left}", soft_wrap=True)
        self._draw()

    @property
    def done(self) -> int:
        """Runs that ended, now or earlier."""
        return sum(map(len, self.runs.values()))

    @property
    def left(self) -> str:
        """How long the rest will take."""
        return self.time_left(self.planned.total() - self.done)

    def _draw(self) -> None:
        if not self.console.is_terminal:
            return
        table = figures_table("", "runs", "accuracy", whole=True)
        for name, runs in self.runs.items():
            reached = [run.row()["test_accuracy"] for run in runs if run.error is None]
            table.add_row(
                Text(name), f"{len(runs)}/{self.planned[name]}", percent(summarize(reached)) if reached else ""
            )
        self.live.update(Group(table, Text(self.left)), refresh=True)
