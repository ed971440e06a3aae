"""What `cct-text tune` shows while it runs: the recipe, the best trial so far, those under way, and the time left."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from cct_text.studies.trials import Trial
from cct_text.studies.tuning import TuningObserver
from cct_text.studies.tuning_plan import Tuning
from cct_text.studies.tuning_result import DevSplit, ranked, score_words
from cct_text.studies.wording import counted

from .live_display import LiveDisplay
from .tables import figures_table


class TuningDisplay(LiveDisplay, TuningObserver):
    """Draws on standard error: a live table on a terminal, one line a trial elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.tuning: Tuning | None = None
        self.trials: dict[int, Trial] = {}

    def started(self, tuning: Tuning, dev: DevSplit, trials: Sequence[Trial]) -> None:
        self.tuning = tuning
        self.trials = {trial.number: trial for trial in trials}
        self.begin()
        planned = f"{counted(tuning.trials, 'trial')} over {dev.words(tuning.splits)}"
        self.console.print(f"{tuning.dataset}: {planned} in {tuning.out}", soft_wrap=True)
        self._draw(tuning)

    def changed(self, trial: Trial) -> None:
        assert self.tuning is not None  # it has started
        earlier = self.trials.get(trial.number)
        self.trials[trial.number] = trial
        self.fresh += earlier is not None  # a run ended; otherwise the trial begins
        if trial.state == "failed":
            self.console.print(f"trial {trial.number}: failed: {trial.error}", soft_wrap=True)
        elif trial.state != "running" and not self.console.is_terminal:
            line = f"{self.done}/{self.tuning.trials} trial {trial.number}: {self.tuning.metric} {_reached(self.tuning, trial)}"
            self.console.print(f"{line}; at most {self.left}", soft_wrap=True)
        self._draw(self.tuning)

    @property
    def done(self) -> int:
        """Trials that ended, now or earlier."""
        return sum(trial.state != "running" for trial in self.trials.values())

    @property
    def left(self) -> str:
        """How long the rest will take if no trial is given up."""
        assert self.tuning is not None  # it has started
        behind = sum(
            len(trial.scores) if trial.state == "running" else self.tuning.splits for trial in self.trials.values()
        )
        return self.time_left(max(0, self.tuning.trials * self.tuning.splits - behind))

    def _draw(self, tuning: Tuning) -> None:
        if not self.console.is_terminal:
            return
        table = figures_table("", "splits", tuning.metric)
        for name, trial in self._shown(tuning).items():
            table.add_row(Text(name), f"{len(trial.scores)}/{tuning.splits}", _reached(tuning, trial))
        self.live.update(
            Group(table, Text(f"{self.done}/{counted(tuning.trials, 'trial')} done; at most {self.left}")), refresh=True
        )

    def _shown(self, tuning: Tuning) -> dict[str, Trial]:
        """The recipe, the best so far, and those under way."""
        scored = ranked(tuning, self.trials.values())
        recipe, best = [trial for trial in scored if trial.recipe], scored[:1]
        running = [trial for trial in self.trials.values() if trial.state == "running"]
        return {
            **{f"trial {trial.number}, the recipe": trial for trial in recipe},
            **{f"trial {trial.number}, the best": trial for trial in best},
            **{f"trial {trial.number}": trial for trial in running},
        }


def _reached(tuning: Tuning, trial: Trial) -> str:
    """A trial's score so far, and whether it was given up."""
    if trial.score is None:
        return ""
    given_up = f", given up after {counted(len(trial.scores), 'split')}" if trial.state == "pruned" else ""
    return score_words(tuning.metric, trial.score, trial.standard_error) + given_up
