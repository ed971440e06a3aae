"""How intervals of accuracies are written, wherever they are shown."""

from __future__ import annotations

from cct_text.studies.statistics import Summary


def within_percent(summary: Summary, decimals: int) -> tuple[str, str] | None:
    """The ends of the interval, in percent; cut to 0 and 100, for no accuracy lies beyond. None where there is none.

    Student's interval over two or three seeds may well reach further.
    """
    if summary.low is None or summary.high is None:
        return None
    low, high = (min(max(100 * end, 0.0), 100.0) for end in (summary.low, summary.high))
    return f"{low:.{decimals}f}", f"{high:.{decimals}f}"
