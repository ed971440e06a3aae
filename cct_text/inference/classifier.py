"""A trained classifier, ready to use: texts in, labels and probabilities out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import torch

from cct_text.artifacts import METRICS, RunFolder
from cct_text.config import Config
from cct_text.errors import UsageError
from cct_text.model.forward import predict_logits
from cct_text.model.persistence import TrainedModel, load_model, save_model

_SURROGATE = re.compile("[\ud800-\udfff]")


class WordWeight(NamedTuple):
    """A word of a text, where it stands, and how much it counted.

    Attributes:
        word: as the model read it.
        start: first character in the original text.
        end: one past its last character.
        weight: in [0, 1].
    """

    word: str
    start: int
    end: int
    weight: float


class TextClassifier:
    """A trained classifier.

    What it says about a text is deterministic and depends on that text alone, not on the texts given with it: the
    probabilities agree to about 1e-6, which is what adding floats in another order leaves.

    Args:
        model: configuration, labels, tokenizer and network.

    Example:
        >>> classifier = TextClassifier.load("runs/trec")
        >>> classifier.predict(["Who wrote Hamlet?"])
        ['HUM']
    """

    def __init__(self, model: TrainedModel) -> None:
        self.model = model

    @classmethod
    def load(cls, path: str | Path, *, device: str | None = None) -> Self:
        """Read a run folder.

        Args:
            path: the folder.
            device: where to compute, as torch names it; a GPU where there is one when not given.

        Raises:
            DataError: if the folder or a file of it is missing, damaged or of another format; the file is named.
            UsageError: if there is no such device.
        """
        model = load_model(path)
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            model.network.to(device)
        except (RuntimeError, AssertionError) as error:  # an unknown name; a device that is not here
            raise UsageError(f"device {device!r}: {str(error).splitlines()[0]}") from None
        return cls(model)

    def save(self, path: str | Path) -> None:
        """Write the model's files into a run folder, whole or not at all; `load` reads them back.

        Raises:
            UsageError: if the folder cannot be written to, or holds a run, whose figures would be those of another model.
        """
        if RunFolder(path).file(METRICS).exists():
            raise UsageError(f"{path}: holds a run with its figures; save to another folder")
        save_model(self.model, path)

    @property
    def labels(self) -> tuple[str, ...]:
        """The C class names, in the order of the columns of `predict_proba`."""
        return self.model.labels

    @property
    def config(self) -> Config:
        """The options of the run."""
        return self.model.config

    def predict(self, texts: Iterable[str] | pa.Array | pa.ChunkedArray) -> list[str]:
        """The most probable label of each text.

        Raises:
            UsageError: if `texts` is one string, or holds something that is no string.
        """
        return [self.labels[index] for index in self.predict_logits(texts).argmax(axis=1)]

    def predict_proba(self, texts: Iterable[str] | pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Probabilities (N, C) float32 of N texts, rows sum to 1.

        Raises:
            UsageError: if `texts` is one string, or holds something that is no string.
        """
        probabilities: np.ndarray = torch.from_numpy(self.predict_logits(texts)).softmax(dim=1).numpy()
        return probabilities

    def predict_logits(self, texts: Iterable[str] | pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Logits (N, C) float32 of N texts: logarithms of the probabilities up to a constant of each row.

        Raises:
            UsageError: if `texts` is one string, or holds something that is no string.
        """
        encoded = self.model.tokenizer.encode(_column(texts))
        return predict_logits(self.model.network, encoded, max_words=self.config.text.max_words)

    def explain(self, text: str) -> list[WordWeight]:
        """The words of a text with their weights in the pooling, which sum to 1.

        Words past the run's `max_words` are not read: their weight is 0. Weights say where the model looked, not which
        class a word speaks for.

        Raises:
            UsageError: if `text` is not one string.
        """
        if not isinstance(text, str):
            raise UsageError(f"explain takes one text, not {type(text).__name__}")
        text = _without_surrogates(text)
        spans = self.model.tokenizer.spans(text)
        if not spans:
            return []
        ids = self.model.tokenizer.encode([text]).ids[: self.config.text.max_words]
        row = torch.from_numpy(ids.astype(np.int64)).to(next(self.model.network.parameters()).device).unsqueeze(0)
        self.model.network.eval()
        read = self.model.network.token_weights(row, torch.ones_like(row, dtype=torch.bool))[0]  # (S,)
        weights = np.zeros(len(spans))
        weights[: len(ids)] = read.cpu().numpy()
        weights /= weights.sum()
        return [WordWeight(*span, float(weight)) for span, weight in zip(spans, weights, strict=True)]


def _column(texts: Iterable[str] | pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The texts as an Arrow column of strings, nulls as they are."""
    if isinstance(texts, str | bytes):
        raise UsageError(f"expected a list of texts, got one {type(texts).__name__}; write [{texts[:20]!r}]")
    if isinstance(texts, pa.Array | pa.ChunkedArray):
        if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
            raise UsageError(f"expected a column of strings, got {texts.type}")
        return texts
    rows = list(texts)
    for index, row in enumerate(rows):
        if not isinstance(row, str):
            raise UsageError(f"text {index} is no string but {row!r:.40}")
    try:
        return pa.array(rows, pa.string())
    except UnicodeEncodeError:
        return pa.array([_without_surrogates(row) for row in rows], pa.string())


def _without_surrogates(text: str) -> str:
    """Halves of UTF-16 pairs, which cannot be encoded, replaced by U+FFFD one by one, so that offsets stay right."""
    return _SURROGATE.sub("\ufffd", text)
