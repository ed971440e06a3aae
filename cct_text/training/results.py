"""What a run leaves of its figures: `metrics.json` and `predictions.parquet`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cct_text.artifacts import PREDICTIONS, RunFolder
from cct_text.atomic_writes import write_atomically
from cct_text.config import Config
from cct_text.datasets import Dataset, Split
from cct_text.provenance import provenance
from cct_text.vectors import Coverage


@dataclass(frozen=True, kw_only=True)
class Learner:
    """What learned, and how.

    Attributes:
        model: its name.
        embeddings: kind of its word vectors; None where it has none.
        coverage: how much of the train split its pre-trained vectors know; None where it has none.
        parameters: trained ones, without word vectors and positions.
        embedding_parameters: trained ones of the word vectors.
        vocabulary: words, or other features, that it tells apart.
        epochs: passes over the train split.
        best_epoch: the one that was kept.
        seconds: of training, that of `corpus` vectors included.
        texts: that training saw, each as often as it was seen; None where fits of several kinds took the seconds.
        precision: fp32 or bf16.
        threads: that training had, each process.
        processes: that trained together.
        device: cpu or cuda.
        truncated_fraction: share of the train split's texts that were cut.
        temperature: that its logits are divided by; None where its scores are no probabilities.
    """

    model: str
    embeddings: str | None
    coverage: Coverage | None
    parameters: int
    embedding_parameters: int
    vocabulary: int
    epochs: int
    best_epoch: int
    seconds: float
    texts: int | None
    precision: str
    threads: int
    processes: int
    device: str
    truncated_fraction: float
    temperature: float | None


def run_metrics(
    config: Config, dataset: Dataset, learner: Learner, dev: Mapping[str, Any] | None, test: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The content of `metrics.json`.

    Args:
        config: the options of the run.
        dataset: what was learned.
        learner: what learned it.
        dev: figures on the dev split; None where there is none.
        test: figures on the test split; None where there is none.
    """
    coverage = learner.coverage
    return {
        "dataset": dataset.name,
        "train_rows": len(dataset.learned),
        "dev_rows": len(dataset.dev.labels),
        "test_rows": 0 if dataset.test is None else len(dataset.test.labels),
        "test_rows_in_train": 0 if dataset.test is None else int(dataset.test_seen_in_train.sum()),
        "labels": list(dataset.labels),
        "model": learner.model,
        "embeddings": learner.embeddings,
        "vectors": None if coverage is None else config.embedding.vectors,
        "coverage": None
        if coverage is None
        else {
            "types": coverage.types,
            "tokens": coverage.tokens,
            "missing": [[word, count] for word, count in coverage.missing[:20]],
        },
        "parameters": learner.parameters,
        "embedding_parameters": learner.embedding_parameters,
        "vocabulary": learner.vocabulary,
        "seed": config.training.seed,
        "epochs": learner.epochs,
        "best_epoch": learner.best_epoch,
        "seconds": learner.seconds,
        "examples_per_second": None if learner.texts is None else learner.texts / max(learner.seconds, 1e-9),
        "precision": learner.precision,
        "threads": learner.threads,
        "processes": learner.processes,
        "device": learner.device,
        "truncated_fraction": learner.truncated_fraction,
        "temperature": learner.temperature,
        "dev": dev,
        "test": test,
        "data_sha256": dataset.sha256,
        **provenance(),
    }


def write_predictions(
    folder: RunFolder, split: Split, scores: np.ndarray, labels: tuple[str, ...], temperature: float | None
) -> None:
    """`predictions.parquet`: text, label, prediction and the prediction's probability of every test row.

    Args:
        folder: of the run.
        split: N test rows.
        scores: (N, C), the highest is predicted.
        labels: the C class names.
        temperature: that the scores are divided by; None where they are no logits, then no probability is written.

    Raises:
        UsageError: if the file cannot be written.
    """
    from cct_text.training.metrics import log_softmax

    best = scores.argmax(axis=1)
    of_best = None
    if temperature is not None:
        log_probabilities = log_softmax(scores.astype(np.float64) / temperature)
        of_best = np.exp(log_probabilities[np.arange(len(best)), best]).astype(np.float32)
    table = pa.table(
        {
            "text": split.texts,
            "label": pa.array(labels).take(pa.array(split.labels)),
            "prediction": pa.array(labels).take(pa.array(best)),
            "probability": pa.nulls(len(best), pa.float32()) if of_best is None else pa.array(of_best),
        }
    )
    with write_atomically(folder.file(PREDICTIONS)) as path:
        pq.write_table(table, path)
