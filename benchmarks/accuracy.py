"""Train the runs whose accuracy docs/results.md reports, several seeds each, and keep every run's metrics.

    python -m benchmarks.accuracy                  # all that is not there yet; two at a time, one thread each
    python -m benchmarks.accuracy --only trec-tuned --jobs 1
    python -m benchmarks.results                   # then write docs/results.md

Needs the data sets under $CCT_TEXT_DATA and a glove.6B.zip under $CCT_TEXT_VECTORS. Killed and repeated, it goes on; a run
whose options have changed since, by its recipe or here, is run anew. Exits with 1 if a run failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cct_text.training.recipes import resolve_config
from cct_text.vectors.describe import describe

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "accuracy"
VECTORS = "glove.6B.50d+glove.6B.100d"


@dataclass(frozen=True)
class Experiment:
    """A command that is repeated over seeds.

    Attributes:
        name: of its result files.
        arguments: of `cct-text train`, without seed and output.
        seeds: how many, counted from 0.
        goal: test accuracy in percent that the project set itself before measuring.
    """

    name: str
    arguments: tuple[str, ...]
    seeds: int
    goal: float

    def result(self, seed: int) -> Path:
        """Where the metrics of one seed are kept."""
        return RESULTS / f"{self.name}-seed{seed}.json"

    def command(self, seed: int | str) -> str:
        """The command as one types it."""
        return f"cct-text train {' '.join(self.arguments)} --seed {seed}"

    def options(self, seed: int) -> dict[str, Any]:
        """All options of a run, those of its recipe included."""
        flags = dict(zip(self.arguments[1::2], self.arguments[2::2], strict=True))
        values = {name.removeprefix("--"): value for name, value in flags.items()}
        return resolve_config(self.arguments[0], values={**values, "seed": seed}).to_dict()

    def is_done(self, seed: int) -> bool:
        """Whether the result of a seed is there, and of the options that hold now."""
        path = self.result(seed)
        return path.exists() and json.loads(path.read_text(encoding="utf-8")).get("options") == self.options(seed)


def _experiment(name: str, dataset: str, model: str, embeddings: str, seeds: int, goal: float) -> Experiment:
    options = ("--model", model, "--embeddings", embeddings, "--vectors", VECTORS)
    return Experiment(name, (dataset, *options), seeds, goal)


EXPERIMENTS = (
    _experiment("trec-tuned", "trec", "cct-2/2", "glove-tuned", 5, 92.5),
    _experiment("trec-frozen", "trec", "cct-2/2", "glove-frozen", 5, 90.5),
    _experiment("sst3-tuned", "sst3", "cct-2/1", "glove-tuned", 5, 67.5),
    _experiment("sst2-tuned", "sst2", "cct-2/1", "glove-tuned", 5, 82.0),
    _experiment("ag_news-tuned", "ag_news", "cct-2/2", "glove-tuned", 1, 91.5),
    _experiment("imdb-tuned", "imdb", "cct-2/2", "glove-tuned", 1, 88.5),
)


def run_seed(experiment: Experiment, seed: int, conditions: dict[str, Any]) -> bool:
    """Train one seed, keep its metrics with the conditions, and print a line that says how it went; whether it went well."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [*experiment.arguments, "--seed", str(seed), "--out", f"{folder}/run", "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "cct_text_cli", "train", *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
        )
    if done.returncode:
        print(f"{experiment.name} seed {seed}: exit code {done.returncode}\n{done.stderr.strip()[-2000:]}", flush=True)
        return False
    metrics = {"command": experiment.command(seed), "options": experiment.options(seed), "conditions": conditions}
    metrics |= json.loads(done.stdout)
    result = experiment.result(seed)
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(
        f"{experiment.name} seed {seed}: test {metrics['test']['accuracy']:.2%}, {metrics['seconds']:.0f} s", flush=True
    )
    return True


def main() -> int:
    """Run what is missing; 1 if a run failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=[experiment.name for experiment in EXPERIMENTS])
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time, one thread each")
    options = parser.parse_args()
    missing = [
        (experiment, seed)
        for experiment in EXPERIMENTS
        if not options.only or experiment.name in options.only
        for seed in range(experiment.seeds)
        if not experiment.is_done(seed)
    ]
    parts = [{name: part[name] for name in ("name", "words", "dim")} for part in describe(VECTORS)]
    conditions = {"processors": os.cpu_count(), "jobs": options.jobs, "vectors": parts}
    with ThreadPoolExecutor(options.jobs) as pool:
        return 0 if all(list(pool.map(lambda job: run_seed(*job, conditions), missing))) else 1


if __name__ == "__main__":
    sys.exit(main())
