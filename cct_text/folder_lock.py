"""One process at a time trains into a run folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cct_text.artifacts import RunFolder
from cct_text.errors import UsageError

LOCK = ".lock"
PATIENCE = 20.0
"""Seconds to wait for a process that is about to end: longer than the workers of a killed study take to stop."""


@contextmanager
def alone_in(folder: RunFolder) -> Iterator[None]:
    """Hold a run folder: two processes in it would overwrite each other's state. Nothing is left of the lock.

    Raises:
        UsageError: if another process holds the folder, or it cannot be written to.
    """
    from filelock import FileLock, Timeout

    folder.require_writable()
    made = [path for path in (folder.path, *folder.path.parents) if not path.exists()]
    lock = FileLock(folder.file(LOCK), timeout=PATIENCE)
    try:
        while not lock.is_locked:
            # Again where one who held it has removed the folder: it failed before it wrote anything.
            folder.path.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                lock.acquire()
    except Timeout:
        raise UsageError(
            f"{folder.path}: another process trains into this folder; wait for it, or choose another --out"
        ) from None
    except OSError as error:
        raise UsageError(f"{folder.path}: cannot write: {error.strerror or error}") from error
    try:
        yield
    finally:
        # Before it is released: afterwards it may be another's. Who waits for a removed file asks for a new one.
        folder.file(LOCK).unlink(missing_ok=True)
        lock.release()
        _remove_empty(made)


def _remove_empty(folders: list[Path]) -> None:
    """A run that fails before it writes anything leaves no folder."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
