"""Work spread over the processor's cores, its results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def own_cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores() -> int:
    """Threads to use: the cores that this process may run on; fewer where OMP_NUM_THREADS says so, as it does to torch."""
    available = own_cores()
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(available, int(wanted)) if wanted.isdecimal() and int(wanted) else available


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`map` on a thread for each core; no more items are taken than keep the threads busy.

    Each thread computes by itself: what a matrix product is split into inside is one piece. For NumPy's arithmetic and
    Arrow's kernels, which let other threads run. Where taking an item fails, the results of those before it come first.
    """
    workers = cores()
    pending: deque[Future[Result]] = deque()
    with _one_thread_a_product, ThreadPoolExecutor(workers) as pool:
        try:
            failure: Exception | None = None
            source = iter(items)
            while failure is None:
                try:
                    pending.append(pool.submit(function, next(source)))
                except StopIteration:
                    break
                except Exception as error:
                    failure = error
                # One more than there are threads: the next begins while the caller deals with a result.
                if len(pending) > workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
            if failure is not None:
                raise failure
        finally:
            for future in pending:
                future.cancel()


class _OneThreadAProduct:
    """Keeps BLAS at one thread from when the first enters until the last leaves: the limit is the whole process'."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.inside = 0

    def __enter__(self) -> None:
        from threadpoolctl import threadpool_limits

        with self.lock:
            if not self.inside:
                self.limits = threadpool_limits(1, user_api="blas")
            self.inside += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside:
                self.limits.restore_original_limits()


_one_thread_a_product = _OneThreadAProduct()
