"""Ctrl-C and SIGTERM while a network is trained: noted at once, obeyed after the step under way."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from threading import current_thread, main_thread
from types import FrameType

ONE_PRESS = 1.0
"""Seconds within which signals count as one: torchrun passes on what the terminal sends to all processes anyway."""


class Wish(IntEnum):
    """What is wanted after a step; of several, the greatest counts."""

    GO_ON = 0
    KEEP = 1
    STOP = 2


@contextmanager
def interrupt_noted() -> Iterator[Callable[[], bool]]:
    """A function that tells whether Ctrl-C was pressed or SIGTERM sent; a second one interrupts at once, as it does elsewhere.

    Outside the main thread, and where someone else ignores or handles a signal in a way of their own, nothing changes.
    Whoever handled the signal before hears of it when the block has been interrupted.
    """
    first: int | None = None
    noted_at = 0.0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal first, noted_at
        if first is None:
            first, noted_at = number, time.monotonic()
        elif time.monotonic() - noted_at > ONE_PRESS:
            before[number](number, frame)

    if current_thread() is not main_thread():
        yield lambda: False
        return
    handlers = {int(number): signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: first is not None
    except KeyboardInterrupt:
        if first is not None:
            before[first](first, None)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
