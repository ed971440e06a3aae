"""A trained classifier, ready to use: texts in, labels and probabilities out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa

from cct_text.artifacts import EXPORT, RunFolder
from cct_text.config import Config
from cct_text.errors import UsageError
from cct_text.figures import has_figures
from cct_text.hub.fetching import fetch_run
from cct_text.hub.names import hub_name
from cct_text.inference.engine import Engine
from cct_text.inference.exported import ExportedModel
from cct_text.inference.native import choose_kernels
from cct_text.inference.on_onnx import OnnxEngine
from cct_text.inference.parallel import ordered_map
from cct_text.inference.task import Task, task_of
from cct_text.model.saved import SavedModel
from cct_text.text.encoded import EncodedTexts

ROWS_TOGETHER = 2048
"""Rows of one piece of work; more are shared among the processor's cores."""

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
    probabilities agree to about 1e-6 in fp32, which is what adding floats in another order leaves, and to 1e-4 in bf16,
    where the last bit of a sum can decide how a number is rounded.

    Args:
        model: configuration, labels, tokenizer, weights and temperature; or an exported model, which ONNX Runtime computes.
        device: where to compute. On the `cpu` torch is not needed and not loaded; another one is named as torch names it,
            such as `cuda`, or `cuda:1`. An exported model is computed on the `cpu`.
        precision: of matrix products. `auto`: bf16 where the `cpu` multiplies it, else fp32; or as named. Of an exported
            model: one that it was exported in; `auto` is the first.

    Attributes:
        device: as given.
        precision: the one chosen.
        task: how its logits are read: one label of each text, or any number.

    Raises:
        UsageError: if there is no such device, or it has no such precision.

    Examples:
        >>> classifier = TextClassifier.load("runs/trec")
        >>> classifier.predict(["Who wrote Hamlet?"])
        ['HUM']
    """

    def __init__(self, model: SavedModel | ExportedModel, *, device: str = "cpu", precision: str = "auto") -> None:
        self.model = model
        self.task: Task = task_of(model.thresholds)
        self.device = device
        self._wanted = precision
        self.engine: Engine | OnnxEngine
        self._logits: Callable[[EncodedTexts], np.ndarray]
        self._divisor = np.float32(model.temperature)
        if isinstance(model, ExportedModel):
            if device != "cpu":
                raise UsageError(f"device {device!r}: an exported model is computed on the cpu; take the run folder")
            self.engine = OnnxEngine(model, precision)
            self.precision = self.engine.precision
            self._logits = self.engine.logits
            self._divisor = np.float32(1.0)  # the graph has divided
        elif device == "cpu":
            self.engine = Engine(model, choose_kernels(precision))
            self.precision = self.engine.kernels.precision
            self._logits = self.engine.logits
        else:
            from cct_text.inference.on_device import logits_on

            self.engine = Engine(model, choose_kernels("fp32"))
            self.precision = "bf16" if precision == "bf16" else "fp32"
            self._logits = logits_on(model, device, self.precision)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its model; another machine may compute it otherwise."""
        return partial(type(self), device=self.device, precision=self._wanted), (self.model,)

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu", precision: str = "auto") -> Self:
        """Read a run folder, a folder that one was exported to with `cct-text export --to onnx`, or a run of the hub.

        Args:
            path: the folder; or as a string `hf:ORG/NAME`, `hf:ORG/NAME@REVISION`, or without `hf:` where no folder can be
                meant. What comes from the hub is kept in its cache.
            device: where to compute: `cpu`, or another device as torch names it.
            precision: `auto`, `fp32` or `bf16`; of an exported model `auto` or one that it was exported in.

        Raises:
            DataError: if the folder or a file of it is missing, damaged or of another format; the file is named.
            ResourceError: if the run is not on the hub, may not be read, or the hub does not answer and there is no copy;
                or if it is an exported model and onnxruntime is not installed.
            UsageError: if there is no such device, it has no such precision, or `hf:` stands before no name.
        """
        folder = folder_of(path)
        exported = os.path.isfile(folder / EXPORT)  # noqa: PTH113 - Path raises for a name too long
        model = ExportedModel.load(folder) if exported else SavedModel.load(folder)
        return cls(model, device=device, precision=precision)

    def save(self, path: str | Path) -> None:
        """Write the model's files into a run folder, whole or not at all; `load` reads them back.

        Raises:
            UsageError: if the folder cannot be written to, or holds a run, whose figures would be those of another model; or
                if this is an exported model.
        """
        if isinstance(self.model, ExportedModel):
            raise UsageError(f"{self.model.path}: an exported model cannot become a run folder; copy its folder")
        if has_figures(RunFolder(path)):
            raise UsageError(f"{path}: holds a run with its figures; save to another folder")
        self.model.save(path)

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

        Of a run with `multi_label` all labels that reach their thresholds, the most probable first, joined by the run's
        `label_separator`; "" where none does.

        Raises:
            UsageError: if `texts` is one string, or holds something that is no string.
        """
        return [self.config.data.label_separator.join(labels) for labels in self.predict_sets(texts)]

    def predict_sets(self, texts: Iterable[str] | pa.Array | pa.ChunkedArray) -> list[tuple[str, ...]]:
        """The labels of each text, the most probable first: one, or of a run with `multi_label` any number.

        Raises:
            UsageError: if `texts` is one string, or holds something that is no string.
        """
        found = self.task.sets(self.predict_logits(texts))
        return [tuple(self.labels[index] for index in places) for places in found]

    def predict_proba(self, texts: Iterable[str] | pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Probabilities (N, C) float32 of N texts; rows sum to 1, but not those of a run with `multi_label`.

        Raises:
            UsageError: if `texts` is one string, or holds something that is no string.
        """
        return self.task.probabilities(self.predict_logits(texts))

    def predict_logits(self, texts: Iterable[str] | pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Logits (N, C) float32 of N texts: logarithms of the probabilities up to a constant of each row.

        They are those of the network divided by the run's temperature. Of a run with `multi_label` their sigmoid is the
        probabilities.

        Raises:
            UsageError: if `texts` is one string, or holds something that is no string.
        """
        column = text_column(texts)
        if len(column) <= ROWS_TOGETHER:
            return self.logits_of_column(column)
        slices = (column.slice(start, ROWS_TOGETHER) for start in range(0, len(column), ROWS_TOGETHER))
        return np.concatenate(list(ordered_map(self.logits_of_column, slices)))

    def logits_of_column(self, texts: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """As `predict_logits`, of a column of strings, in the calling thread alone."""
        logits: np.ndarray = self._logits(self.model.tokenizer.encode(texts)) / self._divisor
        return logits

    def explain(self, text: str) -> list[WordWeight]:
        """The words of a text with their weights in the pooling, which sum to 1.

        What is not read of a text longer than the run's `max_words` has weight 0. Weights say where the model looked, not which
        class a word speaks for.

        Raises:
            UsageError: if `text` is not one string.
        """
        if not isinstance(text, str):
            raise UsageError(f"explain takes one text, not {type(text).__name__}")
        text = without_surrogates(text)
        spans = self.model.tokenizer.spans(text)
        if not spans:
            return []
        weights = self.engine.word_weights(self.model.tokenizer.encode([text]).ids).astype(np.float64)
        weights /= weights.sum()
        return [WordWeight(*span, float(weight)) for span, weight in zip(spans, weights, strict=True)]


def folder_of(run: str | Path) -> Path:
    """The folder that holds a run: the one named, or the one in the hub's cache, fetched where it is not there.

    Args:
        run: as for `TextClassifier.load`.

    Raises:
        As `TextClassifier.load` for a run of the hub.
    """
    name = hub_name(run)
    return Path(run) if name is None else fetch_run(name)


def text_column(texts: Iterable[str] | pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The texts as an Arrow column of strings, nulls as they are.

    Raises:
        UsageError: if `texts` is one string, or holds something that is no string.
    """
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
        return pa.array([without_surrogates(row) for row in rows], pa.string())


def without_surrogates(text: str) -> str:
    """Halves of UTF-16 pairs, which cannot be encoded, replaced by U+FFFD one by one, so that offsets stay right."""
    return _SURROGATE.sub("\ufffd", text)
