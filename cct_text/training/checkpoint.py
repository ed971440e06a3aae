"""The state of a run in progress: everything that the next step depends on, in one file, written whole."""

from __future__ import annotations

import io
import shutil
import time
from typing import Any

import torch

from cct_text.artifacts import STATE, RunFolder
from cct_text.atomic_writes import write_atomically
from cct_text.config import Config
from cct_text.errors import DataError, UsageError

CHECKPOINT = f"{STATE}/checkpoint.pt"


def has_checkpoint(folder: RunFolder) -> bool:
    """Whether an interrupted run left its state."""
    return folder.file(CHECKPOINT).exists()


class Checkpoint:
    """Keeps the state of a run: in memory as often as it is given, in the run folder every so often and at the end.

    Args:
        folder: the run folder.
        config: the options of the run.
        seconds: between two writes.
    """

    def __init__(self, folder: RunFolder, config: Config, seconds: float) -> None:
        self.folder = folder
        self.config = config
        self.seconds = seconds
        self.written_at = time.monotonic()
        self.content = io.BytesIO()

    def keep(self, state: dict[str, Any]) -> None:
        """Take the state after a step."""
        content = io.BytesIO()
        torch.save({"config": self.config.to_toml(), **state}, content)
        self.content = content  # whole: an interrupt before leaves the one that was taken before
        if self.is_due():
            self.write()

    def is_due(self) -> bool:
        """Whether the last one was written long ago."""
        return time.monotonic() - self.written_at > self.seconds

    def write(self) -> None:
        """Write the state that was kept last, if it is not written already."""
        if self.content.tell():
            # Not by torch, which tells a full disk by an exception of its own.
            with write_atomically(self.folder.file(CHECKPOINT)) as path:
                path.write_bytes(self.content.getbuffer())
            self.content = io.BytesIO()
            self.written_at = time.monotonic()


def load_checkpoint(folder: RunFolder, config: Config) -> dict[str, Any] | None:
    """The state that a `Checkpoint` wrote; None where there is none.

    Raises:
        DataError: if the file is damaged.
        UsageError: if it belongs to a run with other options.
    """
    path = folder.file(CHECKPOINT)
    if not has_checkpoint(folder):
        return None
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        saved = Config().with_toml(state["config"], source=str(path))
    except Exception as error:
        raise DataError(f"damaged ({type(error).__name__}); remove it to start afresh", path=path) from None
    require_equal(saved, config, f"{folder.path}: the interrupted run")
    return state


def require_equal(saved: Config, config: Config, what: str) -> None:
    """See that a run to go on with is the one that is asked for.

    Raises:
        UsageError: naming the options in which they differ.
    """
    if saved != config:
        raise UsageError(
            f"{what} has other options: {differences(saved, config)}; repeat its command, or choose another --out"
        )


def remove_checkpoint(folder: RunFolder) -> None:
    """Remove the state of a run that ended, and what a killed process left beside it."""
    shutil.rmtree(folder.file(STATE), ignore_errors=True)


def differences(old: Config, new: Config) -> str:
    """The options in which two configurations differ, as `name = old (now new)`."""
    before, after = old.to_dict(), new.to_dict()
    return ", ".join(
        f"{name} = {before[section].get(name)!r} (now {after[section].get(name)!r})"
        for section in before
        for name in sorted(before[section].keys() | after[section].keys())
        if before[section].get(name) != after[section].get(name)
    )
