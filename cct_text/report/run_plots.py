"""Drawings of one run, as SVG text. The figures are given; nothing is computed here.

Nothing is told by colour alone: lines differ in dash and marker, cells and bars carry their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from cct_text.report.bins import Bin
from cct_text.report.plots import POINT, STRONG, WEAK, plain, svg_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST_DRAWN_MATRIX = 30
"""Classes of the largest confusion matrix whose cells can be read."""
DARK = 0.5
"""Share of a row from which on its cell is so dark that the number on it is white."""


@dataclass(frozen=True)
class Epochs:
    """What happened epoch by epoch; each sequence has one entry an epoch.

    Attributes:
        train_loss: as optimised.
        dev_loss: mean cross-entropy on dev; empty where there is no dev split.
        dev_accuracy: in [0, 1]; empty likewise.
        kept: the epoch that was kept, counted from 1.
    """

    train_loss: Sequence[float]
    dev_loss: Sequence[float]
    dev_accuracy: Sequence[float]
    kept: int


def learning_curves(epochs: Epochs) -> str:
    """Losses and, where there is a dev split, accuracy over the epochs, with the one that was kept."""
    figure = _figure(8, 3.2)
    sides = figure.subplots(1, 2 if epochs.dev_accuracy else 1, squeeze=False)[0]
    numbers = range(1, len(epochs.train_loss) + 1)
    sides[0].plot(numbers, epochs.train_loss, "o-", color=WEAK, markersize=3, label="train, as optimised")
    if epochs.dev_loss:
        sides[0].plot(numbers, epochs.dev_loss, "s--", color=STRONG, markersize=3, label="dev")
    sides[0].set_ylabel("loss")
    sides[0].set_ylim(bottom=0)
    if epochs.dev_accuracy:
        accuracies = [100 * accuracy for accuracy in epochs.dev_accuracy]
        sides[1].plot(numbers, accuracies, "s--", color=STRONG, markersize=3, label="dev")
        sides[1].set_ylabel("accuracy, %")
    for axes in sides:
        axes.axvline(epochs.kept, color="black", linewidth=0.8, linestyle=":", label=f"kept: epoch {epochs.kept}")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("epoch")
        axes.legend(fontsize=8, frameon=False)
        _plainly(axes)
    return svg_of(figure)


def confusion_matrix(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> str:
    """A row for each true class, a column for each predicted one; cells darken with their share of the row."""
    table = np.array(counts)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    size = max(3.0, 0.5 * len(labels) + 1.5)
    figure = _figure(size + 0.5, size)
    axes = figure.subplots()
    axes.pcolormesh(
        np.arange(len(labels) + 1) - 0.5, np.arange(len(labels) + 1) - 0.5, shares, cmap="Blues", vmin=0, vmax=1.2
    )
    axes.set_aspect("equal")
    axes.invert_yaxis()
    names = [plain(label) for label in labels]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    for (row, column), count in np.ndenumerate(table):
        if count:
            color = "white" if shares[row, column] > DARK else "black"
            axes.text(column, row, f"{count:,}", ha="center", va="center", fontsize=8, color=color)
    return svg_of(figure)


def reliability(bins: Sequence[Bin], *, of: Literal["prediction", "label"] = "prediction") -> str:
    """How often predictions of some probability are right, beside how often they say they are; or labels are there."""
    figure = _figure(6, 4.2)
    axes = figure.subplots()
    comes, counted, least = ("right", "rows", 50) if of == "prediction" else ("there", "decisions", 0)
    axes.plot([0, 100], [0, 100], "--", color="black", linewidth=0.8, label="as often as it says")
    said = [100 * one.confidence for one in bins if one.confidence is not None]
    axes.plot(said, [100 * one.accuracy for one in bins], "o-", color=STRONG, label=comes)
    for place, one in zip(said, bins, strict=True):
        axes.annotate(f"{one.rows:,}", (place, 100 * one.accuracy), (0, -14), textcoords="offset points", fontsize=7)
    axes.set_xlabel(f"probability of the {of}, % (below each point: its {counted})")
    axes.set_ylabel(f"{comes}, %")
    axes.set_xlim(min([*said, least]) - 5, 102)
    axes.legend(fontsize=8, frameon=False)
    _plainly(axes)
    return svg_of(figure)


def accuracy_by_length(bins: Sequence[Bin]) -> str:
    """A bar for the accuracy of texts of about one length each, with their number."""
    figure = _figure(7, 3.2)
    axes = figure.subplots()
    axes.bar(range(len(bins)), [100 * one.accuracy for one in bins], color=POINT, edgecolor=STRONG)
    for place, one in enumerate(bins):
        text = f"{100 * one.accuracy:.0f} %\n{one.rows:,} rows"
        axes.text(place, 100 * one.accuracy + 1, text, ha="center", va="bottom", fontsize=8)
    axes.set_xticks(range(len(bins)), [one.name for one in bins], fontsize=8)
    axes.set_ylim(0, 118)
    axes.set_yticks(range(0, 101, 20))
    axes.set_xlabel("words of the text")
    axes.set_ylabel("accuracy, %")
    _plainly(axes)
    return svg_of(figure)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _plainly(axes: Axes) -> None:
    axes.grid(axis="y", color="#dddddd")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
