"""Write the table of docs/export-web.md from docs/results/web_page.json: the page of a run beside the library, in Chromium.

python -m benchmarks.web_page RUN...   # measures, keeps what came of it, and writes the page of docs
python -m benchmarks.web_page          # writes it again

Reads the test split of each run's data set, of which only the texts count. Needs the extra `dev` and a browser.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks.markdown import rewritten, table
from cct_text.artifacts import RunFolder
from cct_text.datasets import load_dataset
from cct_text.export.web import export_web
from cct_text.export.web_model import PRECISIONS
from cct_text.figures import read_figures
from cct_text.inference.classifier import TextClassifier
from cct_text.provenance import processor
from tests.support.browser import browser
from tests.support.exported_page import answers, ids

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "results" / "web_page.json"
PAGE = ROOT / "docs" / "export-web.md"
PART = "measured"

LENGTHS = (40, 400)
"""Words of the texts that are timed; no more than `max_words` of them are read."""
TIMED = 20
"""Texts of each length."""


def main() -> None:
    """Measure the runs that are named, if any, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN", help="run folder of `cct-text train`")
    parser.add_argument("--rows", type=int, default=1000, help="of the test split, at most")
    options = parser.parse_args()
    if options.runs:
        with browser() as chromium:
            found = {
                "processor": processor(),
                "browser": f"Chromium {chromium.version.partition('.')[0]}",
                "runs": [measure(run, chromium, options.rows) for run in options.runs],
            }
        KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The text of docs/export-web.md with the table of the kept measurement."""
    found = json.loads(KEPT.read_text(encoding="utf-8"))
    apart_in = "largest difference of a probability"
    times = [f"{length} words" for length in LENGTHS]
    header = ("data set", "words", "int8", "fp32", "labels equal, int8", apart_in, *times)
    rows = [
        (
            f"`{run['dataset']}`, {run['epochs']} epoch{'s' if run['epochs'] > 1 else ''}",
            f"{run['words']:,}",
            *(f"{run['precisions'][precision]['bytes'] / 1e6:.1f} MB" for precision in ("int8", "fp32")),
            f"{run['precisions']['int8']['same_labels']:.2%} of {run['rows']:,} rows",
            f"{run['precisions']['int8']['difference']:.3f}",
            *(f"{run['precisions']['int8']['milliseconds'][str(length)]:.0f} ms" for length in LENGTHS),
        )
        for run in found["runs"]
    ]
    exact = [run["precisions"]["fp32"] for run in found["runs"]]
    same, apart = min(one["same_labels"] for one in exact), max(one["difference"] for one in exact)
    seconds = max(one["seconds"] for run in found["runs"] for one in run["precisions"].values())
    told = (
        f"Of test rows, in {found['browser']} on an {found['processor']}. In fp32 at least {same:.2%} of the labels "
        f"were equal, and probabilities within {apart:.0e}. The page was ready in at most {seconds:.1f} s.\n"
    )
    return rewritten(PAGE.read_text(encoding="utf-8"), PART, f"{table(header, rows)}\n{told}")


def measure(run: Path, chromium: Browser, rows: int) -> dict[str, Any]:
    """Export a run in each precision, and tell what its page does with so many rows of the test split.

    Raises:
        SystemExit: if the data set has no test split, or the page reads other words than the library.
    """
    classifier = TextClassifier.load(run, precision="fp32")
    data = load_dataset(classifier.config.data)
    if data.test is None:
        raise SystemExit(f"{run}: its data set has no test split")
    texts = data.test.texts.slice(0, rows).to_pylist()
    with tempfile.TemporaryDirectory() as folder:
        return {
            "dataset": data.name,
            "epochs": read_figures(RunFolder(run))["epochs"],
            "words": len(classifier.model.tokenizer.vocabulary.words),
            "rows": len(texts),
            "precisions": {
                precision: _measured(run, precision, classifier, texts, chromium, Path(folder) / "page.html")
                for precision in PRECISIONS
            },
        }


def _measured(
    run: Path, precision: str, classifier: TextClassifier, texts: list[str], chromium: Browser, path: Path
) -> dict[str, Any]:
    exported = export_web(run, path, precision=precision)
    opened = chromium.new_page()
    start = time.perf_counter()
    opened.goto(exported.path.as_uri())
    answers(opened, [])
    seconds = time.perf_counter() - start
    found = answers(opened, texts)
    if [one for row in ids(found) for one in row] != classifier.model.tokenizer.encode(texts).ids.tolist():
        raise SystemExit(f"{run}: the page reads other words than the library")
    words = " ".join(texts).split()
    milliseconds = {str(length): _milliseconds(opened, words, length) for length in LENGTHS}
    opened.close()
    return {
        "bytes": exported.bytes,
        "seconds": seconds,
        "same_labels": float(np.mean(np.array(found["labels"]) == classifier.predict(texts))),
        "difference": float(np.abs(np.array(found["probabilities"]) - classifier.predict_proba(texts)).max()),
        "milliseconds": milliseconds,
    }


def _milliseconds(page: Page, words: list[str], length: int) -> float:
    """Median time of some texts of so many words."""
    starts = [index * length for index in range(min(TIMED, len(words) // length))]
    return float(np.median([answers(page, [" ".join(words[at : at + length])])["milliseconds"] for at in starts]))


if __name__ == "__main__":
    main()
