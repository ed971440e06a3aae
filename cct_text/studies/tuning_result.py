"""The answer of a search: the best trials beside the recipe, and what their scores allow to say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cct_text.studies.search_space import value_of
from cct_text.studies.trials import Trial, standard_error
from cct_text.studies.tuning_plan import Tuning
from cct_text.studies.wording import counted

STANDARD_ERRORS = 2.0
"""A gain of fewer may well be chance."""


@dataclass(frozen=True)
class DevSplit:
    """What trials are scored on.

    Attributes:
        rows: of dev.
        is_cut: whether it is cut from train, for each of the splits anew.
    """

    rows: int
    is_cut: bool

    def words(self, splits: int) -> str:
        """Over what a score is a mean: `3 dev splits of 42 rows`, or `3 seeds on 60 rows of dev`."""
        rows = counted(self.rows, "row")
        return (
            f"{counted(splits, 'dev split')} of {rows}"
            if self.is_cut
            else f"{counted(splits, 'seed')} on {rows} of dev"
        )


@dataclass(frozen=True)
class Gain:
    """How much better the best trial is than the recipe.

    Attributes:
        mean: over the splits, on each of which the two saw the same rows and the same seed; positive is better.
        standard_error: of that mean; None with one split.
    """

    mean: float
    standard_error: float | None


@dataclass(frozen=True)
class Tuned:
    """All of a search.

    Attributes:
        tuning: what was searched.
        dev: what the trials were scored on.
        data_sha256: checksum of the data set.
        trials: that ended, in the order in which they began.
    """

    tuning: Tuning
    dev: DevSplit
    data_sha256: str
    trials: tuple[Trial, ...]

    @property
    def recipe(self) -> Trial | None:
        """The recipe as it is; None where it was not scored."""
        return next((trial for trial in ranked(self.tuning, self.trials) if trial.recipe), None)

    @property
    def best(self) -> Trial | None:
        """The trial with the best score, the recipe before its equals; None where none was scored on all splits."""
        return next(iter(ranked(self.tuning, self.trials)), None)

    def leaders(self, count: int) -> list[Trial]:
        """So many of the best trials, the recipe left out."""
        return [trial for trial in ranked(self.tuning, self.trials) if not trial.recipe][:count]

    @property
    def gain(self) -> Gain | None:
        """Of the best trial over the recipe; None where one of them is not there, or they are the same."""
        best, recipe = self.best, self.recipe
        if best is None or recipe is None or best is recipe:
            return None
        sign = 1.0 if self.tuning.upwards else -1.0
        differences = [sign * (own - other) for own, other in zip(best.scores, recipe.scores, strict=True)]
        return Gain(sum(differences) / len(differences), standard_error(differences))

    def table(self) -> list[dict[str, Any]]:
        """One line a trial."""
        return [
            {
                "number": trial.number,
                "state": trial.state,
                "recipe": trial.recipe,
                "score": trial.score,
                "standard_error": trial.standard_error,
                "splits": len(trial.scores),
                "seconds": trial.seconds,
                **{option.name: value_of(trial.config, option.name) for option in self.tuning.space},
                "error": trial.error,
            }
            for trial in self.trials
        ]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        best, recipe, gain = self.best, self.recipe, self.gain
        return {
            "dataset": self.tuning.dataset,
            "data_sha256": self.data_sha256,
            "metric": self.tuning.metric,
            "splits": self.tuning.splits,
            "dev_rows": self.dev.rows,
            "dev_is_cut": self.dev.is_cut,
            "search": [str(option) for option in self.tuning.space],
            "options": self.tuning.base.to_dict(),
            "best": None if best is None else best.number,
            "best_options": None if best is None else self.tuning.options(best.config),
            "recipe": None if recipe is None else recipe.number,
            "gain": None if gain is None else {"mean": gain.mean, "standard_error": gain.standard_error},
            "statements": statements(self),
            "trials": [
                {**row, "scores": list(trial.scores)} for row, trial in zip(self.table(), self.trials, strict=True)
            ],
        }


def ranked(tuning: Tuning, trials: Iterable[Trial]) -> list[Trial]:
    """Those scored on all splits, the best first; among equals the recipe, then the earlier one."""
    sign = -1.0 if tuning.upwards else 1.0
    scored = [trial for trial in trials if trial.state == "complete"]
    return sorted(scored, key=lambda trial: (sign * (trial.score or 0.0), not trial.recipe, trial.number))


def score_words(metric: str, mean: float, error: float | None) -> str:
    """`92.31 ± 0.44` in percent, `0.2471 ± 0.0123` for a loss: a mean and its standard error, as far as it is known."""
    digits, scale = (4, 1) if metric == "loss" else (2, 100)
    return f"{scale * mean:.{digits}f}" + ("" if error is None else f" ± {scale * error:.{digits}f}")


def statements(tuned: Tuned) -> list[str]:
    """What the scores allow to say, and what they do not."""
    best, recipe, gain, metric = tuned.best, tuned.recipe, tuned.gain, tuned.tuning.metric
    said = []
    if best is not None and best is recipe:
        said.append(f"No trial is better than the recipe: {metric} {_reached(tuned, best)}.")
    elif best is not None:
        said.append(f"Best is trial {best.number}: {metric} {_reached(tuned, best)}.")
    if gain is not None and recipe is not None:
        points = "" if metric == "loss" else " points"
        better = f"{score_words(metric, gain.mean, gain.standard_error)}{points}{_judged(gain)}"
        said.append(f"The recipe as it is: {_reached(tuned, recipe)}. Split by split the best is better by {better}.")
        said.append(
            f"The best of {counted(len(tuned.trials), 'trial')} is chosen by the rows that score it, so a part of its "
            "gain is luck: expect less on other rows."
        )
    pruned, failed = (sum(trial.state == state for trial in tuned.trials) for state in ("pruned", "failed"))
    if pruned:
        said.append(f"{counted(pruned, 'trial')} given up before the last split, worse than half of the others.")
    if failed:
        said.append(f"{counted(failed, 'trial')} failed; the same command tries again.")
    return said


def _reached(tuned: Tuned, trial: Trial) -> str:
    assert trial.score is not None  # it is complete
    return score_words(tuned.tuning.metric, trial.score, trial.standard_error)


def _judged(gain: Gain) -> str:
    if gain.standard_error is None:
        return ", on a single one"
    if gain.mean < STANDARD_ERRORS * gain.standard_error:
        return ": less than two standard errors, which may well be chance"
    return ""
