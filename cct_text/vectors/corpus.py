"""Word vectors trained on the train split's own text."""

from __future__ import annotations

import zlib

import numpy as np
import pyarrow as pa

from cct_text.text.vocabulary import Vocabulary

_EPOCHS = 5
_WINDOW = 5


def train_corpus_vectors(words: pa.ChunkedArray, vocabulary: Vocabulary, dim: int, seed: int) -> np.ndarray:
    """word2vec skip-gram vectors (gensim), a function of the texts, `dim` and `seed` alone.

    Args:
        words: list<string> (N,), the words of each text.
        vocabulary: V words; those of the texts get a vector.
        dim: E.
        seed: of initial vectors and sampling.

    Returns:
        (V, E) float32; zeros for words that do not stand in the texts.
    """
    from gensim.models import Word2Vec

    vectors = np.zeros((len(vocabulary), dim), np.float32)
    if not any(vocabulary.counts):
        return vectors
    # One worker and a hash of our own: gensim's defaults depend on thread timing and on Python's hash seed.
    model = Word2Vec(
        sentences=words.to_pylist(),
        vector_size=dim,
        window=_WINDOW,
        sg=1,
        min_count=1,
        epochs=_EPOCHS,
        workers=1,
        seed=seed,
        hashfxn=_stable_hash,
    )
    for index, word in enumerate(vocabulary.words):
        if word in model.wv and vocabulary.counts[index]:
            vectors[index] = model.wv[word]
    return vectors


def _stable_hash(text: str) -> int:
    return zlib.crc32(text.encode())
