"""Read bombs of 10 GB and more, each kind and size in turns, and look at what their readers took of memory."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.soak import BrokenPromiseError, Figures
from cct_text.unpacking import MOST_MEMBERS
from tests.support.bombs import GIGABYTE, Bomb, bombs, gzipped, refusals, tarred_many

GIGABYTES = (10, 20)
MOST_MEGABYTES = 600
BESIDE = {
    "members": Bomb(
        "official", "aclImdb_v1.tar.gz", lambda p: tarred_many(p, MOST_MEMBERS + 1), "more than 200,000 members"
    ),
    "a billion blank rows": Bomb("vectors", "m.txt.gz", lambda p: gzipped(p, GIGABYTE, b"\n"), "bytes unpack to"),
}
"""Of one size, which take their time."""


def run(minutes: float) -> Figures:
    """All sizes, until the time is up."""
    end = time.monotonic() + 60 * minutes
    read = most = largest = 0
    while not read or time.monotonic() < end:
        for kinds in (*(bombs(size * GIGABYTE) for size in GIGABYTES), BESIDE):
            with TemporaryDirectory() as folder:
                for kind, refusal in refusals(
                    Path(folder), kinds, members=MOST_MEMBERS if kinds is BESIDE else 1000
                ).items():
                    if refusal.told is None or kinds[kind].words not in refusal.told:
                        raise BrokenPromiseError(f"{kind}: {refusal.told}")
                    read += 1
                    most = max(most, refusal.megabytes)
                    largest = max(largest, refusal.path.stat().st_size >> 20)
            if most > MOST_MEGABYTES:
                raise BrokenPromiseError(f"{most} MB were taken")
    return {
        "bombs": read,
        "kinds of them": len(bombs(GIGABYTE)) + len(BESIDE),
        "GB unpacked, the largest": max(GIGABYTES),
        "MB packed, the largest": largest,
        "that were read": 0,
        "MB that a reader took at most, torch included": most,
    }
