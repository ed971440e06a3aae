"""Several runs at once, each in a process of its own with one thread.

A small network keeps one core busy and gains little from a second: two runs side by side are done sooner than one after
the other on two threads each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cct_text.config import Config
from cct_text.errors import CCTTextError
from cct_text.inference.parallel import cores
from cct_text.studies.crew import in_workers


@dataclass(frozen=True)
class Job:
    """A run to make.

    Attributes:
        config: all its options.
        out: its run folder.
        learner: the baseline that learns in the network's place; None for the network.
    """

    config: Config
    out: Path
    learner: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        job: the job.
        metrics: the content of the run's `metrics.json`; None where it failed.
        error: what went wrong, in a line; None where nothing did.
    """

    job: Job
    metrics: dict[str, Any] | None
    error: str | None


def workers_for(jobs: int, cores: int) -> int:
    """How many workers end some equally long jobs first; the fewest of those.

    As many as there are cores, but for a last round that would leave cores idle: five jobs on two cores take 3 times as
    long as one with two workers (2 + 2 + 1), and 2.5 times as long with three, which share the cores (3 at 2/3 of the
    speed, then 2).
    """

    def rounds(workers: int) -> float:
        full, rest = divmod(jobs, workers)
        return full * max(1.0, workers / cores) + (max(1.0, rest / cores) if rest else 0.0)

    return min(range(1, max(1, min(jobs, 2 * cores)) + 1), key=lambda workers: (rounds(workers), workers))


def train_all(jobs: Sequence[Job], *, workers: int | None = None) -> Iterator[Outcome]:
    """Make some runs, `workers` at a time, and yield each as it ends; one that fails does not stop the others.

    A finished run in a job's folder is taken as it is, an interrupted one is gone on with. Whoever is interrupted or asks
    for no more outcomes stops the runs that have begun; they keep their state.

    Args:
        jobs: what to train.
        workers: processes, of one thread each; as many as suit the jobs and the cores when not given.
    """
    return in_workers(_train, jobs, workers=workers or workers_for(len(jobs), cores()), lost=_lost)


def _lost(job: Job) -> Outcome:
    return Outcome(job, None, "a worker was killed (is there memory enough?); start again to go on")


def attempt(job: Job, make: Callable[[Job], dict[str, Any]]) -> Outcome:
    """What becomes of a job when it is made; what goes wrong is told in its outcome.

    Args:
        job: the job.
        make: makes a run; the content of its `metrics.json`.
    """
    try:
        return Outcome(job, make(job), None)
    except CCTTextError as error:
        return Outcome(job, None, str(error))
    except Exception as error:
        return Outcome(job, None, f"{type(error).__name__}: {error}")


def _train(job: Job) -> Outcome:
    return attempt(job, _metrics)


def _metrics(job: Job) -> dict[str, Any]:
    """The job done: the content of its `metrics.json`."""
    if job.learner is not None:
        from cct_text.studies.baselines.run import train_baseline

        return train_baseline(job.learner, job.config, job.out)
    from cct_text.artifacts import RunFolder
    from cct_text.figures import has_figures
    from cct_text.training.checkpoint import has_checkpoint
    from cct_text.training.run import train

    folder = RunFolder(job.out)
    begun = has_checkpoint(folder) or has_figures(folder)
    return train(job.config, job.out, resume=begun)
