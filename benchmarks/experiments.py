"""Try changes of the recipes on dev alone, and keep what each reached under docs/results/experiments.

    python -m benchmarks.experiments                     # all that is not there yet; two runs at a time, one thread each
    python -m benchmarks.experiments --only trec-name    # one
    python -m benchmarks.experiment_log                  # then write docs/experiments.md

An experiment trains some variants of a data set's recipe on the same K splits: where dev is cut from train, each split is
another cut with another seed; otherwise another seed. The test split is not read. Needs the data sets under $CCT_TEXT_DATA
and a glove.6B.zip under $CCT_TEXT_VECTORS. Killed and repeated, it goes on. Exits with 1 if a run failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.conditions import conditions
from benchmarks.films import films_apart
from benchmarks.studies import ROOT
from cct_text.config import Config
from cct_text.datasets import Dataset, load_dataset
from cct_text.provenance import commit, processor
from cct_text.studies.crew import in_workers
from cct_text.studies.tuning_plan import on_split
from cct_text.training.recipes import resolve_config

RESULTS = ROOT / "docs" / "results" / "experiments"

Options = Mapping[str, object]

RECIPE = "recipe"
"""Name of the variant that changes nothing."""


@dataclass(frozen=True)
class Experiment:
    """A question about a recipe.

    Attributes:
        name: of its file; begins with the data set's.
        hypothesis: what was expected, and why.
        dataset: registered name.
        variants: the changes by name; the recipe as it is stands beside them.
        splits: K.
        base: options of all variants, the recipe included.
        films_apart: whether no film of dev is in train, as of IMDb's test.
    """

    name: str
    hypothesis: str
    dataset: str
    variants: Mapping[str, Options]
    splits: int
    base: Options = field(default_factory=dict)
    films_apart: bool = False

    @property
    def result(self) -> Path:
        """Where it is kept."""
        return RESULTS / f"{self.name}.json"

    def configs(self) -> dict[str, Config]:
        """All options of each variant, the recipe's first.

        Raises:
            ValueError: if two variants are one configuration, as one that the recipe has taken meanwhile is.
        """
        configs = {
            name: resolve_config(self.dataset, values={**self.base, **options})
            for name, options in {RECIPE: {}, **self.variants}.items()
        }
        names: dict[str, str] = {}
        for name, config in configs.items():
            if (other := names.setdefault(config.to_toml(), name)) != name:
                raise ValueError(f"{self.name}: {name!r} is the same configuration as {other!r}")
        return configs


@dataclass(frozen=True)
class Job:
    """A run of a variant on a split."""

    variant: str
    split: int
    config: Config
    films_apart: bool

    @property
    def key(self) -> str:
        """The same for the same options and the same code."""
        return sha256(f"{commit()}\n{self.films_apart}\n{self.config.to_toml()}".encode()).hexdigest()[:16]

    def dataset(self) -> Dataset | None:
        """What is learned, where it is not as the options have it."""
        return films_apart(self.config.data, self.split) if self.films_apart else None


@dataclass(frozen=True)
class Reached:
    """What a run reached: `figures` of the epoch that was kept, or what went wrong."""

    job: Job
    figures: dict[str, Any] | None
    error: str | None


def reach(job: Job) -> Reached:
    """Train, in a worker, and look at dev."""
    from cct_text.training.fitting import fit_on_dev

    try:
        reached = fit_on_dev(job.config, job.dataset())
    except Exception as error:
        return Reached(job, None, f"{type(error).__name__}: {error}")
    kept = reached.kept
    figures = {"accuracy": kept.dev_accuracy, "loss": kept.dev_loss, "epoch": kept.epoch, "seconds": reached.seconds}
    calibrated = {"calibrated_loss": reached.calibrated["loss"], "ece": reached.calibrated["ece"]}
    where = {"commit": commit(), "processor": processor(), "date": date.today().isoformat()}
    return Reached(job, {**figures, **calibrated, **where}, None)


def lost(job: Job) -> Reached:
    """What comes of a killed worker."""
    return Reached(job, None, "a worker was killed (is there memory enough?)")


def run(experiment: Experiment, folder: Path, workers: int) -> bool:
    """Make the runs of an experiment that are not there yet, and keep what they reached; whether all went well."""
    print(f"{experiment.name} ...", file=sys.stderr, flush=True)
    configs = experiment.configs()
    data = configs[RECIPE].data
    dataset = films_apart(data, 0) if experiment.films_apart else load_dataset(data)
    jobs = [
        Job(name, split, on_split(config, split, dev_is_cut=dataset.dev_is_cut), experiment.films_apart)
        for split in range(experiment.splits)
        for name, config in configs.items()
    ]
    cache = folder / experiment.dataset
    cache.mkdir(parents=True, exist_ok=True)
    failed = False
    for reached in in_workers(reach, _missing(jobs, cache), workers=workers, lost=lost):
        failed |= reached.error is not None
        told = reached.error or "dev {accuracy:.2%}, epoch {epoch}, {seconds:.0f} s".format(**reached.figures or {})
        print(f"  {reached.job.variant}, split {reached.job.split}: {told}", file=sys.stderr, flush=True)
        if reached.figures is not None:
            path = cache / f"{reached.job.key}.json"
            path.write_text(json.dumps(reached.figures), encoding="utf-8")
    if not failed:
        dev = {"dev_rows": len(dataset.dev), "dev_is_cut": dataset.dev_is_cut, "films_apart": experiment.films_apart}
        dev["versions"] = conditions()["versions"]
        _keep(experiment, jobs, cache, dev)
    return not failed


def _missing(jobs: Sequence[Job], cache: Path) -> Iterator[Job | None]:
    for job in jobs:
        if not (cache / f"{job.key}.json").exists():
            yield job


def _keep(experiment: Experiment, jobs: Sequence[Job], cache: Path, measured: dict[str, Any]) -> None:
    variants = {RECIPE: {}, **experiment.variants}
    figures: dict[str, list[dict[str, Any]]] = {name: [] for name in variants}
    for job in jobs:
        figures[job.variant].append(json.loads((cache / f"{job.key}.json").read_text(encoding="utf-8")))
    kept = {
        "hypothesis": experiment.hypothesis,
        "dataset": experiment.dataset,
        "measured": measured,
        "base": dict(experiment.base),
        "recipe": experiment.configs()[RECIPE].to_dict(),
        "variants": [{"name": name, "options": options, "splits": figures[name]} for name, options in variants.items()],
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    experiment.result.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


EXPERIMENTS: tuple[Experiment, ...] = ()
"""Open questions, about the recipes as they are now. What was measured stays under RESULTS, and goes from here."""


def main() -> int:
    """Run what is missing; 1 if a run failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME", help="of an open experiment; repeat it for more")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time, one thread each")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "experiments", help="folder of what runs reached")
    options = parser.parse_args()
    if (commit() or "+").endswith("+"):
        parser.error("commit first: what was reached is kept by its commit")
    if unknown := sorted(set(options.only or ()) - {experiment.name for experiment in EXPERIMENTS}):
        parser.error(f"--only {unknown[0]}: no such open experiment")
    wanted = [
        experiment
        for experiment in EXPERIMENTS
        if (experiment.name in options.only if options.only else not experiment.result.exists())
    ]
    if not wanted:
        print("nothing is left to measure", file=sys.stderr)
    failed = [experiment for experiment in wanted if not run(experiment, options.runs, options.jobs)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
