"""Trainings in processes of their own, which are killed and resumed until they end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from random import Random

from cct_text.artifacts import STATE
from cct_text.training.progress import TrainingObserver
from tests.support.forked import processes

SMALL: dict[str, object] = {
    "epochs": 2,
    "width": 32,
    "max_words": 16,
    "vocabulary_extra_words": 0,
    "min_epoch_steps": 100,
}


@dataclass(frozen=True)
class Training:
    """A training under way.

    Attributes:
        folder: its run folder.
        process: that trains.
        count: of the steps done, those of earlier processes in the epoch under way among them.
    """

    folder: Path
    process: BaseProcess
    count: Synchronized[int]

    @property
    def steps(self) -> int:
        """Done so far."""
        return self.count.value

    def end(self) -> int:
        """Wait for its end: the exit code, which is negative after a signal."""
        self.process.join()
        assert self.process.exitcode is not None
        return self.process.exitcode


class _Counting(TrainingObserver):
    def __init__(self, count: Synchronized[int]) -> None:
        self.count = count

    def step(self, loss: float) -> None:
        self.count.value += 1


def _train(folder: Path, values: dict[str, object], seconds: float, resume: bool, count: Synchronized[int]) -> None:
    import torch

    from cct_text.training import run
    from cct_text.training.recipes import resolve_config

    logging.disable(logging.WARNING)  # that there is nothing to resume, again and again
    torch.set_num_threads(1)
    run.SECONDS_BETWEEN_CHECKPOINTS = seconds
    try:
        run.train(resolve_config("questions", values=values), folder, resume=resume, observer=_Counting(count))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


@contextmanager
def training(
    folder: Path, values: dict[str, object], *, seconds: float = 0.0, resume: bool = False
) -> Iterator[Training]:
    """A training on the embedded questions, which is killed when the block ends.

    Args:
        folder: its run folder.
        values: options.
        seconds: between two checkpoints.
        resume: go on with what is in the folder.
    """
    count = processes.Value("i", 0)
    process = processes.Process(target=_train, args=(folder, values, seconds, resume, count))
    process.start()
    try:
        yield Training(folder, process, count)
    finally:
        process.kill()
        process.join()


Moment = Callable[[Training], bool]
"""Whether to kill a training now."""


def train_whole(folder: Path, values: dict[str, object]) -> float:
    """Train undisturbed: the seconds that it took."""
    start = time.monotonic()
    with training(folder, values, seconds=1e9) as undisturbed:
        assert undisturbed.end() == 0
    return time.monotonic() - start


def after(seconds: float) -> Moment:
    """So many seconds from now."""
    end = time.monotonic() + seconds
    return lambda _: time.monotonic() > end


def within_an_epoch(random: Random) -> Moment:
    """After a few steps more."""
    steps = random.randrange(1, 60)
    return lambda training: training.steps >= steps


def while_writing(training: Training) -> bool:
    """When a checkpoint is being written."""
    return any((training.folder / STATE).glob(".checkpoint*.part"))


def killed(folder: Path, values: dict[str, object], now: Moment, *, seconds: float = 0.0) -> bool:
    """Go on with a training until it is to be killed; False if it ended before."""
    with training(folder, values, seconds=seconds, resume=True) as torn:
        while torn.process.is_alive():
            if now(torn):
                torn.process.kill()
            time.sleep(0.0005)
        code = torn.end()
    assert code in (0, -9), code
    return code == -9
