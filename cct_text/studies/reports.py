"""What a study says, as a page to open, print and send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cct_text.report.page import Section, Table, render
from cct_text.studies import comparison as comparisons
from cct_text.studies import learning_curve, reproduction
from cct_text.studies.comparison import Comparison, Pair, Run, Side
from cct_text.studies.learning_curve import LearningCurve, Race
from cct_text.studies.reproduction import Reproduction
from cct_text.studies.statistics import ALPHA, Difference
from cct_text.studies.wording import counted, interval, p_value, percent, rows_and_seeds

INTERVALS = (
    "Mean and standard deviation over seeds; the 95 % interval of the mean is Student's, and tells how far another set of "
    "seeds may move it, here cut to 0 and 100 %."
)
DIFFERENCES = (
    "Differences are paired by seed and test row, both taken as random (Hillis 2007); p is corrected by Holm's method for all "
    f"differences of the page, their intervals are not. With p below {ALPHA:.2f} a difference counts as seen."
)
ONE_SEED = "A difference over one seed is a paired t-test over the test rows, and says nothing about other seeds."
PUBLISHED = (
    "A published figure is one run with a seed of its own: the standard error of its difference from ours is "
    "s √(1 + 1/S), by our standard deviation s over S seeds. Two of them are little where seeds are few: luck alone "
    "exceeds them in 12 % of cases with five seeds, in 18 % with three. No recipe was published; each data set has ours."
)
RUN_COLUMNS = {
    "dataset": "data set",
    "condition": "condition",
    "rows": "rows",
    "seed": "seed",
    "test_accuracy": "test accuracy",
    "test_macro_f1": "test macro F1",
    "dev_accuracy": "dev accuracy",
    "best_epoch": "best epoch",
    "chosen": "chosen by dev",
    "seconds": "seconds",
}
"""Columns of the tidy table that are shown, and how they are called."""
PERCENT = ("test_accuracy", "test_macro_f1", "dev_accuracy")


def comparison_report(comparison: Comparison, *, svg: str | None, command: str | None) -> str:
    """A comparison as an HTML page.

    Args:
        comparison: what the runs say.
        svg: its plot; None where there is none.
        command: that repeats it; None where it is not known.
    """
    sections = [
        *_list("What can be said", comparisons.statements(comparison)),
        Section("Accuracy", table=_sides(comparison)),
        *_plot(svg, "Accuracy of each condition, seed by seed, and the differences with their intervals"),
        *([Section("Differences", table=_pairs(comparison.pairs))] if comparison.pairs else []),
        *_failures(comparison.runs),
        *_list(
            "What the figures are",
            _statistics(
                [side.accuracy.seeds for side in comparison.sides if side.accuracy is not None],
                [pair.seeds for pair in comparison.pairs],
            ),
        ),
        *_runs([run.row() for run in comparison.runs]),
        *_repeat(comparison.runs, command),
    ]
    return render(
        f"Comparison on {comparison.dataset}", rows_and_seeds(comparison.test_rows, len(comparison.seeds)), sections
    )


def curve_report(curve: LearningCurve, *, svg: str | None, command: str | None) -> str:
    """A learning curve as an HTML page; the arguments are those of `comparison_report`."""
    runs = [run for _, run in curve.runs]
    sections = [
        *_list("What can be said", learning_curve.statements(curve)),
        *_plot(svg, "Accuracy over the number of training rows, a line for each learner"),
        Section("Accuracy", table=_points(curve)),
        *([Section("Differences", table=_gaps(curve.races))] if curve.races else []),
        *_failures(runs),
        *_list(
            "What the figures are",
            _statistics(
                [point.accuracy.seeds for line in curve.lines for point in line.points],
                [len(curve.seeds) for _ in curve.races],
            ),
        ),
        *_runs(curve.table()),
        *_repeat(runs, command),
    ]
    return render(f"Learning curve on {curve.dataset}", rows_and_seeds(curve.test_rows, len(curve.seeds)), sections)


def reproduction_report(found: Reproduction, *, svg: str | None, command: str | None) -> str:
    """The published table as an HTML page; the arguments are those of `comparison_report`."""
    runs = [run for _, run in found.runs]
    sections = [
        *_list("What can be said", reproduction.statements(found)),
        Section("Accuracy", table=_published(found)),
        *_plot(svg, "Accuracy of each model on each data set, seed by seed, and the published one"),
        *_failures(runs, [f" on {dataset}" for dataset, _ in found.runs]),
        *_list("What the figures are", [INTERVALS, PUBLISHED] if found.seeds > 1 else [PUBLISHED]),
        *_runs(found.table()),
        *_repeat(runs, command),
    ]
    return render("Published models", f"Beside the published figures, {counted(found.seeds, 'seed')}", sections)


def _published(found: Reproduction) -> Table:
    rows = []
    for cell in found.cells:
        ours, figure = cell.accuracy, cell.published
        rows.append(
            [
                cell.name,
                "" if cell.train_rows is None else f"{cell.train_rows:,}",
                "failed" if ours is None else percent(ours),
                "" if figure is None else f"{100 * figure:.2f}",
                f"{100 * (ours.mean - figure):+.2f}" if ours is not None and figure is not None else "",
                {None: "", False: "no", True: "yes"}[cell.differs],
            ]
        )
    return Table(
        "Test accuracy in percent; whether the published figure lies more than two standard errors from ours.",
        ("model", "train rows", "ours", "published", "difference", "differs"),
        rows,
    )


def _list(title: str, sentences: Sequence[str]) -> list[Section]:
    return [Section(title, sentences)] if sentences else []


def _statistics(seeds: Sequence[int], paired: Sequence[int]) -> list[str]:
    """What the intervals and differences of a page mean, as far as it has any.

    Args:
        seeds: of each mean.
        paired: seeds of each difference.
    """
    return [
        *([INTERVALS] if max(seeds, default=0) > 1 else []),
        *([DIFFERENCES] if paired else []),
        *([ONE_SEED] if 1 in paired else []),
    ]


def _plot(svg: str | None, description: str) -> list[Section]:
    return [Section("Plot", svg=svg, description=description)] if svg else []


def _sides(comparison: Comparison) -> Table:
    header = (
        "condition",
        "accuracy",
        "95 % interval",
        "macro F1",
        "ECE",
        "coverage",
        "parameters",
        "seconds",
        "rows/s",
    )
    return Table(
        "Test accuracy and expected calibration error in percent; parameters without word vectors and positions; seconds "
        "and rows/s of training: of what is no network the seconds of all fits that dev chose from, and no rows/s.",
        header,
        [_side(side, len(header)) for side in comparison.sides],
    )


def _side(side: Side, columns: int) -> list[str]:
    name = f"{side.name} (baseline)" if side.baseline else side.name
    if side.accuracy is None or side.macro_f1 is None:
        return [name, f"{side.failed} failed", *[""] * (columns - 2)]
    return [
        name,
        percent(side.accuracy) + (f", {side.failed} failed" if side.failed else ""),
        " to ".join(interval(side.accuracy, 2) or ()),
        f"{100 * side.macro_f1.mean:.2f}",
        "" if side.ece is None else f"{100 * side.ece.mean:.2f}",
        "" if side.coverage is None else f"{side.coverage:.1%}",
        f"{side.parameters:,}",
        f"{side.seconds:,.0f}",
        "" if side.rows_per_second is None else f"{side.rows_per_second:,.0f}",
    ]


def _pairs(pairs: Sequence[Pair]) -> Table:
    rows = [
        [f"{pair.first} − {pair.second}", *_difference(pair.difference, pair.p_holm, pair.seen), str(pair.seeds)]
        for pair in pairs
    ]
    return Table(
        "Points of accuracy, the first less the second.",
        ("pair", "difference", "95 % interval", "p", "a difference", "seeds"),
        rows,
    )


def _gaps(races: Sequence[Race]) -> Table:
    rows = [
        [f"{race.first} − {race.second}, {gap.rows:,} rows", *_difference(gap.difference, gap.p_holm, gap.seen)]
        for race in races
        for gap in race.gaps
    ]
    return Table(
        "Points of accuracy, the first less the second.",
        ("pair", "difference", "95 % interval", "p", "a difference"),
        rows,
    )


def _difference(found: Difference, p: float, seen: bool) -> list[str]:
    return [
        f"{100 * found.mean:+.2f}",
        f"{100 * found.low:+.2f} to {100 * found.high:+.2f}",
        p_value(p),
        "seen" if seen else "not seen",
    ]


def _points(curve: LearningCurve) -> Table:
    return Table(
        "Test accuracy in percent by rows of train.",
        ("rows of train", *(line.name for line in curve.lines)),
        [
            [f"{rows:,}", *("failed" if summary is None else percent(summary) for summary in reached)]
            for rows, reached in curve.by_rows()
        ],
    )


def _failures(runs: Sequence[Run], where: Sequence[str] | None = None) -> list[Section]:
    """What failed; `where` says of each run on which data set, if there are several."""
    failed = [
        f"{run.condition.name}{place}, seed {run.seed}: {run.error}"
        for run, place in zip(runs, where or [""] * len(runs), strict=True)
        if run.error is not None
    ]
    return [Section("Failed runs", failed)] if failed else []


def _runs(rows: Sequence[Mapping[str, Any]]) -> list[Section]:
    """Each run that did not fail, closed at first."""
    done = [row for row in rows if row["error"] is None]
    header = [name for name in RUN_COLUMNS if any(row.get(name) is not None for row in done)]
    cells = [[_cell(name, row.get(name)) for name in header] for row in done]
    table = Table("One line a run; accuracy and F1 in percent.", [RUN_COLUMNS[name] for name in header], cells)
    return [Section("Each run", table=table, closed=True)] if done else []


def _cell(column: str, value: str | float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return f"{100 * value:.2f}" if column in PERCENT else f"{value:,.0f}"


def _repeat(runs: Sequence[Run], command: str | None) -> list[Section]:
    """How to get the same again; runs of an earlier day may have had other versions, all of which are told."""
    done = [run.metrics for run in runs if run.metrics is not None]
    versions = [", ".join(f"{name} {number}" for name, number in metrics["versions"].items()) for metrics in done]
    data = [f"data sha256 of {metrics.get('dataset', 'the data set')} {metrics['data_sha256']}" for metrics in done]
    made = [f"commit {metrics['commit']}" for metrics in done if metrics.get("commit")]
    processors = [f"on {metrics['processor']}" for metrics in done if metrics.get("processor")]
    facts = dict.fromkeys([*made, *versions, *processors, *data])
    lines = [*([command] if command else []), *facts]
    return [Section("To repeat it", code=lines)] if lines else []
