"""Processes that work beside each other, each with one thread."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from threading import Thread
from types import FrameType
from typing import Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

SECONDS_TO_STOP = 10.0
"""A worker without a parent that has not stopped by then, as in a long call of a library, ends as it is."""


def in_workers(
    make: Callable[[Job], Result], jobs: Iterable[Job | None], *, workers: int, lost: Callable[[Job], Result]
) -> Iterator[Result]:
    """Do some jobs, several at a time, and yield what comes of each as it ends.

    A job is asked for when a worker is free, after the results so far were taken. Whoever is interrupted or asks for no
    more stops the jobs that have begun, by a KeyboardInterrupt in them; so does the end of this process, however it ends.

    Args:
        make: does a job, in another process: a function of a module, that raises nothing.
        jobs: what to do; None where there is nothing to do until another result was taken, if then.
        workers: processes, of one thread each; fewer where there are fewer jobs.
        lost: what comes of a job whose worker was killed.
    """
    waiting = iter(jobs)
    crew: dict[Connection, _Worker[Job, Result]] = {}
    try:
        while True:
            while len(crew) < workers and (job := next(waiting, None)) is not None:
                worker = _Worker(make, job)
                crew[worker.connection] = worker
            if not crew:
                return
            for connection in wait(list(crew)):
                assert isinstance(connection, Connection)
                worker = crew[connection]
                yield worker.result(lost)
                job = next(waiting, None)
                if job is None or not worker.alive:
                    crew.pop(connection).leave()
                    if job is not None:
                        worker = _Worker(make, job)
                        crew[worker.connection] = worker
                else:
                    worker.give(job)
    finally:
        _dismiss(list(crew.values()))


class _Worker(Generic[Job, Result]):
    """A process with one thread that does one job after another.

    Args:
        make: does a job.
        job: its first.
    """

    def __init__(self, make: Callable[[Job], Result], job: Job) -> None:
        self.job = job
        self.alive = True
        self.connection, theirs = multiprocessing.Pipe()
        # A fresh interpreter: a fork would take over the locks of threads that it does not take over.
        context = multiprocessing.get_context("spawn")
        self.process = context.Process(target=_work, args=(make, theirs), daemon=True)
        with _interrupts_held():
            self.process.start()
        theirs.close()
        self.give(job)

    def give(self, job: Job) -> None:
        """Have it do a job; that it was killed in between is told as the job's result."""
        self.job = job
        with suppress(OSError):
            self.connection.send(job)

    def result(self, lost: Callable[[Job], Result]) -> Result:
        """What came of its job."""
        try:
            result: Result = self.connection.recv()
        except (EOFError, OSError):
            self.alive = False
            return lost(self.job)
        return result

    def leave(self) -> None:
        """Let it end: it has nothing to do."""
        self.connection.close()
        self.process.join()


def _dismiss(crew: Sequence[_Worker[Job, Result]]) -> None:
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
    """Ctrl-C on a terminal, and its end, reach all its processes: those that start here never hear of it, this one later."""
    resource_tracker.ensure_running()  # it would be started along with the first, and let interrupts through
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGHUP})


def _work(make: Callable[[Job], Result], connection: Connection) -> None:
    """What a worker does: jobs, until there are no more or it is told to stop."""
    signal.signal(signal.SIGTERM, _stop)
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        _use_one_thread()
        while True:
            connection.send(make(connection.recv()))
            _give_memory_back()
    except (EOFError, OSError, KeyboardInterrupt):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends


def _stop(number: int, frame: FrameType | None) -> None:
    """Stop as a run in the foreground stops at Ctrl-C: it keeps its state."""
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    """Stop when the parent is gone: killed at once, it could tell no worker."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    time.sleep(0.2)  # an idle worker hears of it by its connection, and is not to be interrupted while it ends
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_STOP)
    os._exit(1)


def _give_memory_back() -> None:
    """Return what a job has freed: glibc and Arrow keep it for later, and other workers have need of it meanwhile."""
    import pyarrow as pa

    gc.collect()
    pa.default_memory_pool().release_unused()
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # not glibc
        return
    trim(0)


def _use_one_thread() -> None:
    import pyarrow as pa
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    pa.set_cpu_count(1)
    threadpool_limits(1)
