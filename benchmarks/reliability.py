"""Write the table of docs/reliability.md from docs/results/reliability, which `python -m benchmarks.soak` measures.

python -m benchmarks.reliability
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.markdown import rewritten, table
from benchmarks.soak import SOAKS, Soak

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "reliability"
PAGE = ROOT / "docs" / "reliability.md"
PART = "soaks"


def kept_in(soak: Soak) -> Path:
    """The file that keeps the figures of a soak."""
    return RESULTS / f"{soak.name}.json"


def page() -> str:
    """The text of docs/reliability.md with the table of what is kept."""
    header = ("promise", "proved by", "soak", "what it went through")
    return rewritten(PAGE.read_text(encoding="utf-8"), PART, table(header, map(_row, SOAKS)))


def _row(soak: Soak) -> tuple[str, ...]:
    file, _, _ = soak.test.partition("::")
    return soak.promise, f"[`{file}`](../tests/{file})", f"`{soak.name}`", _told(soak)


def _told(soak: Soak) -> str:
    """The figures of a soak, and where and when they came about."""
    if not kept_in(soak).exists():
        return "not run yet"
    result = json.loads(kept_in(soak).read_text(encoding="utf-8"))
    figures = "; ".join(f"{_number(figure)} {what}" for what, figure in result["figures"].items())
    facts = result["conditions"]
    return f"{figures} ({result['minutes']:g} minutes, {facts['processor']}, {facts['date']})"


def _number(figure: float | str) -> str:
    return figure if isinstance(figure, str) else f"{figure:,}"


def main() -> None:
    """Write the page."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
