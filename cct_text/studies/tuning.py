"""Search better options for a data set, scored on dev alone, and write what was found as a recipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tomli_w

from cct_text.artifacts import RunFolder
from cct_text.atomic_writes import write_atomically
from cct_text.config import Config
from cct_text.datasets import Dataset, load_dataset
from cct_text.errors import CCTTextError, UsageError
from cct_text.inference.parallel import cores
from cct_text.locks import LOCK, held
from cct_text.studies.compare import write_table
from cct_text.studies.crew import in_workers
from cct_text.studies.trial_log import TrialLog
from cct_text.studies.trials import SplitScore, Trial
from cct_text.studies.tuning_plan import Tuning, on_split, without_test_file
from cct_text.studies.tuning_result import DevSplit, Tuned, score_words

RESULT = "tuning.json"
RECIPE = "best.toml"
TABLE = "trials"
"""Name of the tidy table, `.csv` and `.parquet`."""


class TuningObserver:
    """Hears how a search goes on; this one keeps silent, a command line shows it."""

    def started(self, tuning: Tuning, dev: DevSplit, trials: Sequence[Trial]) -> None:
        """The search begins; `trials` were scored by earlier calls."""

    def changed(self, trial: Trial) -> None:
        """A trial began, was scored on a split, or ended."""


def tune(tuning: Tuning, *, workers: int | None = None, observer: TuningObserver | None = None) -> Tuned:
    """Make trials until as many are scored or pruned as are wanted; one that fails does not stop the others.

    Killed and repeated, it goes on where it stopped. `tuning.json`, `trials.csv`, `trials.parquet` and, if a trial was
    scored, `best.toml` are written into the study's folder.

    Args:
        tuning: what to search.
        workers: processes, of one thread each; as many as there are cores when not given.
        observer: hears of each trial.

    Raises:
        UsageError: if the folder cannot be written to, holds trials of another search, or is at work already; if there
            is no dev split.
        DataError: if the data set cannot be used.
        ResourceError: if the data set is not here and cannot be fetched.
    """
    observer = observer or TuningObserver()
    RunFolder(tuning.out).require_writable()
    dataset = load_dataset(without_test_file(tuning.base).data)
    dev = _dev(dataset)
    taken = f"{tuning.out}: another command is tuning there; wait for it, or choose another --out"
    # A second command would take the first one's running trials for interrupted ones.
    with held(tuning.out / LOCK, patience=0, taken=taken):
        log = TrialLog(tuning, dataset.sha256)
        earlier = [trial for trial in log.trials() if trial.state in ("complete", "pruned")]
        observer.started(tuning, dev, earlier)
        search = _Search(log, dev, tuning.trials - len(earlier), observer)
        for reached in in_workers(_score, search.jobs(), workers=workers or cores(), lost=_lost):
            search.take(reached)
        tuned = Tuned(tuning, dev, dataset.sha256, tuple(log.trials()))
        _write(tuned)
    return tuned


@dataclass(frozen=True)
class _Job:
    """A trial's run on a split: its number in the log, its options there, and the figure that scores it."""

    number: int
    config: Config
    metric: str


class _Search:
    """Hands out runs as the log suggests trials, and tells the log what they reached.

    Args:
        log: of the trials.
        dev: what they are scored on.
        wanted: how many more to begin.
        observer: hears of each.
    """

    def __init__(self, log: TrialLog, dev: DevSplit, wanted: int, observer: TuningObserver) -> None:
        self.log = log
        self.dev = dev
        self.wanted = wanted
        self.observer = observer
        self.going_on: list[Trial] = []

    def jobs(self) -> Iterator[_Job | None]:
        """The next split of a trial that goes on, or the first of a new one; None while there is neither."""
        while True:
            if self.going_on:
                yield self._next_split(self.going_on.pop())
            elif self.wanted > 0:
                self.wanted -= 1
                trial = self.log.ask()
                self.observer.changed(trial)
                yield self._next_split(trial)
            else:
                yield None

    def take(self, reached: SplitScore) -> None:
        """A run ended."""
        trial = self.log.record(reached)
        self.observer.changed(trial)
        if trial.state == "running":
            self.going_on.append(trial)

    def _next_split(self, trial: Trial) -> _Job:
        config = on_split(trial.config, len(trial.scores), dev_is_cut=self.dev.is_cut)
        return _Job(trial.number, config, self.log.tuning.metric)


def _score(job: _Job) -> SplitScore:
    """Train on a split, in a worker."""
    try:
        return _trained(job)
    except CCTTextError as error:
        return SplitScore(job.number, None, 0.0, str(error))
    except Exception as error:
        return SplitScore(job.number, None, 0.0, f"{type(error).__name__}: {error}")


def _trained(job: _Job) -> SplitScore:
    """The figure on dev of the epoch that a run would keep; of the test split nothing is looked at."""
    from cct_text.training.fitting import fit_on_dev

    reached = fit_on_dev(job.config)
    return SplitScore(job.number, reached.kept.to_dict()[f"dev_{job.metric}"], reached.seconds, None)


def _lost(job: _Job) -> SplitScore:
    return SplitScore(job.number, None, 0.0, "a worker was killed (is there memory enough?)")


def _dev(dataset: Dataset) -> DevSplit:
    if not len(dataset.dev):
        raise UsageError(
            f"{dataset.name}: has no dev split, on which trials are scored; "
            "name one by --dev FILE, or cut one by --set dev_fraction=0.1"
        )
    return DevSplit(len(dataset.dev), dataset.dev_is_cut)


def _write(tuned: Tuned) -> None:
    """The answer as files in the study's folder."""
    out, best = tuned.tuning.out, tuned.best
    RunFolder(out).write_json(RESULT, tuned.to_dict())
    write_table(out / TABLE, tuned.table())
    if best is not None:
        with write_atomically(out / RECIPE) as path:
            path.write_text(_recipe(tuned, best), encoding="utf-8")


def _recipe(tuned: Tuned, best: Trial) -> str:
    """The best trial's options as a recipe to be copied and owned."""
    tuning = tuned.tuning
    assert best.score is not None  # it is complete
    reached = score_words(tuning.metric, best.score, best.standard_error)
    where = tuned.dev.words(tuning.splits)
    head = f"# Trial {best.number} of `cct-text tune {tuning.dataset}`: {tuning.metric} {reached} over {where}.\n\n"
    return head + tomli_w.dumps(tuning.options(best.config))
