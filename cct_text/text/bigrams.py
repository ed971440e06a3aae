"""Frequent pairs of neighbouring words, which have a vector of their own beside those of their words.

Where such a pair stands in what is read of a text, the id of its first word becomes that of the pair. The pair's vector is
what the two words together add to that of the first one, so that nothing is lost of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from cct_text.text.encoded import Chunks, EncodedTexts

FIRST_WORD = 2
"""Lower ids are those of the pad and of the unknown word, which are in no pair."""


@dataclass(frozen=True)
class Bigrams:
    """P pairs of a vocabulary's V words. Their ids follow those of the words: V to V + P - 1.

    Attributes:
        pairs: ids of the first and of the second word of each, ascending, none twice.
        words: V.
    """

    pairs: tuple[tuple[int, int], ...]
    words: int

    def check(self) -> None:
        """See that the pairs are as they should be.

        Raises:
            ValueError: if one is not of two words, or they are out of order.
        """
        if ((self._pairs < FIRST_WORD) | (self._pairs >= self.words)).any():
            raise ValueError("a bigram is of two words of the vocabulary")
        if (np.diff(self.keys) <= 0).any():
            raise ValueError("bigrams are in ascending order, none twice")

    @classmethod
    def frequent(cls, encoded: EncodedTexts, *, words: int, min_count: int) -> Self:
        """Those that stand in some texts at least so often.

        Args:
            encoded: the texts, ids of words alone.
            words: V.
            min_count: as often.
        """
        keys = _keys(encoded, words)
        found, counts = np.unique(keys[keys >= 0], return_counts=True)
        first, second = np.divmod(found[counts >= min_count], words)
        return cls(tuple(zip(first.tolist(), second.tolist(), strict=True)), words)

    def __len__(self) -> int:
        return len(self.pairs)

    @cached_property
    def keys(self) -> np.ndarray:
        """(P,) int64, ascending: the first word times V, and the second."""
        keys: np.ndarray = self._pairs[:, 0] * self.words + self._pairs[:, 1]
        return keys

    @cached_property
    def _pairs(self) -> np.ndarray:
        """(P, 2) int64."""
        return np.array(self.pairs, np.int64).reshape(-1, 2)

    @cached_property
    def first_words(self) -> np.ndarray:
        """(V + P,) int64, the word that each id stands for: itself, or the first word of a pair."""
        return np.concatenate([np.arange(self.words), self.keys // self.words])

    def found_in(self, encoded: EncodedTexts) -> EncodedTexts:
        """The same texts, the first word of each pair given the id of the pair.

        Args:
            encoded: ids of words alone.
        """
        if not self.pairs:
            return encoded
        keys = _keys(encoded, self.words)
        places = np.searchsorted(self.keys, keys).clip(max=len(self) - 1)
        ids = np.where(self.keys[places] == keys, self.words + places, encoded.ids)
        return EncodedTexts(ids.astype(np.int32), encoded.offsets)

    def found_in_chunks(self, chunks: Chunks) -> Chunks:
        """The same of what is read of texts: a pair that the cut has put side by side is one, too."""
        return Chunks(self.found_in(chunks.encoded), chunks.texts)


def _keys(encoded: EncodedTexts, words: int) -> np.ndarray:
    """Of each word and the next of its text, (words,) int64 as in `Bigrams.keys`; -1 where one is not known, or no next."""
    ids = encoded.ids.astype(np.int64)
    following = np.append(ids[1:], 0)
    ends = encoded.offsets[1:]
    following[ends[ends > encoded.offsets[0]] - 1] = 0  # of texts that are not empty
    return np.where((ids >= FIRST_WORD) & (following >= FIRST_WORD), ids * words + following, -1)
