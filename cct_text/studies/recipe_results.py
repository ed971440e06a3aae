"""How good the default recipes are: each with its seeds, beside the baselines on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cct_text.artifacts import RunFolder, write_atomically
from cct_text.config import option_name
from cct_text.studies.baselines import BASELINES
from cct_text.studies.compare import write_comparison
from cct_text.studies.comparison import Comparison
from cct_text.studies.grid import Condition
from cct_text.studies.statistics import Summary
from cct_text.studies.study import Study, StudyObserver, joint_record, plan, run_all
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
learns finer labels (`fine_labels`) the other networks do, too, and n-grams learn the classes; of `sst2` the networks then see
neutral rows as well: what each learned from stands under "rows". Accuracy, macro F1 and expected calibration error (ECE, of
probabilities whose temperature was fitted on dev) in percent on test, mean ± standard deviation over seeds. The dev split chose
the epoch and every option; each run read the test split once, after that. Seconds of training, one thread a run. No figure is
edited by hand.
"""


@dataclass(frozen=True)
class RecipeResults:
    """What the recipes reached: a comparison of each data set, of which the first condition is the recipe."""

    command: str
    comparisons: tuple[Comparison, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"command": self.command, "datasets": [comparison.to_dict() for comparison in self.comparisons]}


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
        UsageError: if an option or a baseline is unknown, or the folder holds another study or other
            runs.
    """
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

    `results.json` and `results.md` are written into `out`, and into the folder of each data set what `compare` writes;
    where all runs failed nothing is.

    Args:
        studies: as `plan_recipes` has them.
        out: folder of the result.
        command: that repeats it.
        workers: processes, of one thread each; as many as suit the cores when not given.
        observer: hears of each study.

    Raises:
        UsageError: if the folder cannot be written to, or a data set has no test split.
        DataError: if a data set changed in between.
    """
    comparisons = []
    for study in studies:
        comparison = Comparison.of(study.dataset, run_all(study, workers=workers, observer=observer))
        write_comparison(study.out, comparison, command=command)
        comparisons.append(comparison)
    results = RecipeResults(command, tuple(comparisons))
    if all(run.error is not None for comparison in comparisons for run in comparison.runs):
        return results
    RunFolder(out).write_json(RESULT, results.to_dict())
    with write_atomically(Path(out) / PAGE) as path:
        path.write_text(results_page(results.to_dict()), encoding="utf-8")
    joint_record(studies).write(Path(out))
    return results


def results_page(result: Mapping[str, Any]) -> str:
    """The content of `results.json` as a page in Markdown."""
    return HEAD.format(command=result["command"]) + "".join(_dataset(found) for found in result["datasets"])


def _dataset(found: Mapping[str, Any]) -> str:
    done = [run for run in found["runs"] if run["error"] is None]
    if not done:
        return f"\n## `{found['dataset']}`\n\nAll runs failed.\n"
    first = done[0]
    processors, commits = (" and ".join(dict.fromkeys(run[of] for run in done)) for of in ("processor", "commit"))
    learned = {run["condition"]: run["train_rows"] for run in done}
    header = ("", "accuracy", "macro F1", "ECE", "rows", "parameters", "of word vectors", "seconds", "seeds")
    sides = [_side(side, learned[side["name"]]) for side in found["conditions"] if side["accuracy"]]
    lines = [header, ("---",) * len(header), *sides]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    dev, test = (f"{first[split]:,}" for split in ("dev_rows", "test_rows"))
    head = f"\n## `{found['dataset']}`\n\n{dev} rows of dev, {test} of test; {processors}, commit {commits}.\n\n"
    return head + table + _unseen(found["conditions"][0])


def _side(side: Mapping[str, Any], rows: int) -> tuple[str, ...]:
    name = f"{side['name']} (baseline)" if side["baseline"] else f"**{side['name']}**"
    return (
        name,
        percent(Summary(**side["accuracy"])),
        percent(Summary(**side["macro_f1"])),
        "" if side["ece"] is None else percent(Summary(**side["ece"])),
        f"{rows:,}",
        f"{side['parameters']:,}",
        f"{side['embedding_parameters']:,}",
        f"{side['seconds']:,.0f}",
        str(side["accuracy"]["seeds"]),
    )


def _unseen(side: Mapping[str, Any]) -> str:
    """What the recipe reached on the test rows that do not stand in train as well, where some do."""
    if not side["accuracy_unseen"]:
        return ""
    unseen = Summary(**side["accuracy_unseen"])
    figures = f"{percent(unseen)} ({counted(unseen.seeds, 'seed')})"
    return f"\nWithout the test rows that stand word for word in train, {side['name']} reaches {figures}.\n"
