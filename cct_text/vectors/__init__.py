"""Pre-trained word vectors: names and files, readers, the memory-mapped store, coverage."""

from cct_text.vectors.corpus import train_corpus_vectors
from cct_text.vectors.loading import Coverage, align, frequent_words, load_vectors
from cct_text.vectors.word_vectors import WordVectors

__all__ = ["Coverage", "WordVectors", "align", "frequent_words", "load_vectors", "train_corpus_vectors"]
