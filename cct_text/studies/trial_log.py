"""The trials of a search: what they tried and reached, kept in a file as they go on, and what to try next.

Optuna suggests the options (tree-structured Parzen estimators, Bergstra et al. 2011), keeps the trials in its journal,
and says which to give up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cct_text.errors import CCTTextError, DataError, UsageError
from cct_text.studies.search_space import value_of
from cct_text.studies.trials import SplitScore, State, Trial
from cct_text.studies.tuning_plan import Tuning

if TYPE_CHECKING:
    from optuna import Study
    from optuna import Trial as Suggestion
    from optuna.trial import FrozenTrial

JOURNAL = "trials.journal"
NAME = "tuning"
"""Of the study in the journal."""
TRIALS_BEFORE_PRUNING = 5
"""So many are scored on all splits, whatever they reach."""

RECIPE, REPEATS, SCORES, SECONDS, ERROR = "recipe", "repeats", "scores", "seconds", "error"
"""What a trial of the journal is told to remember."""
STATES: dict[str, State] = {"RUNNING": "running", "COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
"""Optuna's names and ours."""
_LARGEST = 1e100
"""Of a score or a time: means of larger ones may be infinite, which no result can tell."""


class TrialLog:
    """All trials of a study folder, those of earlier calls included.

    A trial that was running when an earlier call was stopped, and one that failed in it, are tried again first: nobody
    else may have the folder's trials open meanwhile.

    Args:
        tuning: what is searched.
        data: checksum of the data set.

    Raises:
        UsageError: if the folder's trials are of another search, or the journal cannot be read or written.
        DataError: if the journal is damaged.
    """

    def __init__(self, tuning: Tuning, data: str) -> None:
        self.tuning = tuning
        self.running: dict[int, Suggestion] = {}
        with _journal_of(tuning) as path:
            self.study = _open(path, tuning)
            self._require_same_search(data)
            self._begin()
            self.trials()

    def trials(self) -> list[Trial]:
        """All that ended or are running, in the order in which they began; of repeated ones the last."""
        frozen = self.study.get_trials(deepcopy=False)
        repeated = {trial.user_attrs.get(REPEATS) for trial in frozen}
        return [self._read(trial) for trial in frozen if trial.number not in repeated and trial.state.name in STATES]

    def ask(self) -> Trial:
        """Begin another trial.

        Raises:
            DataError: if the trials so far were not of this search.
        """
        from optuna.samplers import TPESampler

        # A sampler for each: its numbers depend on the trials so far, and not on where a call began.
        entropy = (self.tuning.base.training.seed, sum(map(_counts, self.study.get_trials(deepcopy=False))))
        self.study.sampler = TPESampler(seed=int(np.random.SeedSequence(entropy).generate_state(1)[0]))
        with _journal_of(self.tuning):
            suggestion = self.study.ask()
            recipe = self._recipe()
            for option in self.tuning.space:
                if RECIPE not in suggestion.user_attrs or option.name in recipe:
                    option.suggest(suggestion)
        self.running[suggestion.number] = suggestion
        return self._trial(suggestion.number)

    def record(self, reached: SplitScore) -> Trial:
        """Take what a running trial reached on its next split; how it stands now.

        Raises:
            UsageError: if the journal cannot be written.
        """
        from optuna.trial import TrialState

        suggestion = self.running[reached.number]
        with _journal_of(self.tuning):
            ended: tuple[TrialState, float | None] | None = None
            if reached.score is None:
                suggestion.set_user_attr(ERROR, reached.error)
                ended = TrialState.FAIL, None
            else:
                scores = (*suggestion.user_attrs.get(SCORES, ()), reached.score)
                suggestion.set_user_attr(SCORES, scores)
                suggestion.set_user_attr(SECONDS, suggestion.user_attrs.get(SECONDS, 0.0) + reached.seconds)
                mean = float(np.mean(scores))
                suggestion.report(mean, step=len(scores) - 1)
                if len(scores) == self.tuning.splits:
                    ended = TrialState.COMPLETE, mean
                elif RECIPE not in suggestion.user_attrs and suggestion.should_prune():
                    ended = TrialState.PRUNED, None
            if ended is not None:
                state, value = ended
                self.study.tell(self.running.pop(reached.number), value, state)
        return self._trial(reached.number)

    def _trial(self, number: int) -> Trial:
        return self._read(self.study.get_trials(deepcopy=False)[number])

    def _read(self, trial: FrozenTrial) -> Trial:
        attributes = trial.user_attrs
        base, recipe = self.tuning.base, RECIPE in attributes
        return Trial(
            number=trial.number,
            state=STATES[trial.state.name],
            recipe=recipe,
            config=base if recipe else base.with_values(trial.params, source=f"trial {trial.number}"),
            scores=tuple(map(_number, attributes.get(SCORES, ()))),
            seconds=_number(attributes.get(SECONDS, 0.0)),
            error=attributes.get(ERROR),
        )

    def _recipe(self) -> dict[str, object]:
        """The recipe's own values, as far as they lie in what is searched."""
        base = self.tuning.base
        values = {option.name: value_of(base, option.name) for option in self.tuning.space}
        if values.get("embedding_learning_rate", 0.0) is None:
            values["embedding_learning_rate"] = base.training.learning_rate
        found = {option.name: option.parameter(values[option.name]) for option in self.tuning.space}
        return {name: value for name, value in found.items() if value is not None}

    def _begin(self) -> None:
        """See that the recipe comes first, and again what an earlier call did not bring to its end."""
        from optuna.trial import TrialState

        trials = self.study.get_trials()
        if not trials:
            self.study.enqueue_trial(self._recipe(), user_attrs={RECIPE: True})
        repeated = {trial.user_attrs.get(REPEATS) for trial in trials}
        for trial in trials:
            if trial.state == TrialState.RUNNING:
                self.study.tell(trial.number, state=TrialState.FAIL)
            if trial.state in (TrialState.RUNNING, TrialState.FAIL) and trial.number not in repeated:
                kept = {RECIPE: True} if RECIPE in trial.user_attrs else {}
                tried = self._tried(trial, trials)
                self.study.enqueue_trial(tried, user_attrs={**kept, REPEATS: trial.number})

    def _tried(self, trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> dict[str, object]:
        """The options of a trial, to be tried again; none where it was stopped before it had been given all of them.

        With some, the numbers that were drawn for these would be drawn for others.
        """
        if RECIPE in trial.user_attrs:
            return self._recipe()
        if len(trial.params) == len(self.tuning.space):
            return trial.params
        return self._tried(trials[trial.user_attrs[REPEATS]], trials) if REPEATS in trial.user_attrs else {}

    def _require_same_search(self, data: str) -> None:
        """See that the trials of the folder, if there are any, can be set beside those to come."""
        wanted = _identity(self.tuning, data)
        found = self.study.user_attrs.get(NAME)
        if found is None:
            self.study.set_user_attr(NAME, wanted)
        elif found != wanted:
            raise UsageError(
                f"{self.tuning.out}: holds trials of another search: {_differences(found, wanted)}; "
                "repeat its command, or choose another --out"
            )


def _counts(trial: FrozenTrial) -> bool:
    """Whether a trial is one of an uninterrupted search."""
    return trial.state.name in ("RUNNING", "COMPLETE", "PRUNED") or ERROR in trial.user_attrs


def _number(value: object) -> float:
    if type(value) not in (int, float):
        raise TypeError(f"{value!r:.40} is no number")
    number = float(value)  # type: ignore[arg-type]
    if not abs(number) < _LARGEST:
        raise ValueError(f"{number} is no score or time")
    return number


@contextmanager
def _journal_of(tuning: Tuning) -> Iterator[Path]:
    """The journal, while it is read.

    Raises:
        KeyboardInterrupt: if Ctrl-C found optuna at its lock, of which it then makes an error of its own.
        DataError: if it is damaged.
        UsageError: if it cannot be read or written.
    """
    path = (tuning.out / JOURNAL).absolute()  # its lock is a link, which leads nowhere from a relative one
    try:
        yield path
    except CCTTextError:
        raise
    except Exception as error:  # optuna believes what it reads, and fails anywhere
        if _came_of_ctrl_c(error):
            raise KeyboardInterrupt from error
        if not isinstance(error, OSError):
            raise DataError(f"damaged: {error!r}; remove it to start afresh", path=path) from None
        raise UsageError(f"{path}: cannot go on with it: {error.strerror or error}") from error


def _came_of_ctrl_c(error: BaseException) -> bool:
    """Whether an error was raised while a KeyboardInterrupt was handled."""
    before = error.__context__
    return before is not None and (isinstance(before, KeyboardInterrupt) or _came_of_ctrl_c(before))


def _open(path: Path, tuning: Tuning) -> Study:
    """The study in a journal; a new one where there is none."""
    import optuna
    from optuna.pruners import MedianPruner
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it tells of each step on standard error
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(f"{JOURNAL}.lock").unlink(missing_ok=True)  # of a command that was killed: optuna would wait for it
    _drop_half_line(path)
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(path))),
        pruner=MedianPruner(n_startup_trials=TRIALS_BEFORE_PRUNING),
        study_name=NAME,
        direction="maximize" if tuning.upwards else "minimize",
        load_if_exists=True,
    )


def _drop_half_line(path: Path) -> None:
    """Remove what a command that was killed wrote of a line: optuna would write the next one behind it."""
    if path.exists():
        with path.open("r+b") as file:
            if whole := file.read().rfind(b"\n") + 1:
                file.truncate(whole)


def _identity(tuning: Tuning, data: str) -> dict[str, Any]:
    """What all trials of a study have in common."""
    return {
        "data_sha256": data,
        "metric": tuning.metric,
        "splits": tuning.splits,
        "search": " ".join(sorted(map(str, tuning.space))),
        **{
            f"{section}.{name}": value
            for section, options in tuning.base.to_dict().items()
            for name, value in options.items()
        },
    }


def _differences(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} = {found.get(name)!r} (now {wanted.get(name)!r})"
        for name in wanted | found
        if found.get(name) != wanted.get(name)
    )
