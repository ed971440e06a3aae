"""What a run reached, where it errs, and how to get it again, as a page to open, print and send."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cct_text.artifacts import CONFIG, REPORT, RunFolder
from cct_text.atomic_writes import write_atomically
from cct_text.figures import figures_shown
from cct_text.report import label_set_sections, run_plots
from cct_text.report.bins import length_bins, reliability_bins
from cct_text.report.finished_run import FinishedRun
from cct_text.report.page import Section, Table, render
from cct_text.report.plots import can_plot
from cct_text.report.run_plots import Epochs

MISTAKES = 12
"""Most confident mistakes that are shown."""
MOST_CONFUSIONS = 10


def write_run_report(path: str | Path, *, command: str | None = None) -> Path:
    """Write `report.html` into a run folder.

    Args:
        path: the folder.
        command: that repeats the run; as far as it is known from the folder when None.

    Returns:
        The file.

    Raises:
        DataError: if the folder holds no finished run, or a file of it is missing or damaged.
        UsageError: if the file cannot be written.
    """
    folder = RunFolder(path)
    with figures_shown(folder):
        page = run_page(FinishedRun.read(path), command=command)
    file = folder.file(REPORT)
    with write_atomically(file) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return file


def run_page(run: FinishedRun, *, command: str | None = None) -> str:
    """The page of a run; without matplotlib it has no drawings."""
    metrics = run.metrics
    about = [*_classes(run), *_reliability(run), *_lengths(run), *_mistakes(run)] if run.rows is not None else []
    sections = [*_headline(run), *_epochs(run), *about, *_vectors(run), _repeat(run, command)]
    rows = ", ".join(
        f"{metrics[f'{split}_rows']:,} {split}" for split in ("train", "dev", "test") if metrics[f"{split}_rows"]
    )
    return render(f"{metrics['model']} on {metrics['dataset']}", f"{rows} rows; seed {metrics['seed']}", sections)


def _headline(run: FinishedRun) -> list[Section]:
    metrics, told = run.metrics, []
    if run.split is not None:
        figures, count = metrics[run.split], metrics[f"{run.split}_rows"]
        told += label_set_sections.headline(run, figures, count) if run.several else _right_rows(run, figures, count)
        if run.split == "dev":
            chose = run.classifier.config.training.keep != "last"
            worse = " Dev chose the epoch that is kept, so on new texts it will be a little worse." if chose else ""
            told.append(f"There is no test split.{worse}")
    loss = "mean binary cross-entropy of a label" if run.several else "mean cross-entropy"
    table = Table(
        f"In percent, but the loss: {loss} in nats. ECE: how far probabilities are from how often they are right.",
        ("split", "rows", "accuracy", *(["micro F1"] if run.several else []), "macro F1", "loss", "ECE"),
        [_figures(name, rows, found) for name, rows, found in _splits(metrics)],
    )
    size = f"{metrics['parameters']:,} parameters, and {metrics['embedding_parameters']:,} of word vectors"
    told.append(f"{size}; trained in {metrics['seconds']:,.0f} s on {metrics['device']} ({metrics['precision']}).")
    return [Section("What it reached", told, table), *_beside(run)]


def _right_rows(run: FinishedRun, figures: Mapping[str, Any], count: int) -> list[str]:
    right = round(figures["accuracy"] * count)
    supports = {name: one["support"] for name, one in figures["per_class"].items()}
    most = max(supports, key=supports.__getitem__)
    return [
        f"{right:,} of {count:,} {run.split} rows are right: {figures['accuracy']:.1%}.",
        f"Who always says {most} is right on {supports[most] / count:.1%}.",
    ]


def _beside(run: FinishedRun) -> list[Section]:
    """The run among the baselines on its rows, the best first."""
    split = run.split
    if split is None:
        return []
    if not run.beside:
        return [Section("Beside simpler learners", ["None trained yet: cct-text report RUN --baseline tfidf-lr"])]
    found = [one for one in (run.metrics, *run.beside) if one[split] is not None]
    found.sort(key=lambda one: -one[split]["accuracy"])
    figures = {"accuracy": "accuracy", **({"micro_f1": "micro F1"} if run.several else {}), "macro_f1": "macro F1"}
    rows = [
        [
            f"{one['model']} (this run)" if one is run.metrics else one["model"],
            *(f"{100 * one[split][figure]:.2f}" for figure in figures),
            "" if one[split]["ece"] is None else f"{100 * one[split]['ece']:.2f}",
            f"{one['seconds']:,.1f}",
        ]
        for one in found
    ]
    caption = (
        f"Trained on the same rows, measured on {split}; in percent. One run each: a seed may move them by a point."
    )
    header = ("learner", *figures.values(), "ECE", "seconds of training")
    return [Section("Beside simpler learners", table=Table(caption, header, rows))]


def _splits(metrics: Mapping[str, Any]) -> list[tuple[str, int, Mapping[str, float]]]:
    found = [(name, metrics[f"{name}_rows"], metrics[name]) for name in ("test", "dev") if metrics[name] is not None]
    unseen = (metrics["test"] or {}).get("without_rows_in_train")
    return [*found, *([("test, texts that train lacks", unseen["rows"], unseen)] if unseen else [])]


def _figures(name: str, rows: int, found: Mapping[str, float]) -> list[str]:
    percents = (f"{100 * found[of]:.2f}" for of in ("accuracy", "micro_f1", "macro_f1") if of in found)
    return [name, f"{rows:,}", *percents, f"{found['loss']:.3f}", f"{100 * found['ece']:.2f}"]


def _epochs(run: FinishedRun) -> list[Section]:
    kept, of = run.metrics["best_epoch"], len(run.history)
    told = [f"Epoch {kept} of {of} was kept."]
    history = {
        name: [one[name] for one in run.history if one[name] is not None]
        for name in ("train_loss", "dev_loss", "dev_accuracy")
    }
    drawn = run_plots.learning_curves(Epochs(**history, kept=kept)) if can_plot() else None
    return [Section("Learning", told, svg=drawn, description="Losses and dev accuracy, epoch by epoch")]


def _classes(run: FinishedRun) -> list[Section]:
    assert run.split is not None
    figures = run.metrics[run.split]
    if run.several:
        return [label_set_sections.label_table(run, figures)]
    rows = [
        [name, *(f"{100 * one[of]:.1f}" for of in ("precision", "recall", "f1")), f"{one['support']:,}"]
        for name, one in figures["per_class"].items()
    ]
    header = ("class", "precision", "recall", "F1", "rows")
    found = [Section("Class by class", table=Table(f"On {run.split}, in percent.", header, rows))]
    matrix = figures["confusion_matrix"]
    if matrix is None:
        return found
    labels = run.metrics["labels"]
    drawn = (
        run_plots.confusion_matrix(matrix, labels)
        if can_plot() and len(labels) <= run_plots.LARGEST_DRAWN_MATRIX
        else None
    )
    confused = sorted(
        (
            (count, labels[true], labels[said])
            for true, row in enumerate(matrix)
            for said, count in enumerate(row)
            if true != said and count
        ),
        key=lambda one: (-one[0], one[1], one[2]),
    )[:MOST_CONFUSIONS]
    table = Table(
        "The most frequent ones.",
        ("class", "taken for", "rows"),
        [[true, said, f"{count:,}"] for count, true, said in confused],
    )
    what = "How many rows of each class were taken for which"
    return [*found, Section("What is taken for what", table=table if confused else None, svg=drawn, description=what)]


def _reliability(run: FinishedRun) -> list[Section]:
    assert run.rows is not None
    assert run.split is not None
    if run.several:
        return [label_set_sections.reliability(run)]
    bins = reliability_bins(run.rows["probability"].to_numpy(), run.right)
    told = [
        "The probability of a prediction and how often such predictions are right are "
        f"{run.about_calibration}. {run.about_temperature}",
    ]
    drawn = run_plots.reliability(bins) if can_plot() else None
    return [
        Section(
            "Do probabilities mean what they say?",
            told,
            svg=drawn,
            description="Share of right predictions by their probability",
        )
    ]


def _lengths(run: FinishedRun) -> list[Section]:
    text = run.classifier.config.text
    limit, in_chunks = text.max_words, text.long == "chunks"
    longer = run.lengths > limit
    told = [
        f"Texts of more than {limit} words are read in chunks, whose answers are averaged."
        if in_chunks
        else f"Texts are read up to {limit} words."
    ]
    if longer.any() and not longer.all():
        inside, beyond = run.right[~longer].mean(), run.right[longer].mean()
        told.append(
            f"{int(longer.sum()):,} rows ({longer.mean():.1%}) are longer; {beyond:.1%} of these are right, and "
            f"{inside:.1%} of the others."
        )
        if not in_chunks:
            told[-1] += f" Of such a text {run.lengths[longer].mean() - limit:,.0f} words are not read, on average."
    elif longer.any():
        told.append("All are longer.")
    else:
        told.append("None is longer." if in_chunks else "None is longer, so nothing was cut.")
    drawn = run_plots.accuracy_by_length(length_bins(run.lengths, run.right)) if can_plot() else None
    return [Section("Short and long texts", told, svg=drawn, description="Accuracy by the number of words")]


def _mistakes(run: FinishedRun) -> list[Section]:
    assert run.rows is not None
    if run.several:
        return [label_set_sections.mistakes(run, most=MISTAKES)]
    wrong = np.flatnonzero(~run.right)
    said = run.rows["probability"].to_numpy()[wrong]
    shown = []
    for row in run.rows.take(pa.array(wrong[np.argsort(-said, kind="stable")[:MISTAKES]])).to_pylist():
        heading = f"{row['label']}, taken for {row['prediction']} ({row['probability']:.0%})"
        shown.append(run.shaded(heading, row["text"]))
    if not shown:
        return [Section("Mistakes", ["There are none."])]
    told = [
        "The darker a word and the thicker its line, the more the pooling looked at it; not which class it speaks for."
    ]
    return [Section("The mistakes it was surest of", told, texts=shown)]


def _vectors(run: FinishedRun) -> list[Section]:
    coverage = run.metrics["coverage"]
    if coverage is None:
        return []
    told = [
        f"{run.metrics['vectors']} knows {coverage['tokens']:.1%} of the words of the train split's text, and "
        f"{coverage['types']:.1%} of its different words."
    ]
    rows = [[word, f"{count:,}"] for word, count in coverage["missing"]]
    table = Table("The most frequent words without a vector.", ("word", "times"), rows) if rows else None
    return [Section("Word vectors", told, table)]


def _repeat(run: FinishedRun, command: str | None) -> Section:
    metrics = run.metrics
    versions = ", ".join(f"{name} {number}" for name, number in metrics["versions"].items())
    lines = [
        command or shlex.join(["cct-text", "train", "--config", str(run.path / CONFIG), "--out", "DIR"]),
        *([f"commit {metrics['commit']}"] if metrics["commit"] else []),
        versions,
        f"on {metrics['processor']}",
        f"data sha256 {metrics['data_sha256']}",
    ]
    return Section("To repeat it", code=lines)
