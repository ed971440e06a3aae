"""Put the library's promises to the test for long, and keep the figures in docs/results/reliability.

    python -m benchmarks.soak                          # all of them, five minutes each
    python -m benchmarks.soak --only killed-training   # this one; the figures of the others stay as they are
    python -m benchmarks.soak --minutes 60             # each for an hour
    python -m benchmarks.reliability                   # then write docs/reliability.md

A promise that is broken ends with exit code 1, and the figures that were kept before stay.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from benchmarks.clock import Stopwatch
from benchmarks.conditions import conditions
from benchmarks.reliability import kept_in
from benchmarks.soak import SOAKS, BrokenPromiseError, Soak
from cct_text.atomic_writes import write_atomically

MINUTES = 5.0
CONDITIONS = ("processor", "cores", "date", "commit", "load", "versions")


def main() -> None:
    """Run the soaks one after another."""
    names = [soak.name for soak in SOAKS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of each soak, about")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # weights depend on it, and nothing here is timed
    broken = [soak.name for soak in SOAKS if soak.name in (options.only or names) and not _holds(soak, options.minutes)]
    sys.exit(1 if broken else 0)


def _holds(soak: Soak, minutes: float) -> bool:
    """Run a soak and keep its figures; what is broken is told."""
    print(f"{soak.name} ...", file=sys.stderr, flush=True)
    facts = {name: value for name, value in conditions().items() if name in CONDITIONS}
    with Stopwatch() as watch:
        try:
            figures = soak.run(minutes)
        except BrokenPromiseError as error:
            print(f"{soak.name}: BROKEN: {error}", file=sys.stderr)
            return False
    result: dict[str, Any] = {"conditions": facts, "minutes": round(watch.seconds / 60, 1), "figures": dict(figures)}
    with write_atomically(kept_in(soak)) as path:
        path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("; ".join(f"{figure} {what}" for what, figure in figures.items()))
    return True


if __name__ == "__main__":
    main()
