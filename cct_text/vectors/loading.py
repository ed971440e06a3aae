"""Load word vectors by name or path, several side by side, and line them up with a vocabulary."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from cct_text.errors import UsageError
from cct_text.text.vocabulary import SPECIAL_WORDS, Vocabulary
from cct_text.vectors.sources import locate
from cct_text.vectors.store import build_in_background, open_store
from cct_text.vectors.text_file import TextVectors
from cct_text.vectors.word_vectors import WordVectors

logger = logging.getLogger(__name__)

SIDE_BY_SIDE = "+"


@dataclass(frozen=True)
class Coverage:
    """How much of a train split the vectors know.

    Attributes:
        types: share of the distinct words, in [0, 1].
        tokens: share of the running words, in [0, 1].
        missing: words without a vector and their counts, most frequent first.
    """

    types: float
    tokens: float
    missing: list[tuple[str, int]]


def load_vectors(spec: str, *, words: Collection[str] | None = None, top: int | None = None) -> WordVectors:
    """Word vectors by name or path.

    Args:
        spec: `NAME` or `PATH`; several joined by `+` are stacked side by side, a word missing from one gets zeros there.
        words: the words to read; all of them where neither `words` nor `top` is given.
        top: read the most frequent (first) rows of each part as well.

    Raises:
        UsageError: if `spec` has an empty part.
        DataError: if a file is damaged.
        ResourceError: if a name is unknown or cannot be fetched.
    """
    parts = [_load_part(part, words, top) for part in parts_of(spec)]
    if len(parts) == 1:
        return parts[0]
    union = list(dict.fromkeys(word for part in parts for word in part.words))
    row_of = {word: row for row, word in enumerate(union)}
    matrix = np.zeros((len(union), sum(part.dim for part in parts)), np.float32)
    start = 0
    for part in parts:
        matrix[[row_of[word] for word in part.words], start : start + part.dim] = part.matrix
        start += part.dim
    return WordVectors(union, matrix)


def frequent_words(spec: str, count: int) -> list[str]:
    """The first `count` words of the first part of `spec`; files list them by frequency."""
    return _load_part(parts_of(spec)[0], (), count).words[:count]


def align(vocabulary: Vocabulary, spec: str) -> tuple[np.ndarray, np.ndarray, Coverage]:
    """Vectors for a vocabulary.

    Returns:
        (V, E) float32, zeros where a word has no vector; (V,) bool, whether it has; and the coverage.

    Raises:
        UsageError, DataError, ResourceError: as `load_vectors`.
    """
    vectors = load_vectors(spec, words=set(vocabulary.words) - set(SPECIAL_WORDS))
    rows = np.fromiter((vocabulary.id_of(word) for word in vectors.words), np.int64, len(vectors))
    matrix = np.zeros((len(vocabulary), vectors.dim), np.float32)
    found = np.zeros(len(vocabulary), dtype=bool)
    matrix[rows], found[rows] = vectors.matrix, True
    return matrix, found, _coverage(vocabulary, found)


def _coverage(vocabulary: Vocabulary, found: np.ndarray) -> Coverage:
    counts = np.asarray(vocabulary.counts)
    in_train = counts > 0
    found = found[: len(counts)]  # bigrams have no pre-trained vector
    missing = np.flatnonzero(in_train & ~found)
    missing = missing[np.argsort(-counts[missing], kind="stable")]
    return Coverage(
        types=float(found[in_train].mean()) if in_train.any() else 0.0,
        tokens=float(counts[found].sum() / max(1, counts.sum())),
        missing=[(vocabulary.words[index], int(counts[index])) for index in missing],
    )


def parts_of(spec: str) -> list[str]:
    """The names and paths that `spec` stacks side by side.

    Raises:
        UsageError: if one of them is empty.
    """
    parts = [part.strip() for part in spec.split(SIDE_BY_SIDE)]
    if not all(parts):
        raise UsageError(f"vectors = {spec!r}: expected NAME or PATH, several joined by +")
    return parts


def _load_part(part: str, words: Collection[str] | None, top: int | None) -> WordVectors:
    location = locate(part)
    file = location.open()
    if isinstance(file, TextVectors):
        store = open_store(file)
        if store is not None:
            return store.select(words, top)
        vectors = file.select(words, top)
        build_in_background(file)
        return vectors
    return file.select(words, top)
