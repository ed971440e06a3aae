"""Taking time: sides in turns, each in a process of its own where start-up or memory counts."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, Self, TypeVar

THREADS = 2
"""Of every side, unless it is said otherwise; the goals are for two cores."""

P = ParamSpec("P")
T = TypeVar("T")


class Stopwatch:
    """Wall-clock seconds of a `with` block.

    Attributes:
        seconds: how long the block took; 0 until it ends.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._start


def in_turns(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each side measures, once a round: A B A B ..., so that a slow minute of the machine is a minute of all."""
    measured: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            measured[name].append(measure())
    return measured


def alone(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What a function returns in a new interpreter; function, arguments and result can be pickled."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **options).result()


def command(*arguments: str, text: str | None = None) -> float:
    """Seconds that a command of `cct-text` takes from its start to its end; `text` is its standard input.

    Raises:
        subprocess.CalledProcessError: if it fails; what it told goes to standard error.
    """
    return process("-m", "cct_text_cli", *arguments, text=text)


def process(*arguments: str, text: str | None = None) -> float:
    """Seconds that an interpreter takes from its start to its end."""
    with Stopwatch() as watch:
        subprocess.run([sys.executable, *arguments], input=text, text=True, stdout=subprocess.DEVNULL, check=True)
    return watch.seconds
