"""What `predict --engine ray` costs over plain `predict` on one machine, and what a billion rows would take by that rate.

    python -m benchmarks.distributed --measure                                 # a million rows, both engines in turns
    python -m benchmarks.distributed --measure --rows 20000 --rounds 1 --trial # does it work? Prints, and keeps nothing
    python -m benchmarks.distributed                                           # write the block of docs/scale.md anew

Measuring needs AG News under $CCT_TEXT_DATA, a glove.6B.zip under $CCT_TEXT_VECTORS, and the extra `distributed`. The
figures go to docs/results/distributed.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq

from benchmarks.clock import THREADS, command, in_turns
from benchmarks.conditions import conditions
from benchmarks.markdown import rewritten
from benchmarks.measurement import Goal, Measurement
from benchmarks.performance import ROOT, figures
from benchmarks.tasks import AG_NEWS
from cct_text.atomic_writes import write_atomically
from cct_text.datasets import load_dataset
from cct_text.download import cache_dir

RESULT = ROOT / "docs" / "results" / "distributed.json"
PAGE = ROOT / "docs" / "scale.md"
PART = "distributed"

ROWS = 1_000_000
TRAIN_ROWS = 5_000
BILLION = 10**9
MOST = 115.0
"""Percent of the time that the same cores take without Ray."""
LOCAL, RAY = "predict", "predict --engine ray"


def measure(rows: int, rounds: int, folder: Path) -> list[Measurement]:
    """Seconds of both engines, from the start of the process to its end, for one CSV file and for a single row."""
    run = folder / "ag_news"
    # The rate does not depend on what was learned.
    command("train", *AG_NEWS.arguments(epochs=1, train_rows=TRAIN_ROWS), "--out", str(run))
    dataset = load_dataset("ag_news")
    splits = (split for split in (dataset.train, dataset.dev, dataset.test) if split is not None)
    texts = [text for split in splits for text in split.texts.to_pylist()]
    measurements = []
    for count in (rows, 1):
        source = folder / f"{count}.csv"
        with source.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("id", "text"))
            writer.writerows(enumerate(islice(cycle(texts), count)))
        seconds = in_turns(_sides(run, source, count), rounds)
        share = 100 * median(seconds[RAY]) / median(seconds[LOCAL])
        goal = Goal("of the time of plain predict", share, MOST, at_most=True, unit=" %")
        title = f"{count:,} rows of AG News, one CSV file" if count > 1 else "a single row: the start"
        how = (
            f"{THREADS} cores: {THREADS} threads of one process, or {THREADS} workers of one thread; the start included"
        )
        measurements.append(Measurement(title, "s", seconds, how, (goal,) if count > 1 else ()))
    return measurements


def _sides(run: Path, source: Path, rows: int) -> dict[str, Callable[[], float]]:
    numbers = iter(range(1 << 30))

    def timed(ending: str, *options: str) -> float:
        out = source.with_name(f"{source.stem}-out-{next(numbers)}{ending}")
        seconds = command("predict", str(run), str(source), "-o", str(out), *options)
        written = pq.read_table(out, columns=["label"]).num_rows
        if written != rows:
            raise RuntimeError(f"{written} labels for {rows} rows")
        return seconds

    ray = partial(timed, "", "--engine", "ray", "--workers", str(THREADS))
    return {LOCAL: partial(timed, ".parquet"), RAY: ray}


def load() -> dict[str, Any]:
    """The figures that are kept."""
    return dict(json.loads(RESULT.read_text(encoding="utf-8")))


def page(text: str, result: Mapping[str, Any]) -> str:
    """docs/scale.md with its block of figures written anew."""
    return rewritten(text, "scale", block(result))


def block(result: Mapping[str, Any]) -> str:
    """Both engines, and a billion rows by the rate between the start and the end."""
    facts, rows = result["conditions"], result["rows"]
    whole, start = (Measurement.from_dict(values) for values in result["measurements"])
    seconds = (whole.median(RAY) - start.median(RAY)) / rows
    hours = seconds * BILLION * facts["threads"] / 3600
    rounds = len(whole.sides[RAY])
    return (
        figures({PART: result}, [PART])
        + f"\n{facts['processor']}, {whole.conditions}; {rounds} rounds in turns, on {facts['date']}, at a load of "
        f"{facts['load']:.1f} before the first."
        " Where that is not far below the number of cores, others worked there too, and only the comparison counts.\n\n"
        f"By that rate, {1 / seconds:,.0f} rows a second on {facts['threads']} cores after the start, a billion such rows take "
        f"{hours:,.0f} core-hours: {hours / 64:,.1f} hours on 64 cores, were files read and parts written as fast there. "
        "This is computed, not measured.\n"
    )


def main() -> None:
    """Measure if asked to, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="measure; without it, only the page is written")
    parser.add_argument("--rows", type=int, default=ROWS, help="of the large file")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--trial", action="store_true", help="print the figures and keep nothing")
    options = parser.parse_args()
    if options.measure:
        os.environ["OMP_NUM_THREADS"] = str(THREADS)  # of all processes that are started from here
        before = conditions()
        with TemporaryDirectory(dir=cache_dir()) as folder:
            measured = measure(options.rows, options.rounds, Path(folder))
        result = {"conditions": before, "rows": options.rows, "measurements": [each.to_dict() for each in measured]}
        if options.trial:
            print(block(result))
            return
        with write_atomically(RESULT) as path:
            path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), load()), encoding="utf-8")


if __name__ == "__main__":
    main()
