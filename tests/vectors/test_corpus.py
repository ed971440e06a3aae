"""Vectors of the train split's own text: a function of texts, width and seed, and zeros where there is no text."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from cct_text.text.vocabulary import PAD, UNK, Vocabulary
from cct_text.vectors import train_corpus_vectors

TEXTS = [
    "what is the capital of france",
    "what is the capital of spain",
    "who wrote the book of songs",
    "<pad> <unk> what",
    "",
]
WORDS = pa.array([text.split() for text in TEXTS * 20])
VOCABULARY = Vocabulary.build(WORDS, extra_words=["unseen"])
PROGRAM = """
from tests.vectors.test_corpus import *
import sys
sys.stdout.buffer.write(train_corpus_vectors(WORDS, VOCABULARY, 6, 1).tobytes())
"""


@pytest.fixture(scope="module")
def vectors():
    return train_corpus_vectors(WORDS, VOCABULARY, 6, 1)


def test_every_word_of_the_texts_has_a_vector_and_nothing_else(vectors):
    assert vectors.shape == (len(VOCABULARY), 6)
    assert vectors.dtype == np.float32
    has_vector = vectors.any(axis=1)
    assert [word for word, known in zip(VOCABULARY.words, has_vector, strict=True) if not known] == [
        "<pad>",
        "<unk>",
        "unseen",
    ]
    assert np.isfinite(vectors).all()


def test_words_that_texts_spell_like_the_special_ones_do_not_move_them(vectors):
    assert not vectors[[PAD, UNK]].any()


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_with_other_hashes_gives_the_same_bytes(vectors, hash_seed):
    other = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        check=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
    )
    assert other.stdout == vectors.tobytes()


def test_another_seed_gives_other_vectors(vectors):
    assert not np.array_equal(train_corpus_vectors(WORDS, VOCABULARY, 6, 2), vectors)


def test_the_order_of_the_vocabulary_does_not_change_a_words_vector(vectors):
    turned = Vocabulary((*VOCABULARY.words[:2], *VOCABULARY.words[:1:-1]), (0, 0, *VOCABULARY.counts[:1:-1]))
    assert np.array_equal(train_corpus_vectors(WORDS, turned, 6, 1)[2:][::-1], vectors[2:])


@pytest.mark.parametrize("texts", [[[]], [["alone"]], [["two", "words"]]])
def test_texts_with_hardly_a_word_give_what_they_can(texts):
    words = pa.array(texts, pa.list_(pa.string()))
    vocabulary = Vocabulary.build(words)
    vectors = train_corpus_vectors(words, vocabulary, 4, 0)
    assert vectors.any(axis=1).tolist() == [False, False, *(True for _ in texts[0])]
