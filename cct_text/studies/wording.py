"""How figures of studies are written, wherever they are shown."""

from __future__ import annotations

from cct_text.studies.statistics import Summary


def counted(number: int, noun: str) -> str:
    """`1 seed`, `5 seeds`."""
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def percent(summary: Summary) -> str:
    """`92.31 ± 0.44`; without the deviation where there is one value."""
    return f"{100 * summary.mean:.2f}" + ("" if summary.std is None else f" ± {100 * summary.std:.2f}")


def rows_and_seeds(test_rows: int, seeds: int) -> str:
    """`500 test rows, 5 seeds`."""
    return f"{counted(test_rows, 'test row')}, {counted(seeds, 'seed')}"
