"""Ray: started on this machine, or the cluster that is there; quiet, and without a word to its makers."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO

from cct_text.errors import ResourceError
from cct_text.extras import EXTRAS
from cct_text.inference.parallel import cores

logger = logging.getLogger(__name__)

ADDRESS = "RAY_ADDRESS"
"""Environment variable that names a running cluster, as Ray has it; `auto` for the one that this machine belongs to."""


@contextmanager
def cluster(workers: int | None) -> Iterator[int]:
    """A Ray that runs while the block does; gives the number of workers to start.

    A Ray that this process is connected to already is used and left as it is; then that of `RAY_ADDRESS`; without either,
    one is started on this machine and ended with the block.

    Args:
        workers: processes that predict; None for a worker on each CPU of the cluster, here each core that may be used.

    Raises:
        ResourceError: if Ray is not installed or cannot be reached.
    """
    EXTRAS["distributed"].require("ray", "pandas")
    # Before the import. Usage figures go to a server of Ray's makers unless they are switched off.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    # Otherwise what it has gathered is printed at the end, by no thread of its own.
    os.environ["RAY_DEDUP_LOGS"] = "0"
    # Otherwise workers that Ray starts here give way to all else on the machine, unlike plain `predict`.
    os.environ.setdefault("RAY_worker_niceness", "0")
    import ray
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    if ray.is_initialized():
        yield workers or _cpus()
        return
    address = os.environ.get(ADDRESS)
    options: dict[str, Any] = {} if address else {"num_cpus": workers or cores(), "include_dashboard": False}
    try:
        with _silent():
            ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **options)
    except Exception as error:  # no cluster there, no token for it, no room on the disk: Ray has many
        where = f"{ADDRESS}={address}: " if address else ""
        raise ResourceError(f"{where}Ray does not start: {(str(error).splitlines() or [''])[0]}") from None
    try:
        with redirect_stdout(_WithoutRay(sys.stdout)):
            yield workers or _cpus()
    finally:
        ray.shutdown()


class _WithoutRay:
    """Standard output as it was, but for what Ray's own threads print there: workers that died, or were told to end."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the stream's
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        if not threading.current_thread().name.startswith("ray_"):
            return self.stream.write(text)
        if text.strip():
            logger.debug("%s", text.strip())
        return len(text)


@contextmanager
def _silent() -> Iterator[None]:
    """Standard error goes nowhere: that its log level was set is told by Ray's compiled part at any level."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _cpus() -> int:
    import ray

    return max(1, int(ray.cluster_resources().get("CPU", 1)))  # type: ignore[no-untyped-call]
