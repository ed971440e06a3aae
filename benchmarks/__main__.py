"""Measure how fast everything is, side by side, print one table and keep the figures in docs/results/performance.json.

    python -m benchmarks                                   # all parts; about an hour on two otherwise idle cores
    python -m benchmarks --only training-trec --only start # these; the figures of the others stay as they are
    python -m benchmarks --quick                           # few rows and rounds: does it work? Nothing is kept
    python -m benchmarks.performance                       # then write docs/performance.md

Needs the data sets under $CCT_TEXT_DATA, a glove.6B.zip under $CCT_TEXT_VECTORS, and the extra `bench`.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from benchmarks.clock import THREADS, alone
from benchmarks.conditions import conditions
from benchmarks.parts import PARTS
from benchmarks.performance import RESULT, figures, load, replaced, save
from benchmarks.tasks import Settings
from cct_text.download import cache_dir


def main() -> None:
    """Run the parts one after another, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(PARTS), metavar="NAME", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, help="turns of each side; 5, or 2 of a quick trial")
    parser.add_argument("--quick", action="store_true", help="few rows, to see that everything works; keeps nothing")
    parser.add_argument("--runs", type=Path, default=cache_dir() / "benchmarks", help="folder of the trained runs")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(THREADS)  # of all processes that are started from here
    settings = Settings(options.rounds or (2 if options.quick else 5), options.quick, options.runs)
    results = {} if options.quick else load()
    measured = {}
    for name in options.only or PARTS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        measured[name] = {
            "conditions": conditions(),
            "measurements": [measurement.to_dict() for measurement in alone(PARTS[name], settings)],
        }
        results = replaced(results, measured)
        if not options.quick:
            save(results)
    print(figures(results, measured))
    if not options.quick:
        print(f"written to {RESULT}; `python -m benchmarks.performance` writes the page", file=sys.stderr)


if __name__ == "__main__":
    main()
