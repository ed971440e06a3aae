"""What the page of a run says differently where a text may have several labels, or none: of decisions, label by label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from cct_text.report import run_plots
from cct_text.report.bins import reliability_bins
from cct_text.report.finished_run import FinishedRun
from cct_text.report.page import Section, Table
from cct_text.report.plots import can_plot


def headline(run: FinishedRun, figures: Mapping[str, Any], count: int) -> list[str]:
    """How many texts and labels are right, and what is right without looking at the text."""
    right = round(figures["accuracy"] * count)
    told = [
        f"Of {right:,} of {count:,} {run.split} rows all labels are found and no others: {figures['accuracy']:.1%}. Of single "
        f"labels the micro F1 is {figures['micro_f1']:.1%}.",
    ]
    if run.rows is not None:
        sets = Counter(tuple(labels) for labels in run.rows["label"].to_pylist())
        most, rows = sets.most_common(1)[0]
        said = " and ".join(most) if most else "no label"
        told.append(f"Who gives every text {said} is right on {rows / count:.1%}.")
    if run.split == "dev":
        told.append("The thresholds were chosen on these rows, so on new texts it will be a little worse.")
    return told


def label_table(run: FinishedRun, figures: Mapping[str, Any]) -> Section:
    """Figures label by label, with the threshold of each."""
    rows = [
        [
            name,
            f"{one['threshold']:.3f}",
            *(f"{100 * one[of]:.1f}" for of in ("precision", "recall", "f1")),
            f"{one['support']:,}",
        ]
        for name, one in figures["per_class"].items()
    ]
    chosen = "which dev chose" if run.metrics["dev"] is not None else "0.5 where there is no dev split"
    caption = f"On {run.split}, in percent. A text has a label from the threshold of its probability on, {chosen}."
    return Section(
        "Label by label", table=Table(caption, ("label", "threshold", "precision", "recall", "F1", "rows"), rows)
    )


def reliability(run: FinishedRun) -> Section:
    """How often a label of some probability is there, over all labels of all texts."""
    assert run.split is not None
    said, there = run.probabilities.ravel(), run.has.ravel()
    bins = reliability_bins(said, there)
    told = [
        f"Of {said.size:,} decisions, each label of each text, the probability and how often the label is there are "
        f"{run.about_calibration}. {run.about_temperature}",
    ]
    drawn = run_plots.reliability(bins, of="label") if can_plot() else None
    what = "Share of decisions in which the label is there, by its probability"
    return Section("Do probabilities mean what they say?", told, svg=drawn, description=what)


def mistakes(run: FinishedRun, *, most: int) -> Section:
    """Labels that were said although they are not there, or the other way round, and of which the model was surest."""
    assert run.rows is not None
    names, probabilities, has = run.metrics["labels"], run.probabilities, run.has
    wrong = run.classifier.task.says(run.logits) != has
    sure = np.where(wrong, np.where(has, 1 - probabilities, probabilities), -1.0)
    texts, shown = run.rows["text"], []
    for place in np.argsort(-sure, axis=None, kind="stable")[: min(most, int(wrong.sum()))]:
        row, column = divmod(int(place), len(names))
        text, probability = texts[row].as_py(), probabilities[row, column]
        what = "which it has, is not found" if has[row, column] else "which it has not, is said"
        heading = f"{names[column]}, {what} ({probability:.0%})"
        shown.append(run.shaded(heading, text))
    if not shown:
        return Section("Mistakes", ["There are none."])
    told = [
        "Wrong decisions about a label, with its probability.",
        "The darker a word and the thicker its line, the more the pooling looked at it; not which label it speaks for.",
    ]
    return Section("The mistakes it was surest of", told, texts=shown)
