"""Trainings one after another in one process: neither memory nor files nor threads are left behind."""

from __future__ import annotations

from benchmarks.soak import BrokenPromiseError, Figures
from tests.support.repeated_trainings import WARM_UP, left_of, slope_in_mb

FEWEST = 200
IN_A_MINUTE = 60
LARGEST_SLOPE = 0.5
"""Megabytes a training."""


def run(minutes: float) -> Figures:
    """About so many trainings as the minutes hold, 200 at least."""
    runs = max(FEWEST, round(minutes * IN_A_MINUTE))
    left = left_of(runs, "glove-tuned")
    slope = slope_in_mb(left["bytes"])
    files, threads = (left[what][-1] - left[what][WARM_UP] for what in ("files", "threads"))
    if slope > LARGEST_SLOPE or files > 0 or threads > 0:
        raise BrokenPromiseError(f"{runs} trainings leave {slope:.2f} MB each, {files} files and {threads} threads")
    return {
        "trainings": runs,
        "MB of memory more a training": round(slope, 3),
        "MB in use at most": round(max(left["bytes"]) / 1e6),
        "files left open": max(files, 0),
        "threads left over": max(threads, 0),
    }
