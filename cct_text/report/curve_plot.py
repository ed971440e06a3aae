"""Learning curves as SVG and PNG. The figures are given; nothing is computed here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cct_text.report.plots import plain, save, share, within_percent

COLORS = ("#1b4965", "#e07a1f", "#2a9d8f", "#9b2226", "#6a4c93", "#7f7f7f", "#b5838d", "#588157", "#000000", "#bc6c25")
MARKERS = "oDs^v<>PX*"
"""Lines are told apart by marker as well as by colour; those of baselines are dashed."""
APART, ALL_APART = 0.006, 0.04
"""Points of two lines at the same rows stand a little beside each other, as a share of the axis, and all of them within
a share: else their intervals would hide each other."""


@dataclass(frozen=True)
class PointOfLine:
    """Accuracy, in [0, 1], and the ends of its interval, None where there is none, after so many rows."""

    rows: int
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class LineOfPoints:
    """A learner's points, by rows."""

    name: str
    dashed: bool
    points: Sequence[PointOfLine]


def plot_curve(path: Path, title: str, lines: Sequence[LineOfPoints]) -> list[Path]:
    """Accuracy over the number of training rows, which is on a log scale, with intervals.

    Args:
        path: of the files, without their ending.
        title: above the plot.
        lines: at least one, each of at least one point.

    Returns:
        The files written.

    Raises:
        UsageError: if they cannot be written.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    figure = Figure(figsize=(8, 4.8), layout="constrained")
    figure.suptitle(plain(title), fontsize=11)
    axes = figure.subplots()
    ticks = sorted({point.rows for line in lines for point in line.points})
    apart = min(APART, ALL_APART / len(lines)) * max(1.0, math.log(ticks[-1] / ticks[0]))
    for place, line in enumerate(lines):
        aside = math.exp(apart * (place - (len(lines) - 1) / 2))
        color, marker = COLORS[place % len(COLORS)], MARKERS[place % len(MARKERS)]
        rows = [aside * point.rows for point in line.points]
        means = [100 * point.mean for point in line.points]
        shape = "--" if line.dashed else "-"
        axes.plot(
            rows,
            means,
            label=plain(line.name),
            color=color,
            marker=marker,
            linestyle=shape,
            markersize=5,
            clip_on=False,
        )
        for point in line.points:
            if point.low is not None and point.high is not None:
                ends = [100 * share(point.low), 100 * share(point.high)]
                axes.plot([aside * point.rows] * 2, ends, "-", color=color, alpha=0.5)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rows, _: f"{rows:,.0f}"))
    axes.set_ylim(*within_percent(axes.get_ylim()))
    axes.set_xlabel("rows of train (log scale)")
    axes.set_ylabel("test accuracy, %: mean and 95 % interval")
    axes.grid(color="#dddddd")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    return save(figure, path)
