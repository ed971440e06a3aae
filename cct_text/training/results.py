"""What a run leaves of its figures: `metrics.json` and `predictions.parquet`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cct_text.artifacts import PREDICTIONS, RunFolder
from cct_text.atomic_writes import write_atomically
from cct_text.config import Config
from cct_text.datasets import Dataset, Split
from cct_text.datasets.label_sets import as_lists, in_order
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
    folder: RunFolder,
    split: Split,
    scores: np.ndarray,
    labels: tuple[str, ...],
    temperature: float | None,
    thresholds: Sequence[float] | None = None,
) -> None:
    """`predictions.parquet`: text, label, prediction and the prediction's probability of every test row.

    Where a text may have several labels, the last three are lists; predictions stand with the most probable first.

    Args:
        folder: of the run.
        split: N test rows.
        scores: (N, C), the highest is predicted; or with thresholds, those that reach them.
        labels: the C class names.
        temperature: that the scores are divided by; None where they are no logits, then no probability is written.
        thresholds: (C,) of the probabilities, where a text may have several labels.

    Raises:
        UsageError: if the file cannot be written.
    """
    if thresholds is None:
        columns = _one_label(split, scores, labels, temperature)
    else:
        columns = _label_sets(split, scores / (1.0 if temperature is None else temperature), labels, thresholds)
    with write_atomically(folder.file(PREDICTIONS)) as path:
        pq.write_table(pa.table({"text": split.texts, **columns}), path)


def _one_label(
    split: Split, scores: np.ndarray, labels: tuple[str, ...], temperature: float | None
) -> dict[str, pa.Array]:
    from cct_text.training.metrics import log_softmax

    best = scores.argmax(axis=1)
    of_best = None
    if temperature is not None:
        log_probabilities = log_softmax(scores.astype(np.float64) / temperature)
        of_best = np.exp(log_probabilities[np.arange(len(best)), best]).astype(np.float32)
    return {
        "label": pa.array(labels).take(pa.array(split.labels)),
        "prediction": pa.array(labels).take(pa.array(best)),
        "probability": pa.nulls(len(best), pa.float32()) if of_best is None else pa.array(of_best),
    }


def _label_sets(
    split: Split, logits: np.ndarray, labels: tuple[str, ...], thresholds: Sequence[float]
) -> dict[str, pa.Array]:
    from scipy.special import expit

    probabilities = expit(logits.astype(np.float64))
    said = probabilities >= np.array(thresholds)
    names = pa.array(labels)
    rows, columns = in_order(said, probabilities)
    return {
        "label": as_lists(split.labels, names.take(pa.array(np.nonzero(split.labels)[1]))),
        "prediction": as_lists(said, names.take(pa.array(columns))),
        "probability": as_lists(said, pa.array(probabilities[rows, columns].astype(np.float32))),
    }


def right_rows(rows: pa.Table) -> np.ndarray:
    """Which rows of a `predictions.parquet` are right, (N,) bool: all of their labels are said, and no others."""
    if pa.types.is_list(rows.schema.field("label").type):
        pairs = zip(rows["label"].to_pylist(), rows["prediction"].to_pylist(), strict=True)
        return np.array([set(label) == set(prediction) for label, prediction in pairs], dtype=bool)
    right: np.ndarray = pc.equal(rows["label"], rows["prediction"]).to_numpy()
    return right
