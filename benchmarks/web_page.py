"""What the page of `cct-text export --to web` says and how long it takes, in Chromium, against the library.

    python -m benchmarks.web_page runs/ag_news    # prints figures, keeps nothing

Reads the test split of the run's data set, of which only the texts count. Needs the extra `dev` and a browser.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

from cct_text.datasets import load_dataset
from cct_text.export.web import export_web
from cct_text.export.web_model import PRECISIONS
from cct_text.inference.classifier import TextClassifier
from tests.support.browser import browser
from tests.support.exported_page import answers, ids

LENGTHS = (40, 400)
"""Words of the texts that are timed; no more than `max_words` of them are read."""
TIMED = 20
"""Texts of each length."""


def main() -> None:
    """Print what the pages of a run do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="run folder of `cct-text train`")
    parser.add_argument("--rows", type=int, default=1000, help="of the test split, at most")
    options = parser.parse_args()
    with browser() as chromium:
        for line in measure(options.run, chromium, options.rows):
            print(line, flush=True)


def measure(run: Path, chromium: Browser, rows: int) -> Iterator[str]:
    """Export a run in each precision, and tell what its page does with so many rows of the test split."""
    classifier = TextClassifier.load(run, precision="fp32")
    test = load_dataset(classifier.config.data).test
    if test is None:
        raise SystemExit(f"{run}: its data set has no test split")
    texts = test.texts.slice(0, rows).to_pylist()
    with tempfile.TemporaryDirectory() as folder:
        for precision in PRECISIONS:
            exported = export_web(run, Path(folder) / "page.html", precision=precision)
            page = chromium.new_page()
            start = time.perf_counter()
            page.goto(exported.path.as_uri())
            answers(page, [])
            seconds = time.perf_counter() - start
            yield f"{precision}: {exported.bytes / 1e6:.1f} MB, {exported.words:,} words; ready in {seconds:.1f} s"
            yield from _compare(page, classifier, texts)
            words = " ".join(texts).split()
            yield from (f"  {_milliseconds(page, words, length):.1f} ms for {length} words" for length in LENGTHS)
            page.close()


def _compare(page: Page, classifier: TextClassifier, texts: list[str]) -> Iterator[str]:
    """The page's answers beside the library's."""
    found = answers(page, texts)
    encoded = classifier.model.tokenizer.encode(texts)
    same_ids = [one for row in ids(found) for one in row] == encoded.ids.tolist()
    labels = np.mean(np.array(found["labels"]) == classifier.predict(texts))
    yield f"  {len(texts):,} test rows: word ids {'equal' if same_ids else 'DIFFER'}, labels agree on {labels:.2%}"
    probabilities = np.abs(np.array(found["probabilities"]) - classifier.predict_proba(texts)).max()
    logits = np.abs(np.array(found["logits"]) - classifier.predict_logits(texts)).max()
    yield f"  largest difference of probabilities {probabilities:.2g}, of logits {logits:.2g}"
    yield f"  {found['milliseconds'] / len(texts):.1f} ms a text"


def _milliseconds(page: Page, words: list[str], length: int) -> float:
    """Median time of some texts of so many words."""
    starts = [index * length for index in range(min(TIMED, len(words) // length))]
    return float(np.median([answers(page, [" ".join(words[at : at + length])])["milliseconds"] for at in starts]))


if __name__ == "__main__":
    main()
