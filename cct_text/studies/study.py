"""A study: the same data, some options varied, several seeds of each combination; planned, and run as far as it is not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cct_text.artifacts import PREDICTIONS, STATE, RunFolder
from cct_text.config import Config, option_name
from cct_text.datasets import Dataset, load_dataset
from cct_text.errors import DataError, UsageError
from cct_text.figures import has_figures, read_figures
from cct_text.model.architecture import resolve_architecture
from cct_text.studies.baselines import BASELINES
from cct_text.studies.comparison import Run
from cct_text.studies.grid import Condition, baselines, model_beside
from cct_text.studies.resources import require_resources
from cct_text.studies.study_record import StudyRecord
from cct_text.studies.wording import counted
from cct_text.studies.workers import Job, Outcome, train_all
from cct_text.training.recipes import resolve_config
from cct_text.training.results import right_rows

logger = logging.getLogger(__name__)

RUNS = "runs"
FEWEST_TEST_ROWS = 2
"""With a single row nothing can be said of others."""
ANY_WIDTH = 5_040
"""A width of word vectors that any usual number of heads divides: theirs is not known before they are read."""


@dataclass(frozen=True)
class Study:
    """What is to be run.

    Attributes:
        dataset: as it was named.
        conditions: what is tried.
        seeds: of each.
        configs: all options of the first seed of each condition.
        out: folder of the study.
        kind: of study, by the command that makes it.
    """

    dataset: str
    conditions: tuple[Condition, ...]
    seeds: tuple[int, ...]
    configs: tuple[Config, ...]
    out: Path
    kind: str = "compare"

    @property
    def record(self) -> StudyRecord:
        """What makes it another study than others."""
        names = (condition.name for condition in self.conditions if not condition.baseline)
        return StudyRecord(self.kind, self.dataset, tuple(names))

    def jobs(self) -> dict[Path, tuple[Condition, int, Job]]:
        """Each run by its folder, all conditions of a seed before the next seed.

        A condition that no seed changes has one run. Where not all rows of train are used, each seed has its own.
        """
        runs = {}
        for seed in self.seeds:
            for condition, config in zip(self.conditions, self.configs, strict=True):
                some_rows = config.data.train_rows is not None
                if seed != self.seeds[0] and not some_rows and not _depends_on_the_seed(condition):
                    continue
                folder = self.out / RUNS / condition.folder / f"seed-{seed}"
                values = {"seed": seed, "train_rows_seed": seed} if some_rows else {"seed": seed}
                runs[folder] = (
                    condition,
                    seed,
                    Job(config.with_values(values, source="seeds"), folder, condition.learner),
                )
        return runs


def joint_record(studies: Sequence[Study]) -> StudyRecord:
    """What makes several studies of one kind, each of its own data set, the same ones."""
    names = [f"{name} on {study.dataset}" for study in studies for name in study.record.conditions]
    return StudyRecord(studies[0].kind, "the models", tuple(names))


def _depends_on_the_seed(condition: Condition) -> bool:
    return condition.learner is None or BASELINES[condition.learner].seeded


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
    beside: Sequence[str] = (),
    config_file: str | Path | None = None,
    values: Mapping[str, object] | None = None,
    kind: str = "compare",
) -> Study:
    """A study whose options are all known and allowed.

    Args:
        dataset: registered name, file, or hub name.
        conditions: what to try.
        seeds: how many of each, from the configuration's `seed` on.
        out: folder of the study.
        beside: names of baselines.
        config_file: TOML file with options of all runs.
        values: options of all runs.
        kind: of study, by the command that makes it.

    Raises:
        UsageError: if an option or a baseline is unknown or its value cannot be used, conditions would be tested on
            other rows, or the folder holds another study or a run, finished or interrupted, with other options.
        DataError: if the state of an interrupted run is damaged.
    """
    if seeds < 1:
        raise UsageError(f"--seeds {seeds}: expected at least 1")
    model = resolve_config(dataset, config_file=config_file, values=values).model.model
    given = {option_name(key): value for key, value in (values or {}).items()}
    model = model_beside(conditions, model)
    tried = {condition.folder for condition in conditions}
    conditions = [*conditions, *(one for one in baselines(beside, model) if one.folder not in tried)]
    configs = []
    for condition in conditions:
        if not condition.baseline and (twice := [key for key in condition.values if key in given]):
            raise UsageError(f"--vary {twice[0]}: {twice[0]} is given by an option as well; leave one out")
        config = resolve_config(dataset, config_file=config_file, values={**given, **condition.values})
        if "split_seed" in condition.values and config.data.test_fraction:
            raise UsageError(
                f"--vary split_seed: conditions are compared on the same test rows, which it cuts from train "
                f"(test_fraction = {config.data.test_fraction:g}); vary dev_seed for other cuts of dev"
            )
        resolve_architecture(config.model, ANY_WIDTH)
        if condition.learner is not None:
            BASELINES[condition.learner].require_task(several=config.data.multi_label)
        configs.append(config)
    configs = _with_the_same_features(configs)
    _require_different(conditions, configs)
    first = configs[0].training.seed
    study = Study(dataset, tuple(conditions), tuple(range(first, first + seeds)), tuple(configs), Path(out), kind)
    study.record.require_same(study.out)
    for folder, (_, _, job) in study.jobs().items():
        if RunFolder(folder).exists() and RunFolder(folder).read_config() != job.config:
            raise UsageError(f"{folder}: a run with other options; choose another --out for this study")
        _require_options_of_interrupted(job)
    return study


def _with_the_same_features(configs: Sequence[Config]) -> list[Config]:
    """Frozen vectors have no bigrams; where they are compared with others, these have none, either."""
    frozen = {config.embedding.embeddings == "glove-frozen" for config in configs}
    if len(frozen) == 1 or not any(config.text.bigram_min_count for config in configs):
        return list(configs)
    logger.warning("bigram_min_count = 0 for all, for frozen vectors have no bigrams")
    return [config.with_values({"bigram_min_count": 0}, source="study") for config in configs]


def _require_different(conditions: Sequence[Condition], configs: Sequence[Config]) -> None:
    """Two ways to write a value make one condition."""
    names: dict[Config, str] = {}
    for condition, config in zip(conditions, configs, strict=True):
        if condition.baseline:
            continue
        if config in names:
            raise UsageError(f"--vary: {names[config]} and {condition.name} are the same options; leave one out")
        names[config] = condition.name


def _require_options_of_interrupted(job: Job) -> None:
    """An interrupted run is gone on with, which it takes the same options for."""
    if RunFolder(job.out).file(STATE).exists():
        from cct_text.training.checkpoint import load_checkpoint  # torch, which nothing else needs to plan

        load_checkpoint(RunFolder(job.out), job.config)


def run_all(
    study: Study,
    *,
    workers: int | None = None,
    observer: StudyObserver | None = None,
    make: Callable[[Sequence[Job]], Iterable[Outcome]] | None = None,
) -> list[Run]:
    """Make all runs that are not there yet, several at a time; one that fails is told as such.

    Killed and repeated, it goes on where it stopped.

    Args:
        study: what to run.
        workers: processes, of one thread each; as many as suit the cores when not given.
        observer: hears of each run that ends.
        make: makes runs and tells of each as it ends; `train_all` with these workers when not given.

    Raises:
        UsageError: if the folder cannot be written to, a run there had other options, or the data set has no test split.
        DataError: if there are fewer than two test rows, or two runs saw different ones.
        ResourceError: if word vectors or the package of a baseline are not here; nothing is run then.
    """
    observer = observer or StudyObserver()
    missing = _missing(study)
    _require_ready(study, missing, resources=make is None)
    observer.started(study)
    planned = study.jobs()
    done: dict[Path, Run] = {}
    for folder, (condition, seed, job) in planned.items():
        if has_figures(RunFolder(folder)):
            done[folder] = _read(condition, seed, folder)
            _require_options(done[folder], job)
            observer.ended(done[folder], earlier=True)
    for outcome in make(missing) if make else train_all(missing, workers=workers):
        folder = outcome.job.out
        condition, seed, _ = planned[folder]
        failed = outcome.error is not None
        done[folder] = Run(condition, seed, None, None, outcome.error) if failed else _read(condition, seed, folder)
        observer.ended(done[folder], earlier=False)
    ended_well = [folder for folder, run in done.items() if run.error is None]
    _require_same_rows(ended_well)
    if ended_well:  # there is an answer to be kept
        study.record.write(study.out)
    return [done[folder] for folder in planned]


def require_ready(studies: Sequence[Study]) -> None:
    """See that all that the runs to come need is there, before the first of several studies.

    Raises:
        UsageError: if a folder cannot be written to, or a data set has no test split.
        DataError: if a data set cannot be used, or has fewer than two test rows.
        ResourceError: if a data set, word vectors or the package of a baseline are not here.
    """
    for study in studies:
        _require_ready(study, _missing(study), resources=True)


def _missing(study: Study) -> list[Job]:
    """The runs that are not there yet."""
    return [job for folder, (_, _, job) in study.jobs().items() if not has_figures(RunFolder(folder))]


def _require_ready(study: Study, missing: Sequence[Job], *, resources: bool) -> None:
    RunFolder(study.out).require_writable()
    if missing:
        _require_test_rows(load_dataset(missing[0].config.data))
    if resources:
        require_resources(missing)


def _require_test_rows(dataset: Dataset) -> None:
    if dataset.test is None:
        raise UsageError(
            f"{dataset.name}: has no test split, on which runs are compared; "
            "name one by --test FILE, or cut one by --set test_fraction=0.2"
        )
    if len(dataset.test) < FEWEST_TEST_ROWS:
        raise DataError(
            f"{dataset.name}: {counted(len(dataset.test), 'row')} of test, and a comparison takes "
            f"{FEWEST_TEST_ROWS} or more; name more by --test FILE, or cut more by --set test_fraction=0.2"
        )


def _require_options(run: Run, job: Job) -> None:
    """What has no config.toml, which `plan` compares, says in its metrics which options it had."""
    assert run.metrics is not None  # it is finished
    if run.metrics.get("config", job.config.to_dict()) != job.config.to_dict():
        raise UsageError(f"{job.out}: a run with other options; choose another --out for this study")


def _read(condition: Condition, seed: int, folder: Path) -> Run:
    """A finished run out of its folder."""
    table = _predictions(folder, "label", "prediction")
    return Run(condition, seed, read_figures(RunFolder(folder)), right_rows(table), None)


def _predictions(folder: Path, *columns: str) -> pa.Table:
    path = RunFolder(folder).file(PREDICTIONS)
    try:
        return pq.read_table(path, columns=list(columns))
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"cannot read: {error}; remove the run folder to train it again", path=path) from None


def _require_same_rows(folders: Sequence[Path]) -> None:
    """Runs are paired by test row: all must have seen the same."""
    first: pa.Table | None = None
    for folder in folders:
        rows = _predictions(folder, "text", "label")
        first = rows if first is None else first
        if not rows.equals(first):
            raise DataError(
                f"its test rows are not those of {folders[0]}, so the two cannot be compared; "
                "did a file change in between? Remove the older one to train it again",
                path=folder,
            )
