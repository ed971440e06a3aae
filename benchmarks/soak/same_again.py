"""Trainings of several kinds, again and again, by one worker and by several at once."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.soak import BrokenPromiseError, Figures
from benchmarks.soak.killed_training import KINDS
from tests.support.same_again import differences

WORKERS = (1, 2, 3)
SEEDS = 2


def run(minutes: float) -> Figures:
    """All kinds with some seeds by each number of workers, until the time is up."""
    end = time.monotonic() + 60 * minutes
    runs = 0
    while time.monotonic() < end or not runs:
        with TemporaryDirectory() as folder:
            made, unlike = differences(Path(folder), KINDS, WORKERS, SEEDS)
        runs += made
        if unlike:
            raise BrokenPromiseError(f"not the same again: {'; '.join(unlike)}")
    return {
        "runs": runs,
        "kinds of them": len(KINDS),
        "seeds": SEEDS,
        "workers at once, at most": max(WORKERS),
        "runs with other weights, figures or predictions": 0,
    }
