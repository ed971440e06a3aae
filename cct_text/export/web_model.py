"""A saved model as bytes for the JavaScript of a page: sizes, words and rules as JSON, and the weights behind it.

    4 bytes      length of the JSON, an unsigned integer
    JSON         UTF-8, blanks behind it up to a multiple of 4 bytes
    arrays       where the JSON says, from the end of the JSON on, each at a multiple of 4 bytes

All numbers are little-endian. A matrix in int8 has a scale for each row, which is an output of its layer or a word: a
number is its scale times an integer from -127 to 127.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cct_text.inference.engine import TIE
from cct_text.inference.folding import FoldedTokenizer
from cct_text.inference.kernels import EPSILON, NumPyKernels
from cct_text.model.saved import EMBEDDING_WEIGHT, SavedModel
from cct_text.text.rules import rules_named

PRECISIONS = ("int8", "fp32")

STEPS = 127
"""Of a scale, to each side of 0, in int8."""
ALIGNMENT = 4
"""Bytes; a Float32Array starts at a multiple of it."""


def packed(model: SavedModel, precision: str) -> bytes:
    """All that prediction needs of a model.

    Args:
        model: what was trained.
        precision: of matrices, one of PRECISIONS. Vectors, such as biases and norms, are fp32 in any case.
    """
    arrays = _Arrays(precision)
    for name, array in _arrays_of(model).items():
        arrays.add(name, array)
    header = {
        "labels": model.labels,
        "class_of_label": model.class_of_label,
        "temperature": model.temperature,
        "thresholds": model.thresholds,
        "label_separator": model.config.data.label_separator,
        "max_words": model.config.text.max_words,
        "long": model.config.text.long,
        "architecture": asdict(model.architecture),
        "epsilon": float(EPSILON),
        "tie": TIE,
        "tokenizer": _tokenizer(model.tokenizer.name),
        "words": model.tokenizer.vocabulary.words,
        "bigrams": model.tokenizer.vocabulary.pairs,
        "arrays": arrays.places,
    }
    text = _aligned(json.dumps(header, ensure_ascii=False).encode(), b" ")
    return b"".join([np.uint32(len(text)).astype("<u4").tobytes(), text, *arrays.parts])


class _Arrays:
    """Arrays one behind the other.

    Attributes:
        places: of each by its name, its shape (rows, columns), where its values start and, in int8, its rows' scales.
        parts: its bytes.
    """

    def __init__(self, precision: str) -> None:
        self.places: dict[str, dict[str, Any]] = {}
        self.parts: list[bytes] = []
        self._precision = precision
        self._end = 0

    def add(self, name: str, array: np.ndarray) -> None:
        """A vector or a matrix."""
        scales = None
        if array.ndim == 2 and self._precision == "int8":
            array, scales = rounded(array)
        rows, columns = array.shape if array.ndim == 2 else (1, len(array))
        self.places[name] = {
            "shape": [rows, columns],
            "values": self._append(array),
            "scales": None if scales is None else self._append(scales),
        }

    def _append(self, array: np.ndarray) -> int:
        start = self._end
        little_endian = array.astype(array.dtype.newbyteorder("<"), copy=False)
        self.parts.append(_aligned(little_endian.tobytes(), b"\0"))
        self._end += len(self.parts[-1])
        return start


def rounded(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A matrix (R, K) in int8, and the scale of each row, (R,) float32; a row's largest number is STEPS of its scale."""
    scales = np.abs(matrix).max(axis=1).astype(np.float32) / np.float32(STEPS)
    steps = np.rint(matrix / np.where(scales > 0, scales, np.float32(1))[:, None])
    return steps.astype(np.int8), scales


def _arrays_of(model: SavedModel) -> dict[str, np.ndarray]:
    """The weights by name, as the page computes with them: vectors of one dimension, matrices (outputs, inputs).

    `words` (V, K) has a row for each word and bigram. With `taps` (P * D, K) beside it that is its vector. Without, it is
    what the first convolution makes of the vector, (P * D), which is taken where that is no wider than the vector itself;
    or, where there is no convolution, the token.
    """
    folded = FoldedTokenizer(model.architecture, model.word_vectors, model.weights, NumPyKernels())
    words, taps = folded.vectors, folded.taps
    if taps is not None and taps.shape[1] <= taps.shape[0]:
        words, taps = words @ taps, None
    arrays = {"words": words}
    if taps is not None:
        # A dimension in which all vectors are large, as GloVe has some, would leave few steps to the others of a row. So each
        # is divided by its spread, and its taps are multiplied with it.
        spread = np.sqrt(np.square(words).mean(axis=0))
        spread[spread == 0] = 1
        arrays = {"words": words / spread, "taps": (taps * spread[:, None]).T}
    for layer, weight in enumerate(folded.further, start=1):
        arrays[f"convolution.{layer}"] = weight.T
    for name, weight in model.weights.items():
        if name in ("class_token", "pooling.score.weight"):
            arrays[name] = weight.reshape(-1)
        elif name != EMBEDDING_WEIGHT and not name.startswith("tokenizer."):
            arrays[name] = weight
    return arrays


def _tokenizer(name: str) -> Mapping[str, Any]:
    """The rules of a tokenizer, and which letters are lowered between `before` and `after`."""
    rules = rules_named(name)
    return {
        "before": [asdict(substitution) for substitution in rules.before],
        "upper": _cases()[0],
        "lower": _cases()[1],
        "after": [asdict(substitution) for substitution in (*rules.across, *rules.within)],
    }


@cache
def _cases() -> tuple[str, str]:
    """All letters that are lowered, and what each becomes: a browser knows those of its own version of Unicode."""
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    lowered = pc.utf8_lower(pa.array(characters)).to_pylist()
    pairs = [(one, small) for one, small in zip(characters, lowered, strict=True) if one != small]
    return "".join(one for one, _ in pairs), "".join(small for _, small in pairs)


def _aligned(content: bytes, filler: bytes) -> bytes:
    return content + filler * (-len(content) % ALIGNMENT)
