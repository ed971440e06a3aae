"""What a study prints when it is done: a table and what it allows to say, or one JSON object."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cct_text.report.plots import can_plot
from cct_text.studies import comparison as comparisons
from cct_text.studies import learning_curve, reproduction, tuning_result
from cct_text.studies.comparison import Comparison, Side
from cct_text.studies.learning_curve import LearningCurve
from cct_text.studies.recipe_results import RecipeResults
from cct_text.studies.reproduction import Reproduction
from cct_text.studies.search_space import value_of
from cct_text.studies.statistics import Summary
from cct_text.studies.trials import Trial
from cct_text.studies.tuning import RECIPE
from cct_text.studies.tuning_result import Tuned, score_words
from cct_text.studies.wording import counted, interval, percent

from .tables import figures_table, fits

COLUMNS = ("accuracy", "95 %\ninterval", "macro\nF1", "cover-\nage", "para-\nmeters", "sec-\nonds", "rows/s")
NAME_WIDTH = 24
"""Columns that are left to names, as far as they need them, where room is short."""
FIGURE_WIDTH = 9
"""Of a column of means above their deviations, with what lies between two: `± 11.79`."""
LEADERS = 5
"""Trials that are shown beside the recipe."""


def print_comparison(comparison: Comparison, folder: Path, *, as_json: bool) -> None:
    """The conditions beside each other."""
    measured = _measured(comparison.test_rows, comparison.dataset, len(comparison.seeds))
    note = measured and f"{measured}, 95 % interval of the mean"
    tables = [_sides(comparison)]
    _answer(comparison.to_dict(), tables, note, comparisons.statements(comparison), folder, as_json=as_json)
    _miss_plot(as_json=as_json)


def print_curve(curve: LearningCurve, folder: Path, *, as_json: bool) -> None:
    """Accuracy by number of training rows, a column for each learner or, where they have no room, a row."""
    note = _measured(curve.test_rows, curve.dataset, len(curve.seeds))
    _answer(curve.to_dict(), _points(curve), note, learning_curve.statements(curve), folder, as_json=as_json)
    _miss_plot(as_json=as_json)


def print_reproduction(found: Reproduction, folder: Path, *, as_json: bool) -> None:
    """Our figures beside the published ones, a row for each model on each data set."""
    over = counted(found.seeds, "seed")
    note = f"test accuracy in %: mean and standard deviation over {over}, and what was published, of which one run is known"
    _answer(found.to_dict(), [_reproduced(found)], note, reproduction.statements(found), folder, as_json=as_json)
    _miss_plot(as_json=as_json)


def print_recipes(found: RecipeResults, folder: Path, *, as_json: bool) -> None:
    """What each recipe reached, and the baseline that dev chooses."""
    table = figures_table("data set", "model", "accuracy", "macro\nF1", "ECE", "best baseline")
    for comparison in found.comparisons:
        recipe, *beside = comparison.sides
        best = max(
            (side for side in beside if side.accuracy is not None),
            key=lambda side: side.dev_accuracy or 0.0,
            default=None,
        )
        table.add_row(
            comparison.dataset,
            Text(recipe.name),
            *("failed" if summary is None else percent(summary) for summary in (recipe.accuracy, recipe.macro_f1)),
            "" if recipe.ece is None else f"{100 * recipe.ece.mean:.1f}",
            "" if best is None or best.accuracy is None else f"{best.name} {100 * best.accuracy.mean:.2f}",
        )
    note = "in % on test: mean and standard deviation over seeds; of the baselines the best on dev is shown"
    _answer(found.to_dict(), [table], note, [], folder, as_json=as_json)


def print_tuning(tuned: Tuned, *, as_json: bool) -> None:
    """The best trials beside the recipe, a column for each, and the command that trains the best one."""
    tuning = tuned.tuning
    scale = "" if tuning.metric == "loss" else " in %"
    over = tuned.dev.words(tuning.splits)
    note = f"{tuning.metric}{scale}, mean over {over}; the test split was left alone" if tuned.best else ""
    said = tuning_result.statements(tuned)
    _answer(tuned.to_dict(), [_trials(tuned)], note, said, tuning.out, as_json=as_json)
    if tuned.best is not None and not as_json:
        command = shlex.join(["cct-text", "train", tuning.dataset, "--config", str(tuning.out / RECIPE)])
        sys.stdout.write(f"next: {command}\n")


def _answer(
    result: Mapping[str, Any],
    tables: Sequence[Table],
    note: str,
    sentences: Sequence[str],
    folder: Path,
    *,
    as_json: bool,
) -> None:
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        return
    console = _console()
    for place, table in enumerate(tables):
        console.print(*([""] if place else []), table, sep="\n")
    if note:
        console.print(f"{note}\n")
    for sentence in sentences:
        console.print(sentence)
    files = sorted(path.name for path in folder.glob("[!.]*") if path.is_file())  # no folder, no file: all runs failed
    console.print(f"\nstudy folder: {folder} ({', '.join(files) or 'no answer'})", soft_wrap=True)


def _console() -> Console:
    return Console(highlight=False, markup=False)


def _miss_plot(*, as_json: bool) -> None:
    if not can_plot() and not as_json:
        sys.stdout.write("no plot: it needs matplotlib, pip install 'cct-text[report]'\n")


def _measured(test_rows: int, dataset: str, seeds: int) -> str:
    if not test_rows:
        return ""  # nothing came to an end
    rows = counted(test_rows, "test row")
    return f"accuracy in % on {rows} of {dataset}: mean and standard deviation over {counted(seeds, 'seed')}"


def _sides(comparison: Comparison) -> Table:
    """A row for each condition; where room is short, a figure's second half stands below its first."""
    wide, narrow = (_sides_table(comparison, stacked=stacked) for stacked in (False, True))
    return wide if fits(wide, _console()) else narrow


def _sides_table(comparison: Comparison, *, stacked: bool) -> Table:
    table = figures_table("", *COLUMNS, whole=True)
    for side in comparison.sides:
        table.add_row(Text(side.name), *_cells(side, stacked=stacked))
    return table


def _cells(side: Side, *, stacked: bool) -> list[str]:
    if side.accuracy is None or side.macro_f1 is None:
        return [f"{side.failed} failed"]
    number = _rounded if stacked else "{:,.0f}".format
    return [
        _stacked(percent(side.accuracy), "±") if stacked else percent(side.accuracy),
        ("\nto " if stacked else " to ").join(interval(side.accuracy, 1) or ()),
        f"{100 * side.macro_f1.mean:.1f}",
        "" if side.coverage is None else f"{side.coverage:.1%}",
        number(side.parameters or 0),
        number(side.seconds or 0),
        "" if side.rows_per_second is None else number(side.rows_per_second),
    ]


def _stacked(figure: str, sign: str) -> str:
    """`92.31 ± 0.44` on two lines."""
    return figure.replace(f" {sign}", f"\n{sign}")


def _rounded(number: float) -> str:
    """`12,345`, `123k`, `12.3M`: at most six characters."""
    if number < 99_999.5:
        return f"{number:,.0f}"
    return f"{number / 1e3:.0f}k" if number < 999_500 else f"{number / 1e6:,.1f}M"


def _points(curve: LearningCurve) -> list[Table]:
    """A column for each learner; without room for them a row for each, and for many numbers of rows several tables."""
    console = _console()
    by_rows = curve.by_rows()
    wide = figures_table("rows of train", *(line.name for line in curve.lines), whole=True)
    for rows, reached in by_rows:
        wide.add_row(f"{rows:,}", *map(_reached, reached))
    if fits(wide, console):
        return [wide]
    names = min(max(len(line.name) for line in curve.lines), NAME_WIDTH)
    room = max(1, (console.width - names) // max(FIGURE_WIDTH, *(len(f"{rows:,}") + 2 for rows, _ in by_rows)))
    tables = []
    for start in range(0, len(by_rows), room):
        part = by_rows[start : start + room]
        table = figures_table("rows of train", *(f"{rows:,}" for rows, _ in part), whole=True)
        for place, line in enumerate(curve.lines):
            table.add_row(Text(line.name), *(_stacked(_reached(reached[place]), "±") for _, reached in part))
        tables.append(table)
    return tables


def _reached(summary: Summary | None) -> str:
    return "failed" if summary is None else percent(summary)


def _reproduced(found: Reproduction) -> Table:
    table = figures_table("data set", "model", "train rows", "ours", "published", "difference", "")
    for cell in found.cells:
        if cell.accuracy is None:
            table.add_row(cell.dataset, cell.model, "", "failed")
            continue
        published = ["", ""]
        if cell.published is not None:
            published = [f"{100 * cell.published:.2f}", f"{100 * (cell.accuracy.mean - cell.published):+.2f}"]
        mark = {None: "", False: "", True: "differs"}[cell.differs]
        table.add_row(cell.dataset, cell.model, f"{cell.train_rows:,}", percent(cell.accuracy), *published, mark)
    return table


def _trials(tuned: Tuned) -> Table:
    shown = [*([tuned.recipe] if tuned.recipe else []), *tuned.leaders(LEADERS)]
    metric = tuned.tuning.metric
    if not shown:
        return figures_table("no trial was scored on all splits")
    table = figures_table("trial", *("recipe" if trial.recipe else str(trial.number) for trial in shown))
    table.add_row(metric, *(score_words(metric, trial.score or 0.0, None) for trial in shown))
    table.add_row("± standard error", *(_error(metric, trial) for trial in shown))
    for option in tuned.tuning.space:
        table.add_row(option.name, *(_short(value_of(trial.config, option.name)) for trial in shown))
    return table


def _error(metric: str, trial: Trial) -> str:
    return "" if trial.standard_error is None else score_words(metric, trial.standard_error, None)


def _short(value: object) -> str:
    """A value in a narrow column: `0.00123`, `3.12e-4`."""
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3g}" if value >= 1e-3 or value == 0 else f"{value:.2e}".replace("e-0", "e-")
