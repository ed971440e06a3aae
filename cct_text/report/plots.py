"""Plots of figures over seeds, as SVG and PNG. The figures are given; nothing is computed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from warnings import catch_warnings, filterwarnings

from cct_text.atomic_writes import write_atomically
from cct_text.errors import listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "png")
LONGEST_NAME = 60
WIDTH_OF_LETTER = 0.07
"""Of a name, in inches."""
MAJORITY = "majority"
"""The baseline that learns nothing."""
STRONG, WEAK, POINT = "#1b4965", "#9aa5ab", "#62b6cb"
"""Blue for what is seen, grey for what is not, light blue for a single run: told apart without colour by lightness."""


@dataclass(frozen=True)
class Group:
    """Accuracies of one condition.

    Attributes:
        name: beside its points.
        values: one for each seed, in [0, 1].
        mean: of them.
        low: lower end of the mean's interval; None where there is none.
        high: upper end likewise.
        published: accuracy that others report; None where there is none.
    """

    name: str
    values: Sequence[float]
    mean: float
    low: float | None
    high: float | None
    published: float | None = None


@dataclass(frozen=True)
class DrawnGap:
    """A difference of two conditions.

    Attributes:
        name: of the two.
        mean: in [-1, 1].
        low: lower end of its interval.
        high: upper end likewise.
        seen: whether it counts as a difference.
    """

    name: str
    mean: float
    low: float
    high: float
    seen: bool


def can_plot() -> bool:
    """Whether matplotlib is there: the extra `report`."""
    return find_spec("matplotlib") is not None


def plot_comparison(path: Path, title: str, groups: Sequence[Group], gaps: Sequence[DrawnGap]) -> list[Path]:
    """Accuracies on the left, seed by seed, and differences on the right.

    The majority class is told below the plot and not drawn where more than it is compared: so far from the others, it
    would leave their differences no room.

    Args:
        path: of the files, without their ending.
        title: above the plot.
        groups: at least one, from top to bottom.
        gaps: from top to bottom; without any there is no right side.

    Returns:
        The files written.

    Raises:
        UsageError: if they cannot be written.
    """
    from matplotlib.figure import Figure

    groups, gaps, left_out = _without_majority(groups, gaps)
    rows = max(len(groups), len(gaps))
    names = sum(max((len(plain(one.name)) for one in side), default=0) for side in (groups, gaps))
    width = max(10 if gaps else 6, (6 if gaps else 3) + WIDTH_OF_LETTER * names)
    figure = Figure(figsize=(width, 1.5 + 0.42 * rows), layout="constrained")
    figure.suptitle(plain(title), fontsize=11)
    if left_out is not None:
        figure.supxlabel(
            f"not drawn, to leave room for the others: {MAJORITY}, {100 * left_out.mean:.1f} %", fontsize=8
        )
    axes = figure.subplots(1, 2 if gaps else 1, squeeze=False)[0]
    _draw_groups(axes[0], groups)
    if gaps:
        _draw_gaps(axes[1], gaps)
    return save(figure, path)


def _without_majority(
    groups: Sequence[Group], gaps: Sequence[DrawnGap]
) -> tuple[Sequence[Group], Sequence[DrawnGap], Group | None]:
    """What is drawn, and the group that is not."""
    left_out = next((group for group in groups if group.name == MAJORITY), None)
    others = [gap for gap in gaps if MAJORITY not in gap.name.split(" − ")]
    if left_out is None or not others:
        return groups, gaps, None
    return [group for group in groups if group is not left_out], others, left_out


def _draw_groups(axes: Axes, groups: Sequence[Group]) -> None:
    for place, group in enumerate(groups):
        axes.plot(
            [100 * value for value in group.values],
            [place] * len(group.values),
            "o",
            color=POINT,
            alpha=0.8,
            clip_on=False,
        )
        if group.low is not None and group.high is not None:
            ends = [100 * share(group.low), 100 * share(group.high)]
            axes.plot(ends, [place + 0.22] * 2, "-", color=STRONG, linewidth=2)
        axes.plot(100 * group.mean, place + 0.22, "D", color=STRONG, markersize=5, clip_on=False)
        if group.published is not None:
            axes.plot(100 * group.published, place, "s", color="black", markersize=7, fillstyle="none", clip_on=False)
    axes.set_xlim(*within_percent(axes.get_xlim()))
    _name(axes, [group.name for group in groups])
    known = any(group.published is not None for group in groups)
    squares = "; square: published" if known else ""
    axes.set_xlabel(f"test accuracy, %:\nseeds, mean and 95 % interval{squares}", fontsize=9)


def _draw_gaps(axes: Axes, gaps: Sequence[DrawnGap]) -> None:
    axes.axvline(0, color="black", linewidth=0.8)
    for place, gap in enumerate(gaps):
        color = STRONG if gap.seen else WEAK
        axes.plot([100 * gap.low, 100 * gap.high], [place, place], "-", color=color, linewidth=2)
        axes.plot(100 * gap.mean, place, "D", color=color, markersize=5, fillstyle="full" if gap.seen else "none")
    _name(axes, [gap.name for gap in gaps])
    axes.set_xlabel("difference in points, 95 % interval\n(hollow: not seen)", fontsize=9)


def _name(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [plain(name) for name in names], fontsize=9)
    axes.set_ylim(len(names) - 0.4, -0.6)  # the first on top
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def share(end: float) -> float:
    """An end of an interval of accuracies, cut to 0 and 1: no accuracy lies beyond."""
    return min(max(end, 0.0), 1.0)


def within_percent(limits: tuple[float, float]) -> tuple[float, float]:
    """Limits of an axis of accuracies, cut to 0 and 100."""
    return max(limits[0], 0.0), min(limits[1], 100.0)


def plain(name: str) -> str:
    """A name as matplotlib shows it letter by letter, cut where it would leave no room for the figures."""
    name = listed([name])
    shown = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return shown.replace("$", r"\$")


def save(figure: Figure, path: Path) -> list[Path]:
    """A figure as `.svg` and `.png`; the same figures give the same bytes.

    Raises:
        UsageError: if they cannot be written.
    """
    written = []
    for format_ in FORMATS:
        file = path.with_name(f"{path.name}.{format_}")
        with write_atomically(file) as temporary:
            _save(figure, temporary, format_)
        written.append(file)
    return written


def svg_of(figure: Figure) -> str:
    """A figure as the content of an SVG file; the same figures give the same text."""
    content = BytesIO()
    _save(figure, content, "svg")
    return content.getvalue().decode("utf-8")


def _save(figure: Figure, to: Path | BytesIO, format_: str) -> None:
    from matplotlib import rc_context

    metadata = {"Date": None} if format_ == "svg" else {"Software": None}
    with rc_context({"svg.hashsalt": "cct-text", "svg.fonttype": "none"}), catch_warnings():
        # Letters that no font of this machine has: an SVG keeps them as text, for those of the reader's.
        filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(to, format=format_, dpi=150, metadata=metadata)
