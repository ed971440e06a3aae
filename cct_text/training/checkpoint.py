"""The state of a run in progress: everything that the next step depends on, in one file, written whole.

The file is what `torch.save` writes, behind the SHA-256 of it, for torch itself does not look at checksums.
"""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import torch

from cct_text.artifacts import STATE, RunFolder
from cct_text.atomic_writes import write_atomically
from cct_text.config import Config
from cct_text.errors import DataError, UsageError
from cct_text.training.loop import Trainer

CHECKPOINT = f"{STATE}/checkpoint.pt"
FORMAT = 2
"""Version of what is in it; another one is refused."""
_DIGEST = sha256().digest_size


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
        torch.save({"format": FORMAT, "config": self.config.to_toml(), **state}, content)
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
            with write_atomically(self.folder.file(CHECKPOINT)) as path, path.open("wb") as file:
                file.write(sha256(self.content.getbuffer()).digest())
                file.write(self.content.getbuffer())
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
        content = path.read_bytes()
    except OSError as error:
        raise _unusable(folder, f"cannot read: {error.strerror}") from None
    if sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
        raise _unusable(folder, "damaged: its checksum is another")
    try:
        state: dict[str, Any] = torch.load(io.BytesIO(content[_DIGEST:]), weights_only=True, map_location="cpu")
        version = int(state["format"])
        saved = Config().with_toml(state["config"], source=str(path))
    except Exception as error:
        raise _unusable(folder, f"damaged ({type(error).__name__})") from None
    if version != FORMAT:
        raise _unusable(folder, f"of format {version}, this version reads {FORMAT}")
    require_equal(saved, config, f"{folder.path}: the interrupted run")
    return state


def take_over(state: Mapping[str, Any], trainer: Trainer, folder: RunFolder) -> None:
    """Put a new trainer where the state that was read says.

    Raises:
        DataError: if the state has not all that a trainer needs, in the right types and shapes.
        UsageError: if it is of another number of processes.
    """
    for name, own in trainer.state_dict().items():
        if name not in state or not _alike(state[name], own):
            raise _unusable(folder, f"damaged: no {name} of this run")
    try:
        trainer.load_state_dict(state)
    except (AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise _unusable(folder, f"damaged ({type(error).__name__})") from None


def _alike(value: Any, own: Any) -> bool:  # noqa: ANN401 - whatever a state holds
    if isinstance(own, torch.Tensor):
        return isinstance(value, torch.Tensor) and (value.shape, value.dtype) == (own.shape, own.dtype)
    if isinstance(own, dict):
        return isinstance(value, dict) and all(name in value and _alike(value[name], own[name]) for name in own)
    return type(value) is type(own)


def _unusable(folder: RunFolder, why: str) -> DataError:
    return DataError(f"{why}; remove it to start afresh", path=folder.file(CHECKPOINT))


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
