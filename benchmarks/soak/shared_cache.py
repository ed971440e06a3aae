"""Eight processes at once in one cache, of which some are killed while they fill it."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.soak import BrokenPromiseError, Figures
from tests.support.cache_users import load_both
from tests.support.forked import processes
from tests.support.official_files import write_trec

PROCESSES = 8
KILLED = 3
WORDS, WIDTH = 20_000, 20


def run(minutes: float) -> Figures:
    """Fill new caches until the time is up; who is not killed must see what is in the files."""
    end = time.monotonic() + 60 * minutes
    random = Random()
    caches = kills = 0
    seen: set[tuple[object, ...]] = set()
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_trec(folder / "data")
        _write_vectors(folder / "vectors.txt")
        while time.monotonic() < end or not caches:
            home = folder / f"home-{caches}"
            for killed in (KILLED, 0):  # the second crowd finds what the first has left
                answers = _crowd(home, folder, killed, random)
                seen |= {answer[:3] for answer in answers}
                kills += killed
                if len(answers) < PROCESSES - killed or len(seen) > 1:
                    raise BrokenPromiseError(f"{len(answers)} processes saw {len(seen)} different things")
            caches += 1
    return {
        "caches": caches,
        "processes in each, twice": PROCESSES,
        "kills": kills,
        "processes that saw something else": 0,
    }


def _crowd(home: Path, folder: Path, killed: int, random: Random) -> list[tuple[object, ...]]:
    """What those processes saw that were not killed."""
    go = home.with_suffix(f".{killed}")
    answers = [processes.SimpleQueue() for _ in range(PROCESSES)]
    crowd = [
        processes.Process(target=load_both, args=(home, folder / "data", folder / "vectors.txt", go, answer))
        for answer in answers
    ]
    for one in crowd:
        one.start()
    time.sleep(1.0)
    go.touch()
    time.sleep(random.uniform(0.0, 1.0))
    for one in crowd[:killed]:
        one.kill()
    for one in crowd:
        one.join()
    return [answer.get() for answer in answers[killed:] if not answer.empty()]


def _write_vectors(path: Path) -> None:
    """A text file as GloVe's are."""
    numbers = np.random.default_rng(0).normal(size=(WORDS, WIDTH)).astype(np.float32)
    lines = (f"w{row} {' '.join(map(str, values))}\n" for row, values in enumerate(numbers))
    path.write_text("".join(lines), encoding="utf-8")
