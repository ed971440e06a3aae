"""Frequent pairs of words: which they are, and that they are found in texts."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cct_text.text.bigrams import Bigrams
from cct_text.text.encoded import EncodedTexts

WORDS = 6
TEXTS = st.lists(st.lists(st.integers(0, WORDS - 1), max_size=8), max_size=8)


def encoded(texts):
    ids = np.array([word for text in texts for word in text], np.int32)
    return EncodedTexts(ids, np.cumsum([0, *map(len, texts)]))


def as_lists(texts):
    return [texts.ids[start:end].tolist() for start, end in pairwise(texts.offsets)]


@given(TEXTS, st.integers(1, 3))
def test_the_pairs_of_known_words_that_stand_often_enough_within_texts(texts, least):
    counts = Counter(pair for text in texts for pair in pairwise(text) if min(pair) >= 2)
    expected = sorted(pair for pair, count in counts.items() if count >= least)
    found = Bigrams.frequent(encoded(texts), words=WORDS, min_count=least)
    assert found.pairs == tuple(expected)
    assert len(found) == len(expected)


@given(TEXTS, st.sets(st.tuples(st.integers(2, WORDS - 1), st.integers(2, WORDS - 1))))
def test_the_first_word_of_a_pair_gets_its_id_and_all_others_stay(texts, pairs):
    pairs = sorted(pairs)
    found = Bigrams(tuple(pairs), WORDS).found_in(encoded(texts))
    expected = [
        [WORDS + pairs.index(pair) if pair in pairs else pair[0] for pair in pairwise([*text, 0])] for text in texts
    ]
    assert as_lists(found) == expected


@given(TEXTS, st.sets(st.tuples(st.integers(2, WORDS - 1), st.integers(2, WORDS - 1))))
def test_each_id_stands_for_a_word(texts, pairs):
    bigrams = Bigrams(tuple(sorted(pairs)), WORDS)
    assert bigrams.first_words[bigrams.found_in(encoded(texts)).ids].tolist() == encoded(texts).ids.tolist()
    assert len(bigrams.first_words) == WORDS + len(pairs)


def test_what_is_cut_out_between_two_words_leaves_them_neighbours():
    bigrams = Bigrams(((2, 5), (3, 4)), WORDS)
    read = bigrams.found_in_chunks(encoded([[2, 3, 4, 5]]).chunks(2, "head-tail"))
    assert as_lists(read.encoded) == [[6, 5]]
    assert len(read) == 1


@pytest.mark.parametrize("pairs", [((2, 1),), ((0, 2),), ((2, 6),), ((3, 2), (2, 3)), ((2, 3), (2, 3))])
def test_pairs_of_other_words_or_out_of_order_are_refused(pairs):
    with pytest.raises(ValueError, match="bigram"):
        Bigrams(pairs, WORDS).check()
