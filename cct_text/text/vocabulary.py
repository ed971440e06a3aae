"""The words a model knows, by id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cct_text.text.bigrams import Bigrams

PAD = 0
"""Id of the pad; no word of a text ever gets it."""
UNK = 1
"""Id of every word that is not in the vocabulary."""
SPECIAL_WORDS = ("<pad>", "<unk>")


@dataclass(frozen=True)
class Vocabulary:
    """Words by id: the pad, the unknown word, the words of the train split (most frequent first), extra words; then bigrams.

    Attributes:
        words: V words; their positions are their ids.
        counts: how often each stands in the train split; 0 for the two special and the extra words.
        pairs: ids of the two words of each of P bigrams, whose own ids follow; see `Bigrams`.
    """

    words: tuple[str, ...]
    counts: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.words[:2] != SPECIAL_WORDS:
            raise ValueError(f"a vocabulary starts with {SPECIAL_WORDS}, not {self.words[:2]}")
        if len(self.words) != len(self.counts) or len(self.words) != len(set(self.words)):
            raise ValueError("a vocabulary has one count for each word and no word twice")
        if (with_blank := next((word for word in self.words if " " in word), None)) is not None:
            raise ValueError(f"a word has no blank: {with_blank!r:.60}")
        self.bigrams.check()

    @classmethod
    def build(
        cls, texts: pa.ListArray | pa.ChunkedArray, *, min_count: int = 1, extra_words: Iterable[str] = ()
    ) -> Vocabulary:
        """The vocabulary of a train split.

        Args:
            texts: list<string> (N,), the words of each text.
            min_count: rarer words are unknown.
            extra_words: added behind the words of the texts, such as the most frequent ones of a vector file.
        """
        frequencies = pc.value_counts(pc.list_flatten(texts))
        counted = pa.table({"word": frequencies.field("values"), "count": frequencies.field("counts")})
        counted = counted.filter(pc.greater_equal(counted["count"], min_count))
        counted = counted.sort_by([("count", "descending"), ("word", "ascending")])
        counts = {
            word: count
            for word, count in zip(counted["word"].to_pylist(), counted["count"].to_pylist(), strict=True)
            if word not in SPECIAL_WORDS
        }
        for word in extra_words:
            if word not in SPECIAL_WORDS and " " not in word:  # no text can hold a word with a blank
                counts.setdefault(word, 0)
        return cls((*SPECIAL_WORDS, *counts), (0, 0, *counts.values()))

    def __len__(self) -> int:
        """How many ids there are, V + P."""
        return len(self.words) + len(self.pairs)

    @cached_property
    def bigrams(self) -> Bigrams:
        """The pairs, to be found in texts."""
        return Bigrams(self.pairs, len(self.words))

    def __contains__(self, word: object) -> bool:
        return word in self._ids

    def id_of(self, word: str) -> int:
        """The word's id; that of the unknown word where it is not known."""
        return self._ids.get(word, UNK)

    def ids_of(self, words: pa.Array) -> np.ndarray:
        """Ids (N,) int32 of an array of N words."""
        # The special words are no words of texts: a literal "<pad>" in a text is an unknown word.
        found = pc.index_in(words, value_set=self._searched)
        ids: np.ndarray = pc.add(pc.fill_null(found, UNK - 2), 2).to_numpy(zero_copy_only=False)
        return ids.astype(np.int32, copy=False)

    @cached_property
    def _searched(self) -> pa.Array:
        return pa.array(self.words[2:], pa.string())

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: index for index, word in enumerate(self.words) if index >= 2}
