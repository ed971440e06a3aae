"""A reader is given what it should not get: it takes it, or refuses it soon, in a line or two and in bounded memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from cct_text.errors import LONGEST_MESSAGE, CCTTextError
from tests.support.hostile_bytes import Seed, hostile_bytes

SECONDS = 5.0
"""Of the processor that an input may take; all are small."""
MEMORY = 2 << 30
"""Bytes that reading may take beyond what the process has."""


@dataclass(frozen=True)
class Reader:
    """A reader and what it reads.

    Attributes:
        seeds: files as they should be; the first is read without an error.
        read: reads the bytes of a file in all ways there are, and checks what comes of it.
        cost: of an input, about, where that of most readers is 1.
    """

    seeds: Sequence[Seed]
    read: Callable[[bytes], object]
    cost: int = 1


def try_hard(reader: Reader, inputs: int, *, derandomize: bool) -> int:
    """Give a reader so many inputs, fewer where they are costly: the number of those that were tried.

    Raises:
        Exception: what the reader raised that it should not; or AssertionError where it took too long or told too much.
            The smallest input that was found to do so stands in the note.
    """
    tried = 0

    @settings(
        max_examples=max(1, inputs // reader.cost),
        derandomize=derandomize,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(hostile_bytes(reader.seeds))
    def give(content: bytes) -> None:
        nonlocal tried
        tried += 1
        give_one(reader, content)

    give()
    return tried


def give_one(reader: Reader, content: bytes) -> None:
    """See that a reader takes some bytes, or refuses them soon and in one or two lines."""
    start = time.process_time()
    message = _told(lambda: reader.read(content))
    seconds = time.process_time() - start
    assert seconds < SECONDS, f"{seconds:.1f} s"
    assert len(message) <= LONGEST_MESSAGE, len(message)
    assert len(message.split("\n")) <= 2, message
    assert message.replace("\n", " ").isprintable(), ascii(message)


def _told(action: Callable[[], object]) -> str:
    """What an error of ours says; empty where there is none. Other errors come through."""
    try:
        action()
    except CCTTextError as error:
        return str(error)
    return ""


@contextmanager
def bounded_memory() -> Iterator[None]:
    """Whoever asks for more memory than a file is worth gets an error in its place."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
