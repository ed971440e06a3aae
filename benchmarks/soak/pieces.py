"""Predict a million rows at once, and the same rows cut into files at random places."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.clock import command
from benchmarks.soak import BrokenPromiseError, Figures
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.stream import predict_file
from tests.support.killed_predictions import are_same, write_texts

ROWS = 1_000_000
MOST_PIECES = 40


def run(minutes: float) -> Figures:
    """Other cuts, until the time is up."""
    end = time.monotonic() + 60 * minutes
    random = Random()
    cuts = pieces = 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        command("train", "questions", "--epochs", "3", "--out", str(folder / "run"))
        classifier = TextClassifier.load(folder / "run", precision="fp32")
        write_texts(folder / "all.txt", ROWS)
        lines = (folder / "all.txt").read_text(encoding="utf-8").splitlines(keepends=True)
        whole, apart = folder / "whole.csv", folder / "apart.csv"
        predict_file(classifier, [folder / "all.txt"], whole)
        while time.monotonic() < end or not cuts:
            places = sorted({0, ROWS, *(random.randrange(ROWS) for _ in range(random.randint(1, MOST_PIECES)))})
            files = [folder / f"{at}.txt" for at in places[:-1]]
            for file, (start, stop) in zip(files, pairwise(places), strict=True):
                file.write_text("".join(lines[start:stop]), encoding="utf-8")
            predict_file(classifier, files, apart)
            if not are_same(apart, whole):
                raise BrokenPromiseError(f"cut at {places[1:-1]}, the rows are others")
            for file in files:
                file.unlink()
            cuts, pieces = cuts + 1, pieces + len(files)
    return {"rows": ROWS, "cuts of them": cuts, "pieces": pieces, "cuts with other rows": 0}
