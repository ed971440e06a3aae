"""Texts as word ids, and what is left of the long ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from cct_text.config import LongTexts


@dataclass(frozen=True)
class EncodedTexts:
    """N texts as one flat array: text i is ids[offsets[i]:offsets[i + 1]].

    Attributes:
        ids: (words,) int32.
        offsets: (N + 1,) int64, from 0 on.
    """

    ids: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Words of each text, (N,) int64."""
        return np.diff(self.offsets)

    def take(self, rows: np.ndarray) -> Self:
        """The given texts (M,), in the given order."""
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        moved = np.repeat(self.offsets[:-1][rows] - offsets[:-1], lengths)  # how far each word lies from its old place
        return type(self)(self.ids[moved + np.arange(offsets[-1])], offsets)

    def truncated_fraction(self, max_words: int) -> float:
        """Share of texts longer than `max_words`."""
        return float((self.lengths > max_words).mean()) if len(self) else 0.0

    def shortened(self, max_words: int, long: LongTexts) -> Self:
        """The texts with at most `max_words` words each; what is left of longer ones is as `kept_words` tells."""
        lengths = self.lengths
        if lengths.max(initial=0) <= max_words:
            return self
        head, tail = head_and_tail(max_words, long)
        before = np.arange(len(self.ids)) - np.repeat(self.offsets[:-1], lengths)  # words before each one in its text
        behind = np.repeat(lengths, lengths) - before - 1
        offsets = np.concatenate([[0], np.cumsum(np.minimum(lengths, max_words))])
        return type(self)(self.ids[(before < head) | (behind < tail)], offsets)


def kept_words(length: int, max_words: int, long: LongTexts) -> np.ndarray:
    """Which words of a text are read, (min(length, max_words),) int64, ascending.

    Args:
        length: words of the text.
        max_words: that are kept at most.
        long: of a longer text the first ones (`head`), or as many first ones as last ones (`head-tail`).
    """
    head, tail = head_and_tail(max_words, long)
    words = np.arange(length)
    return words[(words < head) | (words >= length - tail)]


def head_and_tail(max_words: int, long: LongTexts) -> tuple[int, int]:
    """How many of the first and of the last words of a long text are kept; together `max_words`."""
    tail = max_words // 2 if long == "head-tail" else 0
    return max_words - tail, tail
