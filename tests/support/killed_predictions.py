"""Predictions in processes of their own, which are killed and resumed until they end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

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
