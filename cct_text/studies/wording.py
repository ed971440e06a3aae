"""How figures of studies are written, wherever they are shown."""

from __future__ import annotations

from cct_text.studies.statistics import Summary

SMALLEST_P = 0.001
"""No smaller p is told."""


def counted(number: int, noun: str) -> str:
    """`1 seed`, `5 seeds`."""
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def percent(summary: Summary) -> str:
    """`92.31 ± 0.44`; without the deviation where there is one value."""
    return f"{100 * summary.mean:.2f}" + ("" if summary.std is None else f" ± {100 * summary.std:.2f}")


def rows_and_seeds(test_rows: int, seeds: int) -> str:
    """`500 test rows, 5 seeds`."""
    return f"{counted(test_rows, 'test row')}, {counted(seeds, 'seed')}"


def interval(summary: Summary, decimals: int) -> tuple[str, str] | None:
    """The ends of the mean's interval in percent, cut to 0 and 100, for no accuracy lies beyond; None where there is none.

    Student's interval over two or three seeds may well reach further.
    """
    if summary.low is None or summary.high is None:
        return None
    low, high = (min(max(100 * end, 0.0), 100.0) for end in (summary.low, summary.high))
    return f"{low:.{decimals}f}", f"{high:.{decimals}f}"


def p_value(p: float) -> str:
    """`0.012`, `0.001 or less`."""
    return f"{p:.3f}" if p >= SMALLEST_P else f"{SMALLEST_P} or less"
