"""Train the published models, and set what they reach beside the published figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cct_text.artifacts import RunFolder
from cct_text.errors import UsageError, unknown_name
from cct_text.report.plots import Group, can_plot, plot_comparison
from cct_text.studies.compare import TABLE, write_page, write_table
from cct_text.studies.grid import Condition
from cct_text.studies.reports import reproduction_report
from cct_text.studies.reproduction import ModelOnDataset, Reproduction, published
from cct_text.studies.study import Study, StudyObserver, joint_record, plan, require_ready, run_all
from cct_text.studies.wording import counted

QUICK_MODELS = ("cct-2/1", "cct-2/2", "cct-2/4")
QUICK_SEEDS = 3
"""A part of the table that fits into half an hour on two cores."""
RESULT = "reproduction"
"""Name of the result, `.json`, and of the plot, `.svg` and `.png`."""


AS_PUBLISHED = {
    "embeddings": "glove-tuned",
    "long": "head",
    "fine_labels": False,
    "bigram_min_count": 0,
    "max_pool": None,
    "keep": "accuracy",
}
"""What recipes may have otherwise, and the paper has not."""


def plan_reproduction(
    datasets: Sequence[str],
    models: Sequence[str],
    *,
    seeds: int,
    out: str | Path,
    values: Mapping[str, object] | None = None,
) -> list[Study]:
    """A study for each data set, each with its recipe as far as the paper's models go (`AS_PUBLISHED`).

    Args:
        datasets: names, each taken once; all with published figures when empty.
        models: names, each taken once; all with published figures when empty.
        seeds: of each model on each data set.
        out: folder of all studies.
        values: options of all runs.

    Raises:
        UsageError: if nothing is published for a data set, a model is unknown, or the folder holds another study or
            other runs.
    """
    known = published()
    if unknown := [name for name in datasets if name not in known]:
        raise UsageError(unknown_name("data set with published figures", unknown[0], list(known)))
    studies = [
        plan(
            dataset,
            [Condition({"model": model}) for model in dict.fromkeys(models or known[dataset])],
            seeds=seeds,
            out=Path(out) / dataset,
            values={**AS_PUBLISHED, **(values or {})},
            kind="reproduce",
        )
        for dataset in dict.fromkeys(datasets or known)
    ]
    joint_record(studies).require_same(Path(out))
    return studies


def reproduce(
    studies: Sequence[Study],
    out: str | Path,
    *,
    workers: int | None = None,
    observer: StudyObserver | None = None,
    command: str | None = None,
) -> Reproduction:
    """Make all runs that are not there yet, and set them beside the published figures.

    `reproduction.json`, `runs.csv`, `runs.parquet`, `report.html` and, with matplotlib, `reproduction.svg` and
    `reproduction.png` are written into `out`, unless all runs failed.

    Args:
        studies: as `plan_reproduction` has them.
        out: folder of the result.
        workers: processes, of one thread each; as many as suit the cores when not given.
        observer: hears of each study.
        command: that repeats it, for the report.

    Raises:
        UsageError: if the folder cannot be written to.
        DataError: if a data set cannot be used, or changed in between.
        ResourceError: if a data set or word vectors are not here; nothing is run then.
    """
    require_ready(studies)
    cells, runs = [], []
    for study in studies:
        made = run_all(study, workers=workers, observer=observer)
        runs += [(study.dataset, run) for run in made]
        cells += [
            ModelOnDataset.of(study.dataset, condition.name, [run for run in made if run.condition == condition])
            for condition in study.conditions
        ]
    found = Reproduction(tuple(cells), max(len(study.seeds) for study in studies), tuple(runs))
    if all(run.error is not None for _, run in runs):
        return found
    RunFolder(out).write_json(f"{RESULT}.json", found.to_dict())
    write_table(Path(out) / TABLE, found.table())
    svg = _plot(Path(out), found) if can_plot() else None
    write_page(Path(out), reproduction_report(found, svg=svg, command=command))
    joint_record(studies).write(Path(out))
    return found


def _plot(out: Path, found: Reproduction) -> str:
    """Draw it; the content of the SVG."""
    groups = [
        Group(
            cell.name,
            [float(run.right.mean()) for run in found.runs_of(cell) if run.right is not None],
            cell.accuracy.mean,
            cell.accuracy.low,
            cell.accuracy.high,
            cell.published,
        )
        for cell in found.cells
        if cell.accuracy is not None
    ]
    svg, _ = plot_comparison(out / RESULT, f"Published models, {counted(found.seeds, 'seed')}", groups, [])
    return svg.read_text(encoding="utf-8")
