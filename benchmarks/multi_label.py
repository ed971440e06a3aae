"""Write the table of docs/multi-label.md from docs/results/multi_label.json: TREC with both of its labels as tags.

python -m benchmarks.multi_label --measure   # trains, keeps what came of it, and writes the page of docs
python -m benchmarks.multi_label             # writes it again

A question of the class DESC:manner gets the tags DESC and DESC:manner. Needs the official files of TREC, as `cct-text train
trec` does; takes some minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.markdown import rewritten, table
from cct_text.config import DataConfig
from cct_text.datasets import Split, load_dataset
from cct_text.provenance import processor
from cct_text.studies.baselines.run import train_baseline
from cct_text.training.recipes import DEFAULT, recipe_text, resolve_config
from cct_text.training.run import train

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "results" / "multi_label.json"
PAGE = ROOT / "docs" / "multi-label.md"
PART = "trec-tags"

SEEDS = (0, 1, 2)
OPTIONS: dict[str, dict[str, object]] = {"": {}, ", `--lr 0.003`": {"learning_rate": 0.003}}
"""Of the networks, by what their rows are called; the second is better on dev."""
BASELINE = "tfidf-lr"
FIGURES = {"accuracy": "all labels right", "micro_f1": "micro F1", "macro_f1": "macro F1"}


def main() -> None:
    """Measure, if that is asked for, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="train; takes some minutes")
    if parser.parse_args().measure:
        torch.set_num_threads(1)
        KEPT.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The text of docs/multi-label.md with the table of the kept measurement."""
    found = json.loads(KEPT.read_text(encoding="utf-8"))
    rows = [(name, *(_cell(runs, figure) for figure in FIGURES)) for name, runs in found["learners"].items()]
    told = (
        f"In percent, on {found['test_rows']:,} test rows, {found['labels']} labels; {found['train_rows']:,} train rows. Mean "
        f"and standard deviation of {len(SEEDS)} seeds; {BASELINE} has none. On one thread of an {found['processor']}.\n"
    )
    return rewritten(PAGE.read_text(encoding="utf-8"), PART, f"{table(('learner', *FIGURES.values()), rows)}\n{told}")


def _cell(runs: list[dict[str, float]], figure: str) -> str:
    values = [100 * run[figure] for run in runs]
    spread = f" ± {np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{np.mean(values):.2f}{spread}"


def measure() -> dict[str, Any]:
    """Train the default recipe and one-vs-rest TF-IDF with logistic regression: what was trained, and its figures on test."""
    dataset = load_dataset(DataConfig(dataset="trec-fine"))
    assert dataset.test is not None
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = {
            part: write_tags(folder / f"{part}.jsonl", split, dataset.labels)
            for part, split in (("train", dataset.train), ("dev", dataset.dev), ("test", dataset.test))
        }
        own = {"multi_label": True, "dev": str(files["dev"]), "test": str(files["test"])}
        networks = {}
        for name, options in OPTIONS.items():
            configs = [resolve_config(str(files["train"]), values={**own, **options, "seed": seed}) for seed in SEEDS]
            networks[name] = [train(config, folder / "run", overwrite=True) for config in configs]
        baseline = train_baseline(BASELINE, configs[0], folder / BASELINE)
    return {
        "processor": processor(),
        "train_rows": baseline["train_rows"],
        "test_rows": baseline["test_rows"],
        "labels": len(baseline["labels"]),
        "recipe": recipe_text(DEFAULT),
        "learners": {
            **{f"cct-text{name}": [_figures(one) for one in runs] for name, runs in networks.items()},
            f"`{BASELINE}`, one for each label": [_figures(baseline)],
        },
    }


def write_tags(path: Path, split: Split, labels: tuple[str, ...]) -> Path:
    """A file of questions with their coarse and their fine class."""
    names = [labels[number] for number in split.labels]
    rows = (
        {"text": text, "labels": [name.partition(":")[0], name]}
        for text, name in zip(split.texts.to_pylist(), names, strict=True)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _figures(metrics: dict[str, Any]) -> dict[str, float]:
    dev = {f"dev_{figure}": metrics["dev"][figure] for figure in FIGURES if figure in metrics["dev"]}
    return {figure: metrics["test"][figure] for figure in FIGURES} | dev | {"seconds": metrics["seconds"]}


if __name__ == "__main__":
    main()
