"""Length-bucketed batches: texts of like length together, padded to the longest of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cct_text.text.encoded import EncodedTexts
from cct_text.text.vocabulary import PAD, UNK

BUCKET_BATCHES = 100
"""Batches sorted by length together in training: the more, the less padding and the less random the batches.

At 100 and batches of 64 texts, 1.1 to 3.7 % of the words of TREC, SST, AG News and IMDb are padding; at 50, 2 to 7.4 %.
"""

WORDS_TOGETHER = 1024
"""Words of one batch where a processor's cache decides: as many as hide the overhead of a layer and fit into it."""


@dataclass(frozen=True)
class Batch:
    """Some texts, padded to the longest of them.

    Attributes:
        ids: (B, S) int64, PAD where the mask is False.
        mask: (B, S) bool, True = real word.
        rows: (B,) int64, which texts of the data these are.
    """

    ids: np.ndarray
    mask: np.ndarray
    rows: np.ndarray


def number_of_batches(rows: int, batch_size: int) -> int:
    """How many batches `batches` yields for so many texts."""
    return -(-rows // batch_size)


def batches(encoded: EncodedTexts, batch_size: int, *, seed: int | None = None, epoch: int = 0) -> Iterator[Batch]:
    """All texts, each once, in batches of `batch_size` (the last may be smaller).

    Args:
        encoded: N texts.
        batch_size: B.
        seed: None for evaluation: sorted by length. Otherwise shuffled; order and batches depend on `seed` and `epoch`
            alone.
        epoch: which pass over the data.
    """
    lengths = encoded.lengths
    if seed is None:
        order = np.argsort(lengths, kind="stable")
        starts = np.arange(0, len(order), batch_size)
    else:
        order, starts = _shuffled(lengths, batch_size, np.random.default_rng((seed, epoch)))
    for start in starts:
        rows = order[start : start + batch_size]
        yield _batch(encoded, rows, lengths[rows])


def batches_of_words(encoded: EncodedTexts, words: int = WORDS_TOGETHER) -> Iterator[Batch]:
    """All texts, each once, sorted by length, in batches of at most so many words, pads included; or of one text."""
    lengths = encoded.lengths
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and (end + 1 - start) * lengths[order[end]] <= words:
            end += 1
        rows = order[start:end]
        yield _batch(encoded, rows, lengths[rows])
        start = end


def distinct_words(
    group: Sequence[Batch], first_words: np.ndarray | None = None
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The words of some batches, each once, and the batches in terms of them.

    Args:
        group: the batches.
        first_words: (V,), the word that each id stands for, where some are of bigrams; then those are among the words.

    Returns:
        ids (U,) int64, ascending, pad and unknown word among them always; for each batch the places (B, S) of its ids
        there. Pad and unknown word keep their numbers, for they come first.
    """
    ids = np.concatenate([[PAD, UNK], *(batch.ids.ravel() for batch in group)])
    words, places = np.unique(ids, return_inverse=True)
    if first_words is not None:
        found = words
        words = np.union1d(found, first_words[found])
        places = np.searchsorted(words, found)[places]
    parts = np.split(places[2:], np.cumsum([batch.ids.size for batch in group])[:-1])
    return words, [part.reshape(batch.ids.shape) for part, batch in zip(parts, group, strict=True)]


def _shuffled(lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A random order, sorted by length within stretches of BUCKET_BATCHES batches; and shuffled batch starts."""
    order = rng.permutation(len(lengths))
    stretch = np.arange(len(order)) // (batch_size * BUCKET_BATCHES)
    order = order[np.lexsort((lengths[order], stretch))]
    starts = np.arange(0, len(order), batch_size)
    rng.shuffle(starts)
    return order, starts


def _batch(encoded: EncodedTexts, rows: np.ndarray, lengths: np.ndarray) -> Batch:
    position = np.arange(max(1, int(lengths.max(initial=0))))  # (S,)
    mask = position < lengths[:, None]  # (B, S)
    ids = np.full(mask.shape, PAD, dtype=np.int64)
    ids[mask] = encoded.ids[(encoded.offsets[rows][:, None] + position)[mask]]
    return Batch(ids, mask, rows)
