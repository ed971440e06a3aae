"""Several runs at once, each in a process of its own with one thread.

A small network keeps one core busy and gains little from a second: two runs side by side are done sooner than one after
the other on two threads each.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import Any

from cct_text.config import Config
from cct_text.errors import CCTTextError
from cct_text.inference.parallel import cores


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
    waiting = deque(jobs)
    most = min(workers or workers_for(len(jobs), cores()), len(jobs))
    crew: dict[Connection, _Worker] = {}
    try:
        while waiting or crew:
            while waiting and len(crew) < most:
                worker = _Worker(waiting.popleft())
                crew[worker.connection] = worker
            for connection in wait(list(crew)):
                assert isinstance(connection, Connection)
                outcome = crew[connection].outcome()
                if waiting and crew[connection].give(waiting[0]):
                    waiting.popleft()
                else:
                    crew.pop(connection).leave()
                yield outcome
    finally:
        _dismiss(list(crew.values()))


class _Worker:
    """A process with one thread that makes one run after another.

    Args:
        job: its first.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.connection, theirs = multiprocessing.Pipe()
        # A fresh interpreter: a fork would take over the locks of threads that it does not take over.
        context = multiprocessing.get_context("spawn")
        self.process = context.Process(target=_work, args=(theirs,), daemon=True)
        with _interrupts_held():
            self.process.start()
        theirs.close()
        self.give(job)

    def give(self, job: Job) -> bool:
        """Have it make a run; False if it is no more."""
        self.job = job
        try:
            self.connection.send(job)
        except OSError:
            return False
        return True

    def outcome(self) -> Outcome:
        """What became of its job; where it was killed, that."""
        try:
            outcome: Outcome = self.connection.recv()
        except (EOFError, OSError):
            return Outcome(self.job, None, "a worker was killed (is there memory enough?); start again to go on")
        return outcome

    def leave(self) -> None:
        """Let it end: it has nothing to do."""
        self.connection.close()
        self.process.join()


def _dismiss(crew: Sequence[_Worker]) -> None:
    """Have workers stop what they do, keep their state and end; interrupted once more, they are killed."""
    try:
        for worker in crew:
            worker.process.terminate()
        for worker in crew:
            worker.leave()
    except KeyboardInterrupt:  # of someone who stops already
        for worker in crew:
            worker.process.kill()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C on a terminal reaches all its processes: those that are started here never hear of it, this one later."""
    resource_tracker.ensure_running()  # it would be started along with the first, and let interrupts through
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _work(connection: Connection) -> None:
    """What a worker does: runs, until there are no more or it is told to stop."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        _use_one_thread()
        while True:
            connection.send(_train(connection.recv()))
    except (EOFError, OSError, KeyboardInterrupt):
        return


def _stop(number: int, frame: FrameType | None) -> None:
    """Stop as a run in the foreground stops at Ctrl-C: it keeps its state."""
    raise KeyboardInterrupt


def _use_one_thread() -> None:
    import pyarrow as pa
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    pa.set_cpu_count(1)
    threadpool_limits(1)


def _train(job: Job) -> Outcome:
    try:
        return Outcome(job, _metrics(job), None)
    except CCTTextError as error:
        return Outcome(job, None, str(error))
    except Exception as error:
        return Outcome(job, None, f"{type(error).__name__}: {error}")


def _metrics(job: Job) -> dict[str, Any]:
    """The job done: the content of its `metrics.json`."""
    if job.learner is not None:
        from cct_text.studies.baselines.run import train_baseline

        return train_baseline(job.learner, job.config, job.out)
    from cct_text.artifacts import METRICS, RunFolder
    from cct_text.training.checkpoint import has_checkpoint
    from cct_text.training.run import train

    folder = RunFolder(job.out)
    begun = has_checkpoint(folder) or folder.file(METRICS).exists()
    return train(job.config, job.out, resume=begun)
