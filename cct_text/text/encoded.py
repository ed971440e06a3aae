"""Texts as word ids, and what is read of the long ones."""

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

    def chunks(self, max_words: int, long: LongTexts) -> Chunks:
        """What is read of the texts; of each one as `chunks_of_text` tells."""
        lengths, texts = self.lengths, np.arange(len(self))
        if lengths.max(initial=0) <= max_words:
            return Chunks(self, texts)
        if long == "chunks":
            counts = np.maximum(1, -(-lengths // max_words))
            of_chunks = np.repeat(texts, counts)
            number = np.arange(len(of_chunks)) - np.repeat(np.cumsum(counts) - counts, counts)  # in its text
            starts = self.offsets[of_chunks] + number * lengths[of_chunks] // counts[of_chunks]
            return Chunks(EncodedTexts(self.ids, np.append(starts, self.offsets[-1])), of_chunks)
        head, tail = head_and_tail(max_words, long)
        before = np.arange(len(self.ids)) - np.repeat(self.offsets[:-1], lengths)  # words before each one in its text
        behind = np.repeat(lengths, lengths) - before - 1
        offsets = np.concatenate([[0], np.cumsum(np.minimum(lengths, max_words))])
        return Chunks(EncodedTexts(self.ids[(before < head) | (behind < tail)], offsets), texts)


@dataclass(frozen=True)
class Chunks:
    """What is read of N texts: M chunks, each of which a network sees by itself; what it says of them is averaged.

    Attributes:
        encoded: M chunks of at most `max_words` words, those of a text in their order.
        texts: (M,) int64, the text that each is of, ascending; every text has one at least.
    """

    encoded: EncodedTexts
    texts: np.ndarray

    def __len__(self) -> int:
        """N."""
        return int(self.texts[-1]) + 1 if len(self.texts) else 0

    def take(self, rows: np.ndarray) -> Self:
        """The chunks of the given texts (K,), in the given order."""
        starts = np.searchsorted(self.texts, rows)
        counts = np.searchsorted(self.texts, rows, side="right") - starts
        first = np.cumsum(counts) - counts
        chunks = np.repeat(starts - first, counts) + np.arange(counts.sum())
        return type(self)(self.encoded.take(chunks), np.repeat(np.arange(len(rows)), counts))

    def of_texts(self, values: np.ndarray) -> np.ndarray:
        """Values of the chunks, (M, ...) of floats, as those of their texts, (N, ...): the mean of each one's chunks."""
        if len(self) == len(self.encoded):
            return values
        counts = np.bincount(self.texts).astype(values.dtype)
        sums: np.ndarray = np.add.reduceat(values, np.searchsorted(self.texts, np.arange(len(self))))
        means: np.ndarray = sums / counts.reshape(-1, *[1] * (values.ndim - 1))
        return means


def chunks_of_text(length: int, max_words: int, long: LongTexts) -> list[np.ndarray]:
    """The words that are read of a text, chunk by chunk, each (at most max_words,) int64, ascending; one chunk at least.

    Args:
        length: words of the text.
        max_words: of a chunk at most.
        long: of a longer text the first ones (`head`), as many first ones as last ones (`head-tail`), or all, in as few
            chunks as hold them, none more than a word longer than another (`chunks`).
    """
    words = np.arange(length)
    if long == "chunks":
        count = max(1, -(-length // max_words))
        return [words[chunk * length // count : (chunk + 1) * length // count] for chunk in range(count)]
    head, tail = head_and_tail(max_words, long)
    return [words[(words < head) | (words >= length - tail)]]


def head_and_tail(max_words: int, long: LongTexts) -> tuple[int, int]:
    """How many of the first and of the last words of a long text are kept; together `max_words`."""
    tail = max_words // 2 if long == "head-tail" else 0
    return max_words - tail, tail
