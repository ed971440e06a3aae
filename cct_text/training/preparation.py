"""From a configuration to what the loop trains on: encoded splits, the vocabulary and the initial word vectors."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace

import numpy as np

from cct_text.config import Config, EmbeddingConfig
from cct_text.datasets import Dataset, load_dataset
from cct_text.errors import DataError
from cct_text.text.bigrams import Bigrams
from cct_text.text.encoded import Chunks, EncodedTexts
from cct_text.text.tokenizer import Tokenizer, split_words
from cct_text.text.vocabulary import PAD, UNK, Vocabulary
from cct_text.vectors import Coverage, align, frequent_words, train_corpus_vectors

logger = logging.getLogger(__name__)

LOW_COVERAGE = 0.5
"""Share of the running words; below it the vectors are hardly of the text's language."""


@dataclass(frozen=True)
class PreparedData:
    """A data set ready to train on.

    Attributes:
        dataset: texts and labels of the splits.
        tokenizer: with the vocabulary of the train split.
        train: what is read of the train split.
        dev: of the dev split; empty where there is none.
        test: of the test split; None where there is none, or it is not to be looked at.
        truncated_fraction: share of the train split's texts that are not read to the end.
        vectors: (V, E) float32, initial word vectors; None for `learned`.
        embedding_dim: E.
        coverage: how much of the train split the pre-trained vectors know; None where there are none.
        vector_seconds: that the training of `corpus` vectors took; 0 for others.
    """

    dataset: Dataset
    tokenizer: Tokenizer
    train: Chunks
    dev: Chunks
    test: Chunks | None
    truncated_fraction: float
    vectors: np.ndarray | None
    embedding_dim: int
    coverage: Coverage | None
    vector_seconds: float


def prepare(config: Config, dataset: Dataset | None = None, *, with_test: bool = True) -> PreparedData:
    """Load the data set if it is not given, build the vocabulary from its train split alone, and find the word vectors.

    Args:
        config: all options of the run.
        dataset: loaded by `config.data` when not given.
        with_test: whether the test split is encoded; it is not for who has choices to make still.

    Raises:
        DataError: if the data set cannot be used.
        ResourceError: if the data set or the vectors are not here and cannot be fetched.
    """
    dataset = load_dataset(config.data) if dataset is None else dataset
    words = split_words(dataset.learned.texts, config.text.tokenizer)
    pretrained = config.embedding.embeddings in ("glove-frozen", "glove-tuned")
    extra_count = config.text.vocabulary_extra_words if pretrained else 0
    extra = frequent_words(config.embedding.vectors, extra_count) if extra_count else []
    vocabulary = Vocabulary.build(words, min_count=config.text.min_count, extra_words=extra)
    tokenizer = Tokenizer(config.text.tokenizer, vocabulary)
    train = tokenizer.encode(dataset.learned.texts)
    if config.text.bigram_min_count and config.embedding.embeddings != "glove-frozen":
        bigrams = Bigrams.frequent(train, words=len(vocabulary.words), min_count=config.text.bigram_min_count)
        vocabulary = replace(vocabulary, pairs=bigrams.pairs)
        tokenizer = Tokenizer(config.text.tokenizer, vocabulary)
    vectors, coverage, vector_seconds = None, None, 0.0
    if pretrained:
        known, found, coverage = align(vocabulary, config.embedding.vectors)
        _judge(coverage, config.embedding)
        of_words = slice(len(vocabulary.words))  # a bigram's vector is zero at first: it adds nothing
        known[of_words] = fill_missing(known[of_words], found[of_words], config.training.seed)
        vectors = known
    elif config.embedding.embeddings == "corpus":
        start = time.perf_counter()
        vectors = train_corpus_vectors(words, vocabulary, config.embedding.embedding_dim, config.training.seed)
        vector_seconds = time.perf_counter() - start

    def read(texts: EncodedTexts) -> Chunks:
        return vocabulary.bigrams.found_in_chunks(texts.chunks(config.text.max_words, config.text.long))

    test = dataset.test if with_test else None
    return PreparedData(
        dataset=dataset,
        tokenizer=tokenizer,
        train=read(train),
        dev=read(tokenizer.encode(dataset.dev.texts)),
        test=read(tokenizer.encode(test.texts)) if test is not None else None,
        truncated_fraction=0.0 if config.text.long == "chunks" else train.truncated_fraction(config.text.max_words),
        vectors=vectors,
        embedding_dim=config.embedding.embedding_dim if vectors is None else vectors.shape[1],
        coverage=coverage,
        vector_seconds=vector_seconds,
    )


def _judge(coverage: Coverage, config: EmbeddingConfig) -> None:
    """Vectors that know little of the text are told; frozen ones that know nothing can teach nothing."""
    if coverage.tokens == 0 and config.embeddings == "glove-frozen":
        raise DataError(f"{config.vectors}: not one word of the train split has a vector there, and they are frozen")
    if coverage.tokens < LOW_COVERAGE:
        logger.warning("%s: only %.1f %% of the text has a vector", config.vectors, 100 * coverage.tokens)


def fill_missing(vectors: np.ndarray, found: np.ndarray, seed: int) -> np.ndarray:
    """Vectors (V, E) with random rows for words that no file knows.

    The random rows have half the standard deviation of the known ones, column by column: enough to tell words apart,
    too little to drown the known ones. The pad and the unknown word stay at zero.
    """
    filled = vectors.copy()
    missing = ~found
    missing[[PAD, UNK]] = False
    if found.any():
        spread = vectors[found].std(axis=0) / 2
        noise = np.random.default_rng(seed).standard_normal((int(missing.sum()), vectors.shape[1]))
        filled[missing] = noise * spread
    return filled
