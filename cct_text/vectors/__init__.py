"""Pre-trained word vectors: names and files, readers, the memory-mapped store, coverage.

The names are imported when they are first asked for: which vectors there are can be looked up without Arrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cct_text.lazy import names_from

if TYPE_CHECKING:
    from cct_text.vectors.corpus import train_corpus_vectors
    from cct_text.vectors.loading import Coverage, align, frequent_words, load_vectors
    from cct_text.vectors.word_vectors import WordVectors

__all__ = ["Coverage", "WordVectors", "align", "frequent_words", "load_vectors", "train_corpus_vectors"]

_HOMES = {
    "Coverage": "cct_text.vectors.loading",
    "WordVectors": "cct_text.vectors.word_vectors",
    "align": "cct_text.vectors.loading",
    "frequent_words": "cct_text.vectors.loading",
    "load_vectors": "cct_text.vectors.loading",
    "train_corpus_vectors": "cct_text.vectors.corpus",
}

__getattr__ = names_from(__name__, _HOMES)
