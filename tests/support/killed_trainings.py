"""Trainings in processes of their own, which are killed and resumed until they end."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

from cct_text.artifacts import STATE

SMALL = {"epochs": 3, "width": 32, "max_words": 16, "vocabulary_extra_words": 0, "patience": None}

# Torch is imported once, not by every process that is about to be killed.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["cct_text.training.run"])


def train_once(folder: Path, values: dict[str, object], seconds: float, resume: bool) -> None:
    """Train on the embedded questions, with so many seconds between checkpoints."""
    import logging

    import torch

    from cct_text.training import run
    from cct_text.training.recipes import resolve_config

    logging.disable(logging.WARNING)  # that there is nothing to resume, again and again
    torch.set_num_threads(1)
    run.SECONDS_BETWEEN_CHECKPOINTS = seconds
    given = {name: value for name, value in values.items() if value is not None}
    run.train(resolve_config("questions", values=given), folder, resume=resume)


@contextmanager
def training(
    folder: Path, values: dict[str, object], *, seconds: float = 0.0, resume: bool = False
) -> Iterator[BaseProcess]:
    """A training in a process of its own, which is killed when the block ends."""
    process = _processes.Process(target=train_once, args=(folder, values, seconds, resume))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def train_whole(folder: Path, values: dict[str, object]) -> float:
    """Train undisturbed: the seconds that it took."""
    start = time.monotonic()
    with training(folder, values, seconds=1e9) as process:
        process.join()
        assert process.exitcode == 0
    return time.monotonic() - start


def at_random(random: Random, seconds: float) -> Callable[[Path], bool]:
    """Whether to kill a training now: after a time of up to so many seconds."""
    end = time.monotonic() + random.uniform(0.0, seconds)
    return lambda folder: time.monotonic() > end


def while_writing(folder: Path) -> bool:
    """Whether to kill a training now: when a checkpoint is being written."""
    return any((folder / STATE).glob(".checkpoint*.part"))


def killed(folder: Path, values: dict[str, object], now: Callable[[Path], bool], *, seconds: float = 0.0) -> bool:
    """Go on with a training until `now` says that it is to be killed; False if it ended before."""
    with training(folder, values, seconds=seconds, resume=True) as process:
        while process.is_alive():
            if now(folder):
                process.kill()
            time.sleep(0.0005)
        process.join()
        assert process.exitcode in (0, -9), process.exitcode
        return process.exitcode == -9
