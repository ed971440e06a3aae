"""What an export costs in accuracy and gains in speed, beside the library's own fp32."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.metadata import version
from statistics import median
from typing import Any, Literal

import numpy as np

from cct_text.datasets import Dataset, Split
from cct_text.errors import UsageError
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.engine import Engine
from cct_text.inference.evaluation import load_evaluation_data, rows_of
from cct_text.inference.on_onnx import OnnxEngine
from cct_text.provenance import processor
from cct_text.text.encoded import EncodedTexts

TIMED_ROWS = 1024
"""Rows of a round at most."""
ROUNDS, SECONDS = 9, 3.0
"""Rounds at least, and how long they go on at least: few rows take little of a noisy machine's time."""


def measured_rows(classifier: TextClassifier, source: str) -> Split:
    """Labelled rows to measure on.

    Args:
        classifier: the run's.
        source: `dev` or `test` of the data set that the run was trained on, a labelled file, or a data set.

    Raises:
        DataError: if the data cannot be used.
        ResourceError: if the data set is not here and cannot be fetched.
        UsageError: if there is no such data set, or no such split.
    """
    part: Literal["dev", "test"] = "dev" if source == "dev" else "test"
    data = load_evaluation_data(classifier, None if source == part else source)
    rows = rows_of(data, part, classifier.labels) if isinstance(data, Dataset) else data
    if not len(rows):
        raise UsageError(f"--measure {source}: there are no rows; name a labelled file")
    return rows


def measure(classifier: TextClassifier, exported: Mapping[str, OnnxEngine], rows: Split) -> dict[str, Any]:
    """Accuracy, agreement and speed of exported networks.

    Args:
        classifier: the run's, in fp32.
        exported: the same network in each precision.
        rows: labelled rows.

    Returns:
        `rows`, the run's own `accuracy`, where it was measured, and for each precision: `accuracy`, the share of
        `same_labels` and `speed`: texts in a second of the processor's time, as a multiple of those of the library's own
        engine in fp32; both from word ids to logits on one thread.
    """
    encode = classifier.model.tokenizer.encode
    encoded = encode(rows.texts)
    task = classifier.task
    expected = classifier.engine.logits(encoded) / np.float32(classifier.model.temperature)
    logits = {name: engine.logits(encoded) for name, engine in exported.items()}
    seconds = _seconds({"": classifier.engine, **exported}, encode(rows.texts.slice(0, TIMED_ROWS)))
    return {
        "rows": len(rows),
        "accuracy": float(task.is_right(expected, rows.labels).mean()),
        "processor": processor(),
        "onnxruntime": version("onnxruntime"),
        "models": {
            name: {
                "accuracy": float(task.is_right(of_model, rows.labels).mean()),
                "same_labels": float((task.says(of_model) == task.says(expected)).all(axis=1).mean()),
                "speed": seconds[""] / seconds[name],
            }
            for name, of_model in logits.items()
        },
    }


def _seconds(engines: Mapping[str, Engine | OnnxEngine], encoded: EncodedTexts) -> dict[str, float]:
    """Seconds of a processor that each takes, the median of rounds in which they take turns: others may use the machine."""
    measured: dict[str, list[float]] = {name: [] for name in engines}
    began = time.perf_counter()
    while len(measured[""]) < ROUNDS or time.perf_counter() - began < SECONDS:
        for name, engine in engines.items():
            start = time.process_time()
            engine.logits(encoded)
            measured[name].append(time.process_time() - start)
    return {name: median(seconds) for name, seconds in measured.items()}
