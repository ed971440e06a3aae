"""Whether an exported network says what the library says: both on the same texts, before anyone sees the export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tokenizers

from cct_text.artifacts import PREDICTIONS, TOKENIZER, RunFolder
from cct_text.datasets import load_dataset
from cct_text.errors import DataError
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.task import Task

Network: TypeAlias = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
"""Ids (B, S) to logits (B, C) and, where it has them, the weights (B, S) of the words."""

TOLERANCE = 1e-4
"""How far a logit or a weight may be from the library's where both compute in fp32; of one above 1 this share of it."""
ROWS = 256
TEXTS_TOGETHER = 32
AWKWARD = ("", " ", "?", "<pad> <unk>", "Ünïcödé 漢字 \U0001f600")


@dataclass(frozen=True)
class Sample:
    """N texts and what the library says of them.

    Attributes:
        run: the run folder.
        texts: the texts.
        ids: word ids of each, as the exported tokenizer.json gives them.
        logits: (N, C) float32.
        task: how they are read.
        weights: of the words of each text, as `Engine.word_weights` has them.
    """

    run: Path
    texts: list[str]
    ids: list[np.ndarray]
    logits: np.ndarray
    task: Task
    weights: list[np.ndarray]

    def batches(self) -> Iterator[tuple[slice, np.ndarray]]:
        """The texts in their order, long beside short ones: which they are, and their ids (B, S) int64, padded."""
        for start in range(0, len(self.ids), TEXTS_TOGETHER):
            rows = slice(start, start + TEXTS_TOGETHER)
            yield rows, _padded(self.ids[rows])

    def compare(self, file: str, network: Network, *, exact: bool) -> dict[str, Any]:
        """How far a network is from the library.

        Args:
            file: that the network is in, for the message.
            network: what it computes.
            exact: it computes in fp32, so that it must agree within `TOLERANCE`.

        Returns:
            `largest_difference` of a logit and the share of `same_labels`.

        Raises:
            DataError: if it does not agree, or does not give numbers.
        """
        logits = np.empty_like(self.logits)
        apart = np.zeros(len(logits))  # of the weights
        for rows, ids in self.batches():
            logits[rows], weights = network(ids)
            if weights is not None:
                apart[rows] = np.abs(weights - _padded(self.weights[rows])).max(axis=1, initial=0.0)
        difference = np.abs(logits - self.logits)
        apart = np.maximum(apart, (difference / np.maximum(1.0, np.abs(self.logits))).max(axis=1))
        wrong = ~(apart <= (TOLERANCE if exact else np.inf)) | ~np.isfinite(logits).all(axis=1)
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"{file} says {apart[first]:.2g} else than the run of {self.texts[first]!r:.60}; nothing was exported",
                path=self.run,
            )
        return {
            "largest_difference": float(difference.max()),
            "same_labels": float((self.task.says(logits) == self.task.says(self.logits)).all(axis=1).mean()),
        }


def take_sample(run: Path, classifier: TextClassifier, folder: Path) -> Sample:
    """Rows that the run was tested on, or built-in questions where it has none, and texts that are awkward.

    Args:
        run: the run folder.
        classifier: the run's, in fp32.
        folder: with the exported tokenizer.json.

    Raises:
        DataError: if the run's rows cannot be read.
    """
    texts = _tested_rows(RunFolder(run)) or load_dataset("questions").train.texts.slice(0, ROWS).to_pylist()
    words = " ".join(texts).split() or ["?"]
    max_words = classifier.config.text.max_words
    longer = " ".join((words * (max_words // len(words) + 2))[: max_words + 9])
    texts = [*texts, *AWKWARD, longer]
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    ids = [np.array(encoding.ids, np.int64) for encoding in tokenizer.encode_batch(texts)]
    weights = [classifier.engine.word_weights(row) for row in ids]
    return Sample(run, texts, ids, classifier.predict_logits(texts), classifier.task, weights)


def _padded(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Rows (N, longest), zeros behind the shorter ones."""
    padded = np.zeros((len(rows), max(map(len, rows))), rows[0].dtype)
    for whole, row in zip(padded, rows, strict=True):
        whole[: len(row)] = row
    return padded


def _tested_rows(folder: RunFolder) -> list[str]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    path = folder.file(PREDICTIONS)
    if not path.exists():
        return []
    try:
        with ParquetFile(path) as file:
            rows = next(file.iter_batches(ROWS, columns=["text"]), None)
        return [] if rows is None else [text or "" for text in rows["text"].to_pylist()]
    except (ArrowException, OSError, KeyError) as error:
        first_line = str(error).splitlines()[0]
        raise DataError(f"damaged: {first_line}; copy the run folder anew or train again", path=path) from None
