"""Predictions in processes of their own, which are killed and resumed until they end."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pyarrow.parquet as pq

from tests.support.forked import processes


def write_texts(path: Path, rows: int) -> None:
    """A file of texts that are all different."""
    words = Random(path.name)
    lines = (f"Who wrote {words.randrange(10**6)} {words.choice('abcd')} to row {row} ?\n" for row in range(rows))
    path.write_text("".join(lines), encoding="utf-8")


def _predict(run: Path, sources: Sequence[Path], output: Path) -> None:
    from cct_text.inference import part_file
    from cct_text.inference.classifier import TextClassifier
    from cct_text.inference.stream import predict_file

    part_file.SECONDS_BETWEEN_STATES = 0.0
    predict_file(TextClassifier.load(run, precision="fp32"), sources, output, resume=True)


def killed(run: Path, sources: Sequence[Path], output: Path, seconds: float) -> bool:
    """Go on with a prediction for so many seconds; False if it ended before."""
    process = processes.Process(target=_predict, args=(run, sources, output))
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, -9), process.exitcode
    return process.exitcode == -9


def predict_whole(run: Path, sources: Sequence[Path], output: Path) -> float:
    """Predict undisturbed: the seconds that it took."""
    start = time.monotonic()
    assert not killed(run, sources, output, 600.0)
    return time.monotonic() - start


def predictions(path: Path) -> list[tuple[str, float]]:
    """Label and probability of each row of an output."""
    if path.suffix == ".parquet":
        columns = pq.read_table(path).to_pydict()
        return list(zip(columns["label"], columns["probability"], strict=True))
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".jsonl":
        return [(record["label"], record["probability"]) for record in map(json.loads, lines)]
    rows = [line.rsplit("," if path.suffix == ".csv" else "\t", 1) for line in lines]
    return [(label, float(probability)) for label, probability in rows[path.suffix != ".txt" :]]


def are_same(one: Path, other: Path) -> bool:
    """Whether two outputs say the same, but for what adding floats in another order leaves."""
    rows, others = predictions(one), predictions(other)
    return len(rows) == len(others) and all(
        label == other_label and abs(probability - other_probability) <= 2e-6
        for (label, probability), (other_label, other_probability) in zip(rows, others, strict=True)
    )
