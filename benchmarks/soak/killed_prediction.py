"""Kill predictions into files of every format at random moments, and resume them to the end."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.clock import command
from benchmarks.soak import BrokenPromiseError, Figures
from tests.support.killed_predictions import are_same, killed, predict_whole, write_texts

ROWS = 40_000
FORMATS = ("txt", "csv", "tsv", "jsonl", "parquet")


def run(minutes: float) -> Figures:
    """Formats in turns, until the time is up."""
    end = time.monotonic() + 60 * minutes
    random = Random()
    kills = files = 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        command("train", "questions", "--epochs", "3", "--out", str(folder / "run"))
        sources = [folder / "one.txt", folder / "two.txt"]
        for source in sources:
            write_texts(source, ROWS // 2)
        predict_whole(folder / "run", sources, folder / "first.txt")  # starts what the others are forked from
        while time.monotonic() < end or not files:
            for ending in FORMATS:
                whole, torn = folder / f"whole.{ending}", folder / f"torn.{ending}"
                seconds = predict_whole(folder / "run", sources, whole)
                while not torn.exists():
                    kills += killed(folder / "run", sources, torn, random.uniform(0.2, 1.0) * seconds)
                if not are_same(torn, whole):
                    raise BrokenPromiseError(f"{ending}: a prediction that was killed has other rows")
                torn.unlink()
                files += 1
    return {"outputs": files, "rows each": ROWS, "kills": kills, "outputs with other rows": 0}
