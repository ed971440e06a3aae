"""Write docs/results.md, and the table of README.md, from docs/results/recipes.json.

cct-text reproduce --recipes              # trains the default recipes and the baselines, into runs/recipes;
                                          # with --datasets NAME those of one data set alone
python -m benchmarks.results runs/recipes # keeps what came of it as docs/results/recipes.json, and writes both pages
python -m benchmarks.results              # writes them again
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.markdown import rewritten, table
from cct_text.studies.recipe_results import RESULT, results_page
from cct_text.studies.statistics import Summary
from cct_text.studies.wording import counted, percent

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "results" / "recipes.json"
PAGE = ROOT / "docs" / "results.md"
README = ROOT / "README.md"

COMMAND = "cct-text reproduce --recipes"
GOALS = {"trec": 96.0, "sst2": 87.5, "sst3": 72.0, "sst5": 48.5, "ag_news": 93.3, "imdb": 92.0}
"""Test accuracy in percent that the project set itself before measuring."""
ECE_GOAL = 2.0
"""Expected calibration error on test in percent, on each data set."""
GOALS_HEAD = """
## Goals

Set before measuring. What was tried to reach them stands in [experiments.md](experiments.md). The last column is the ECE that
chance alone makes on as many rows if each probability is true.

"""
BESIDE = {"tfidf-lr": "TF-IDF + LR", "nb-svm": "NB-SVM", "fasttext": "fastText", "kim-cnn-tuned": "Kim CNN"}
"""Baselines in the README's table."""


def keep(path: Path) -> None:
    """Keep a result of which no run failed; what is kept of data sets that are not in it stays."""
    result = json.loads(path.read_text(encoding="utf-8"))
    if failed := [run["condition"] for found in result["datasets"] for run in found["runs"] if run["error"]]:
        raise SystemExit(f"{path}: not kept, for runs failed: {', '.join(failed)}")
    measured = {found["dataset"]: found for found in result["datasets"]}
    before = {found["dataset"]: found for found in load()["datasets"]} if KEPT.exists() else {}
    found = {**before, **measured}  # in the order of before
    kept = {"command": COMMAND, "datasets": list(found.values())}
    KEPT.write_text(json.dumps(kept, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def load() -> dict[str, Any]:
    """What was kept."""
    kept: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8"))
    return kept


def page(result: Mapping[str, Any]) -> str:
    """The text of docs/results.md."""
    recipes = {found["dataset"]: found["conditions"][0] for found in result["datasets"]}
    rows = [
        (
            f"`{name}`",
            f"{goal:.1f}",
            percent(Summary(**recipes[name]["accuracy"])),
            _reached(recipes[name], goal),
            f"{100 * recipes[name]['ece']['mean']:.2f}",
            f"{100 * recipes[name]['ece_by_chance']:.2f}",
        )
        if name in recipes
        else (f"`{name}`", f"{goal:.1f}", "", "not measured", "", "")
        for name, goal in GOALS.items()
    ]
    header = ("data set", "goal", "accuracy", "", f"ECE (goal: below {ECE_GOAL:.0f})", "by chance alone")
    return results_page(result) + GOALS_HEAD + table(header, rows)


def readme(text: str, result: Mapping[str, Any]) -> str:
    """The README with its table between the marks written anew."""
    measured = {side["name"] for found in result["datasets"] for side in found["conditions"]}
    beside = {name: title for name, title in BESIDE.items() if name in measured}
    header = ("data set", "train rows", "cct-text", *beside.values(), "parameters", "training")
    return rewritten(text, "results", table(header, [_row(found, beside) for found in result["datasets"]]))


def _row(found: Mapping[str, Any], beside: Iterable[str]) -> tuple[str, ...]:
    recipe, *others = found["conditions"]
    means = {side["name"]: f"{100 * side['accuracy']['mean']:.2f}" for side in others}
    return (
        f"`{found['dataset']}`",
        f"{found['runs'][0]['train_rows']:,}",
        f"**{percent(Summary(**recipe['accuracy']))}** ({counted(recipe['accuracy']['seeds'], 'seed')})",
        *(means.get(name, "") for name in beside),
        f"{recipe['parameters']:,}",
        _duration(recipe["seconds"]),
    )


def _reached(recipe: Mapping[str, Any], goal: float) -> str:
    gap = 100 * recipe["accuracy"]["mean"] - goal
    return "reached" if gap >= 0 else f"{-gap:.2f} points short"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def main() -> None:
    """Keep a result if one is named, and write the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="output of `cct-text reproduce --recipes`")
    options = parser.parse_args()
    if options.folder is not None:
        keep(options.folder / RESULT)
    result = load()
    PAGE.write_text(page(result), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8"), result), encoding="utf-8")


if __name__ == "__main__":
    main()
