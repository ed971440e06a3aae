"""The lookup of the words and the first convolution as one: a table of V x D numbers for each tap, gathered and added.

A convolution over word vectors is linear: what a word adds to a window depends on the word and on its place in the
window alone, and prediction meets each word again and again. So each word is multiplied with the P taps once, when it
is first met, and a window is the sum of P rows. The sums are those of the convolution but for rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

import numpy as np

from cct_text.inference.kernels import Kernels
from cct_text.model.architecture import Architecture
from cct_text.model.geometry import POOL_PADDING, POOL_STRIDE, Span, Windows, margins
from cct_text.text.encoded import EncodedTexts
from cct_text.text.vocabulary import PAD

FIRST_ROWS = 1024
"""Words that the table has room for at first; then it doubles."""


class FoldedTokenizer:
    """Word ids to tokens, as `WordEmbedding` and `ConvTokenizer` make them, for texts with equally many tokens.

    Args:
        architecture: the sizes.
        vectors: (V, E), the vector of each id.
        weights: of the network, by name; those of the convolutions are read.
        kernels: what to compute with.
    """

    def __init__(
        self, architecture: Architecture, vectors: np.ndarray, weights: Mapping[str, np.ndarray], kernels: Kernels
    ) -> None:
        self.kernels = kernels
        self.windows = architecture.windows
        self.width = architecture.width
        self.vectors = vectors
        layers = [_convolution(architecture, weights, layer) for layer in range(architecture.conv_layers)]
        self.taps = _product(layers[0]) if layers else None  # (E, P * D)
        self.further = [layer.transpose(2, 1, 0).reshape(-1, self.width) for layer in layers[1:]]  # (P * D, D) each
        # Rows are made when their word is first met, in that order; the first is the pad's.
        self._place = np.zeros(len(self.vectors), np.int64)  # of a word's row; 0 of words not yet met
        self._table = np.zeros((FIRST_ROWS, self.windows.kernel if layers else 1, self.width), np.float32)
        self._rows = 1
        self._lock = Lock()

    def fold(self, ids: np.ndarray) -> None:
        """See that the rows of all these words are in the table."""
        met = np.zeros(len(self._place), bool)
        met[ids] = True
        met[PAD] = False
        with self._lock:
            new = np.flatnonzero(met & (self._place == 0))
            if not len(new):
                return
            end = self._rows + len(new)
            if end > len(self._table):
                # Other threads may be reading the old table, which holds all rows that they need.
                grown = np.empty((max(end, 2 * len(self._table)), *self._table.shape[1:]), np.float32)
                grown[: self._rows] = self._table[: self._rows]
                self._table = grown
            rows = self.vectors[new] if self.taps is None else self.vectors[new] @ self.taps
            self._table[self._rows : end] = rows.reshape(len(new), *self._table.shape[1:])
            self._place[new] = np.arange(self._rows, end)
            self._rows = end

    def tokens(self, encoded: EncodedTexts, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Real tokens (B, T, D) of B texts whose words are folded and whose real tokens are equally many, at least 1.

        Args:
            encoded: texts as word ids.
            rows: (B,), which of them.
            lengths: (B,), how many words of each are read.
        """
        real = Span(0, int(lengths.max()) - 1)
        # Without a convolution each token is one word.
        places = np.arange(len(real))[:, None, None] if self.taps is None else _places(self.windows, real)
        before = max(0, -int(places.min()))
        ids = _padded(encoded, rows, lengths, before=before, width=before + 1 + int(places.max()))
        x = self.kernels.gather(self._table, self._place[ids], places + before, rectified=self.windows.overlapping)
        for weight in self.further:
            real = self.windows.after(real)
            x = self._further(x, _places(self.windows, real) - real.first, weight)
        return x

    def _further(self, x: np.ndarray, places: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The next convolution and its max-pool over tokens (B, T, D); places as in `Kernels.gather`."""
        batch, tokens, _ = x.shape
        before = max(0, -int(places.min()))
        behind = max(0, int(places.max()) + 1 - tokens)
        x = np.pad(x, ((0, 0), (before, behind), (0, 0)))
        # Taken along an axis, as rows chosen by an index lie in memory in the order of the index: kernels want them in a row.
        taken = np.take(x, places + before, axis=1).reshape(batch, *places.shape[:2], -1)  # (B, T, U, P * D)
        windows = taken @ weight  # (B, T, U, D)
        pooled: np.ndarray = windows.max(axis=2, initial=0.0) if self.windows.overlapping else windows[:, :, 0]
        return pooled


def _convolution(architecture: Architecture, weights: Mapping[str, np.ndarray], layer: int) -> np.ndarray:
    """(D, E, P): the kernels of a layer as parts of the largest."""
    parts = (weights[f"tokenizer.layers.{layer}.weights.{index}"] for index in range(len(architecture.kernels)))
    return np.concatenate(
        [
            np.pad(part, ((0, 0), (0, 0), margin))
            for part, margin in zip(parts, margins(architecture.kernels), strict=True)
        ]
    )


def _product(weight: np.ndarray) -> np.ndarray:
    """(D, E, P), a convolution's weight, as (E, P * D)."""
    return np.ascontiguousarray(weight.transpose(1, 2, 0).reshape(weight.shape[1], -1))


def _places(windows: Windows, real: Span) -> np.ndarray:
    """(T, U, P): inputs of the U windows that are pooled into each of T real tokens, counted as `real` counts them."""
    after = windows.after(real)
    token = np.arange(after.first, after.last + 1)[:, None, None]
    tap = np.arange(windows.kernel)[None, None, :]
    if windows.max_pool:
        token = token * POOL_STRIDE - POOL_PADDING + np.arange(POOL_STRIDE)[None, :, None]
    # What lies before the first window is no window, although it may hold words: it reads pads.
    return np.where(token < 0, -1, token * windows.stride - windows.padding + tap)


def _padded(encoded: EncodedTexts, rows: np.ndarray, lengths: np.ndarray, *, before: int, width: int) -> np.ndarray:
    """Word ids (B, S) int64 with so many pads before each text, pads behind it."""
    position = np.arange(width) - before  # (S,)
    inside = (position >= 0) & (position < lengths[:, None])  # (B, S)
    places = encoded.offsets[rows][:, None] + position
    return np.where(inside, encoded.ids[np.where(inside, places, 0)], PAD).astype(np.int64)
