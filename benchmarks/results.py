"""Write docs/results.md, and the table of README.md, from the result files under docs/results/.

python -m benchmarks.results
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks.accuracy import EXPERIMENTS, Experiment
from benchmarks.markdown import rewritten, table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "results.md"
README = ROOT / "README.md"

HEAD = """# Results

Written by `python -m benchmarks.results` from the files under `docs/results/`; not edited by hand.

Test accuracy in percent, mean ± standard deviation over seeds 0 to n-1. The dev split (cut from train, stratified,
where a data set has none) chose the epoch and every option; the test split was read once per run, after that.
"""

COLUMNS = (
    "run",
    "train / dev / test rows",
    "seeds",
    "test accuracy",
    "goal",
    "dev accuracy",
    "macro F1",
    "seconds a run",
)


def page() -> str:
    """The text of docs/results.md."""
    rows = [row for experiment in EXPERIMENTS if (row := _row(experiment))]
    commands = "".join(f"    {experiment.command('SEED')}\n" for experiment in EXPERIMENTS if _runs(experiment))
    versions = sorted({json.dumps(run["versions"]) for experiment in EXPERIMENTS for run in _runs(experiment)})
    used = "; ".join(", ".join(f"{k} {v}" for k, v in json.loads(text).items()) for text in versions)
    return (
        HEAD
        + _conditions(used)
        + table(COLUMNS, rows)
        + "\n`trec` holds 10 test questions that stand word for word in train; without them:\n\n"
        + table(("run", "rows", "test accuracy"), [row for e in EXPERIMENTS if (row := _unseen_row(e))])
        + "\nCommands, each with the recipe of its data set; `python -m benchmarks.accuracy` runs them all:\n\n"
        + commands
    )


def _conditions(versions: str) -> str:
    """Word vectors, machine and versions, as far as all runs share them."""
    runs = [run for experiment in EXPERIMENTS for run in _runs(experiment)]
    lines = set()
    for run in runs:
        conditions, threads = run["conditions"], run["threads"]
        parts = " beside ".join(f"{part['name']} ({part['words']:,} words)" for part in conditions["vectors"])
        machine = f"{conditions['processors']} processors, {_count(conditions['jobs'], 'run')} at a time, "
        lines.add(
            f"Word vectors: {parts}. {machine}{_count(threads, 'thread')} each, trained in {run['precision']}; {versions}.\n\n"
        )
    return "".join(sorted(lines))


def readme(text: str) -> str:
    """The README with its table between the marks written anew."""
    header = ("data set", "train rows", "model", "word vectors", "parameters", "test accuracy", "training")
    rows = [
        (
            f"`{first['dataset']}`",
            f"{first['train_rows']:,}",
            first["model"],
            first["embeddings"],
            f"{first['parameters']:,}",
            _spread([run["test"]["accuracy"] for run in runs]) + f" ({_count(len(runs), 'seed')})",
            _duration(mean(run["seconds"] for run in runs)),
        )
        for experiment in EXPERIMENTS
        if (runs := _runs(experiment))
        for first in runs[:1]
    ]
    return rewritten(text, "results", table(header, rows))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("s" if number > 1 else "")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _runs(experiment: Experiment) -> list[dict[str, Any]]:
    files = (experiment.result(seed) for seed in range(experiment.seeds))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]


def _row(experiment: Experiment) -> tuple[str, ...] | None:
    runs = _runs(experiment)
    if not runs:
        return None
    first = runs[0]
    return (
        f"`{first['dataset']}`, {first['model']}, {first['embeddings']}",
        f"{first['train_rows']:,} / {first['dev_rows']:,} / {first['test_rows']:,}",
        str(len(runs)),
        _spread([run["test"]["accuracy"] for run in runs]),
        f"{experiment.goal:.1f}",
        _spread([run["dev"]["accuracy"] for run in runs]),
        _spread([run["test"]["macro_f1"] for run in runs]),
        f"{mean(run['seconds'] for run in runs):,.0f}",
    )


def _unseen_row(experiment: Experiment) -> tuple[str, ...] | None:
    apart = [
        run["test"]["without_rows_in_train"] for run in _runs(experiment) if "without_rows_in_train" in run["test"]
    ]
    if not apart or not experiment.name.startswith("trec"):
        return None
    return f"{experiment.name}", f"{apart[0]['rows']:,}", _spread([figures["accuracy"] for figures in apart])


def _spread(values: list[float]) -> str:
    """`92.68 ± 0.41`, or the single value."""
    return f"{mean(values):.2%}".rstrip("%") + (f" ± {stdev(values):.2%}".rstrip("%") if len(values) > 1 else "")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
