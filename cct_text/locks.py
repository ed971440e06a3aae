"""One process at a time: in a run folder, in a study, at an output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from cct_text.artifacts import RunFolder
from cct_text.errors import UsageError

LOCK = ".lock"
"""In a folder that one process holds."""
PATIENCE = 20.0
"""Seconds to wait for a process that is about to end: longer than the workers of a killed study take to stop."""


@contextmanager
def held(lock: Path, *, patience: float, taken: str) -> Iterator[None]:
    """Hold a lock file, whose folder is made where it is not there; nothing is left of the file.

    Args:
        lock: the file.
        patience: seconds to wait for another process.
        taken: what to say where that does not let go.

    Raises:
        UsageError: if another process holds it.
        OSError: if it cannot be written.
    """
    from filelock import FileLock, Timeout

    file = FileLock(lock, timeout=patience)
    try:
        while not file.is_locked:
            # Again where one who held it has removed the folder: it failed before it wrote anything.
            lock.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                file.acquire()
    except Timeout:
        raise UsageError(taken) from None
    try:
        yield
    finally:
        # Before it is released: afterwards it may be another's. Who waits for a removed file asks for a new one.
        lock.unlink(missing_ok=True)
        file.release()


@contextmanager
def alone_in(folder: RunFolder) -> Iterator[None]:
    """Hold a run folder: two processes in it would overwrite each other's state.

    Raises:
        UsageError: if another process holds the folder, or it cannot be written to.
    """
    folder.require_writable()
    made = [path for path in (folder.path, *folder.path.parents) if not path.exists()]
    taken = f"{folder.path}: another process trains into this folder; wait for it, or choose another --out"
    with ExitStack() as stack:
        stack.callback(_remove_empty, made)
        try:
            stack.enter_context(held(folder.file(LOCK), patience=PATIENCE, taken=taken))
        except OSError as error:
            raise UsageError(f"{folder.path}: cannot write: {error.strerror or error}") from error
        yield


def _remove_empty(folders: list[Path]) -> None:
    """A run that fails before it writes anything leaves no folder."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
