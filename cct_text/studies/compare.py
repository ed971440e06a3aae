"""A study: the same data, some options varied, several seeds of each combination, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from cct_text.artifacts import METRICS, PREDICTIONS, RunFolder, write_atomically
from cct_text.config import Config
from cct_text.datasets import load_dataset
from cct_text.errors import DataError, UsageError
from cct_text.report.plots import Gap, Group, can_plot, plot_comparison
from cct_text.studies.comparison import Comparison, Run
from cct_text.studies.grid import Condition
from cct_text.studies.workers import Job, train_all
from cct_text.training.recipes import resolve_config

RUNS = "runs"
COMPARISON = "comparison.json"
PLOT = "comparison"
"""Name of the plot, `.svg` and `.png`."""
TABLE = "runs"
"""Name of the tidy table, `.csv` and `.parquet`."""


@dataclass(frozen=True)
class Study:
    """What is to be run.

    Attributes:
        dataset: as it was named.
        conditions: combinations of options.
        seeds: of each.
        configs: all options of the first seed of each condition.
        out: folder of the study.
    """

    dataset: str
    conditions: tuple[Condition, ...]
    seeds: tuple[int, ...]
    configs: tuple[Config, ...]
    out: Path

    def jobs(self) -> dict[Path, tuple[Condition, int, Job]]:
        """Each run by its folder, all conditions of a seed before the next seed."""
        runs = {}
        for seed in self.seeds:
            for condition, config in zip(self.conditions, self.configs, strict=True):
                folder = self.out / RUNS / condition.folder / f"seed-{seed}"
                job = Job(config.with_values({"seed": seed}, source="seeds"), folder)
                runs[folder] = (condition, seed, job)
        return runs


class StudyObserver:
    """Hears how a study goes on; this one keeps silent, a command line shows it."""

    def started(self, study: Study) -> None:
        """The study begins."""

    def ended(self, run: Run, *, earlier: bool) -> None:
        """A run ended; `earlier`: an earlier call had made it."""


def plan(
    dataset: str,
    conditions: Sequence[Condition],
    *,
    seeds: int,
    out: str | Path,
    config_file: str | Path | None = None,
    values: Mapping[str, object] | None = None,
) -> Study:
    """A study whose options are all known and allowed.

    Args:
        dataset: registered name, file, or hub name.
        conditions: combinations of options to try.
        seeds: how many of each, from the configuration's `seed` on.
        out: folder of the study.
        config_file: TOML file with options of all runs.
        values: options of all runs.

    Raises:
        UsageError: if an option is unknown or its value cannot be used, or the folder holds a run with other options.
    """
    if seeds < 1:
        raise UsageError(f"--seeds {seeds}: expected at least 1")
    given = dict(values or {})
    configs = []
    for condition in conditions:
        if twice := [key for key in condition.values if key in given]:
            raise UsageError(f"--vary {twice[0]}: {twice[0]} is given by an option as well; leave one out")
        configs.append(resolve_config(dataset, config_file=config_file, values={**given, **condition.values}))
    first = configs[0].training.seed
    study = Study(dataset, tuple(conditions), tuple(range(first, first + seeds)), tuple(configs), Path(out))
    for folder, (_, _, job) in study.jobs().items():
        if RunFolder(folder).exists() and RunFolder(folder).read_config() != job.config:
            raise UsageError(f"{folder}: a run with other options; choose another --out for this study")
    return study


def run(study: Study, *, workers: int | None = None, observer: StudyObserver | None = None) -> Comparison:
    """Make all runs that are not there yet, several at a time, and compare them; one that fails is reported.

    Killed and repeated, it goes on where it stopped. `comparison.json`, `runs.csv`, `runs.parquet` and, with matplotlib,
    `comparison.svg` and `comparison.png` are written into the study's folder.

    Args:
        study: what to run.
        workers: processes, of one thread each; as many as suit the cores when not given.
        observer: hears of each run that ends.

    Raises:
        UsageError: if the folder cannot be written to.
        DataError: if two runs saw different test rows.
    """
    observer = observer or StudyObserver()
    RunFolder(study.out).require_writable()
    observer.started(study)
    planned = study.jobs()
    done: dict[Path, Run] = {}
    for folder, (condition, seed, _) in planned.items():
        if RunFolder(folder).file(METRICS).exists():
            done[folder] = _read(condition, seed, folder)
            observer.ended(done[folder], earlier=True)
    missing = [job for folder, (_, _, job) in planned.items() if folder not in done]
    if missing and load_dataset(missing[0].config.data).test is None:
        raise UsageError(f"{study.dataset}: has no test split, on which runs are compared; name one by --test FILE")
    for outcome in train_all(missing, workers=workers):
        folder = outcome.job.out
        condition, seed, _ = planned[folder]
        failed = outcome.error is not None
        done[folder] = Run(condition, seed, None, None, outcome.error) if failed else _read(condition, seed, folder)
        observer.ended(done[folder], earlier=False)
    _require_same_rows(done)
    comparison = Comparison.of(study.dataset, [done[folder] for folder in planned])
    _write(study.out, comparison)
    return comparison


def _read(condition: Condition, seed: int, folder: Path) -> Run:
    """A finished run out of its folder."""
    table = _predictions(folder, "label", "prediction")
    right = pc.equal(table["label"], table["prediction"]).to_numpy()
    return Run(condition, seed, RunFolder(folder).read_json(METRICS), right, None)


def _predictions(folder: Path, *columns: str) -> pa.Table:
    path = RunFolder(folder).file(PREDICTIONS)
    try:
        return pq.read_table(path, columns=list(columns))
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"cannot read: {error}; remove the run folder to train it again", path=path) from None


def _require_same_rows(runs: Mapping[Path, Run]) -> None:
    """Runs are paired by test row: all must have seen the same."""
    of_data = {str(run.metrics["data_sha256"]): folder for folder, run in runs.items() if run.metrics is not None}
    folders = list(of_data.values())
    for folder in folders[1:]:  # train alone may differ: that can be what is varied
        if not _predictions(folder, "text", "label").equals(_predictions(folders[0], "text", "label")):
            raise DataError(
                f"its test rows are not those of {folders[0]}, so the two cannot be compared; "
                "did a file change in between? Remove the older one to train it again",
                path=folder,
            )


def _write(out: Path, comparison: Comparison) -> None:
    RunFolder(out).write_json(COMPARISON, comparison.to_dict())
    table = pa.Table.from_pylist([run.row() for run in comparison.runs])
    with write_atomically(out / f"{TABLE}.parquet") as path:
        pq.write_table(table, path)
    with write_atomically(out / f"{TABLE}.csv") as path:
        pyarrow.csv.write_csv(table, path)
    if can_plot() and any(side.accuracy for side in comparison.sides):
        _plot(out, comparison)


def _plot(out: Path, comparison: Comparison) -> None:
    groups = [
        Group(side.name, list(side.accuracies.values()), side.accuracy.mean, side.accuracy.low, side.accuracy.high)
        for side in comparison.sides
        if side.accuracy is not None
    ]
    gaps = [
        Gap(f"{pair.first} − {pair.second}", pair.difference.mean, pair.difference.low, pair.difference.high, pair.seen)
        for pair in comparison.pairs
    ]
    seeds = f"{len(comparison.seeds)} seed{'s' if len(comparison.seeds) > 1 else ''}"
    plot_comparison(out / PLOT, f"{comparison.dataset}, {comparison.test_rows:,} test rows, {seeds}", groups, gaps)
