"""How good the default recipes are: each with its seeds, beside the baselines on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from cct_text.artifacts import RunFolder
from cct_text.atomic_writes import write_atomically
from cct_text.config import Config, option_name
from cct_text.datasets.registry import entry_named
from cct_text.studies.baselines import BASELINES
from cct_text.studies.compare import write_comparison
from cct_text.studies.comparison import Comparison
from cct_text.studies.grid import Condition
from cct_text.studies.reproduction import official_train_rows
from cct_text.studies.statistics import Summary
from cct_text.studies.study import Study, StudyObserver, joint_record, plan, require_ready, run_all
from cct_text.studies.study_record import StudyRecord
from cct_text.studies.wording import counted, percent
from cct_text.training.recipes import resolve_config

DATASETS = ("trec", "sst2", "sst3", "sst5", "ag_news", "imdb")
SEEDS = 5
FEWER_SEEDS = {"ag_news": 3, "imdb": 3}
"""Of the data sets whose runs take minutes."""
RESULT = "results.json"
PAGE = "results.md"

HEAD = """# Results

    {command}

Each data set with its default recipe, as `cct-text train DATASET` takes it, and baselines on the same data. Where a recipe
learns finer labels (`fine_labels`) the other networks do, too, and n-grams learn the classes; of `sst2` the networks then
see neutral rows as well: what each learned from stands under "rows". Accuracy, macro F1 and expected calibration error (ECE,
of probabilities whose temperature was fitted on dev) in percent on test, mean ± standard deviation over seeds. In brackets
stands the ECE that these probabilities would show on average if they were exactly true: chance alone makes it, the more the
fewer rows there are. Each run read the test split once, at its end. Seconds of training, one thread a run, on a machine that
is shared, so hints; those of n-grams are of all the strengths that dev chose from. No figure is edited by hand.
"""


@dataclass(frozen=True)
class RecipeResults:
    """What the recipes reached.

    Attributes:
        command: that repeats it.
        comparisons: of each data set, the first condition being the recipe.
        recipes: the options of each recipe, with those that were given for all.
    """

    command: str
    comparisons: tuple[Comparison, ...] = ()
    recipes: tuple[Config, ...] = ()

    def with_dataset(self, comparison: Comparison, recipe: Config) -> Self:
        """These, and another data set."""
        return replace(self, comparisons=(*self.comparisons, comparison), recipes=(*self.recipes, recipe))

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        both = zip(self.comparisons, self.recipes, strict=True)
        datasets = [{**comparison.to_dict(), "recipe": recipe.to_dict()} for comparison, recipe in both]
        return {"command": self.command, "datasets": datasets}


def plan_recipes(
    datasets: Sequence[str],
    *,
    seeds: int | None,
    out: str | Path,
    beside: Sequence[str] | None = None,
    values: Mapping[str, object] | None = None,
) -> list[Study]:
    """A study for each data set: its recipe, and baselines.

    Args:
        datasets: names, each taken once; those of `DATASETS` when empty.
        seeds: of each; 5, of large data sets 3, when None.
        out: folder of all studies.
        beside: names of baselines; all that are no relatives of the model and whose package is installed when None.
        values: options of all runs.

    Raises:
        UsageError: if a data set, an option or a baseline is unknown, or the folder holds another study or other runs.
    """
    for dataset in datasets:
        entry_named(dataset)
    installed = [name for name, baseline in BASELINES.items() if baseline.installed]
    studies = [
        plan(
            dataset,
            [Condition({"model": resolve_config(dataset, values=values).model.model})],
            seeds=FEWER_SEEDS.get(dataset, SEEDS) if seeds is None else seeds,
            out=Path(out) / dataset,
            beside=installed if beside is None else beside,
            values={key: value for key, value in (values or {}).items() if option_name(key) != "model"},
            kind="recipes",
        )
        for dataset in dict.fromkeys(datasets or DATASETS)
    ]
    joint_record(studies).require_same(Path(out))
    return studies


def reproduce_recipes(
    studies: Sequence[Study],
    out: str | Path,
    *,
    command: str,
    workers: int | None = None,
    observer: StudyObserver | None = None,
) -> RecipeResults:
    """Make all runs that are not there yet, and write what they reached.

    `results.json` and `results.md` are written into `out` after each data set, and into its folder what `compare` writes;
    as long as all runs failed nothing is.

    Args:
        studies: as `plan_recipes` has them.
        out: folder of the result.
        command: that repeats it.
        workers: processes, of one thread each; as many as suit the cores when not given.
        observer: hears of each study.

    Raises:
        UsageError: if the folder cannot be written to.
        DataError: if a data set cannot be used, or changed in between.
        ResourceError: if a data set, word vectors or the package of a baseline are not here; nothing is run then.
    """
    require_ready(studies)
    results = RecipeResults(command)
    for study in studies:
        comparison = Comparison.of(study.dataset, run_all(study, workers=workers, observer=observer))
        write_comparison(study.out, comparison, command=command)
        results = results.with_dataset(comparison, study.configs[0])
        _write(results, Path(out), joint_record(studies))
    return results


def _write(results: RecipeResults, out: Path, record: StudyRecord) -> None:
    if all(run.error is not None for comparison in results.comparisons for run in comparison.runs):
        return
    RunFolder(out).write_json(RESULT, results.to_dict())
    with write_atomically(out / PAGE) as path:
        path.write_text(results_page(results.to_dict()), encoding="utf-8")
    record.write(out)


def results_page(result: Mapping[str, Any]) -> str:
    """The content of `results.json` as a page in Markdown."""
    return HEAD.format(command=result["command"]) + "".join(_dataset(found) for found in result["datasets"])


def _dataset(found: Mapping[str, Any]) -> str:
    done = [run for run in found["runs"] if run["error"] is None]
    if not done:
        return f"\n## `{found['dataset']}`\n\nAll runs failed.\n"
    first = done[0]
    conditions = [_all_of(done, "processor"), f"commit {commits}" if (commits := _all_of(done, "commit")) else ""]
    learned = {run["condition"]: run["train_rows"] for run in done}
    header = (
        "",
        "accuracy",
        "macro F1",
        "ECE (by chance)",
        "rows",
        "parameters",
        "of word vectors",
        "seconds",
        "seeds",
    )
    sides = [_side(side, learned[side["name"]]) for side in found["conditions"] if side["accuracy"]]
    lines = [header, ("---",) * len(header), *sides]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    rows = f"{first['dev_rows']:,} rows of dev, {first['test_rows']:,} of test"
    head = f"\n## `{found['dataset']}`\n\n{'; '.join((rows, ', '.join(filter(None, conditions))))}.{_part(found)}\n\n"
    return head + table + _unseen(found["conditions"][0])


def _all_of(runs: Sequence[Mapping[str, Any]], name: str) -> str:
    """What runs have of something, each once; empty where it is not known."""
    return " and ".join(dict.fromkeys(run[name] for run in runs if run[name]))


def _part(found: Mapping[str, Any]) -> str:
    """Whether the data set here is but a part of the official one."""
    official = official_train_rows().get(found["dataset"], 0)
    # Of all runs the one that learned from fewest rows learned the classes.
    rows = min(run["train_rows"] + run["dev_rows"] for run in found["runs"] if run["error"] is None)
    return f" Train and dev are {rows:,} of the official {official:,} train rows." if rows < official else ""


def _side(side: Mapping[str, Any], rows: int) -> tuple[str, ...]:
    name = f"{side['name']} (baseline)" if side["baseline"] else f"**{side['name']}**"
    return (
        name,
        percent(Summary(**side["accuracy"])),
        percent(Summary(**side["macro_f1"])),
        _calibration(side),
        f"{rows:,}",
        f"{side['parameters']:,}",
        f"{side['embedding_parameters']:,}",
        f"{side['seconds']:,.0f}",
        str(side["accuracy"]["seeds"]),
    )


def _calibration(side: Mapping[str, Any]) -> str:
    if side["ece"] is None:
        return ""
    return f"{percent(Summary(**side['ece']))} ({100 * side['ece_by_chance']:.2f})"


def _unseen(side: Mapping[str, Any]) -> str:
    """What the recipe reached on the test rows that do not stand in train as well, where some do."""
    if not side["accuracy_unseen"]:
        return ""
    unseen = Summary(**side["accuracy_unseen"])
    figures = f"{percent(unseen)} ({counted(unseen.seeds, 'seed')})"
    return f"\nWithout the test rows that stand word for word in train, {side['name']} reaches {figures}.\n"
