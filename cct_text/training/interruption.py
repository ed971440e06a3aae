"""Ctrl-C while a network is trained: noted at once, obeyed after the step under way."""

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
    """A function that tells whether Ctrl-C was pressed; a second press interrupts at once, as it does elsewhere.

    Outside the main thread, and where someone else ignores or handles the signal in a way of their own, nothing changes.
    """
    before = signal.getsignal(signal.SIGINT)
    pressed: float | None = None

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        now = time.monotonic()
        if pressed is None:
            pressed = now
        elif now - pressed > ONE_PRESS and callable(before):
            before(number, frame)

    if current_thread() is not main_thread() or not callable(before):
        yield lambda: False
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed is not None
    finally:
        signal.signal(signal.SIGINT, before)
