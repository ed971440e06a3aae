"""Encoded texts, and what is left of long ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cct_text.text.encoded import EncodedTexts, kept_words


def encoded(texts):
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int64)
    return EncodedTexts(np.array([word for text in texts for word in text], dtype=np.int32), offsets)


def words_of(texts):
    return [texts.ids[start:end].tolist() for start, end in zip(texts.offsets[:-1], texts.offsets[1:], strict=True)]


def test_the_share_of_cut_texts_is_of_those_longer_than_max_words():
    texts = encoded([[2, 3, 4], [2, 3], [], [2, 3, 4, 5]])
    assert texts.lengths.tolist() == [3, 2, 0, 4]
    assert [texts.truncated_fraction(most) for most in (2, 3, 4)] == [0.5, 0.25, 0]
    assert encoded([]).truncated_fraction(4) == 0


@pytest.mark.parametrize(
    ("long", "most", "left"),
    [
        ("head", 3, [[1, 2, 3], [1, 2, 3], [], [9]]),
        ("head-tail", 3, [[1, 2, 5], [1, 2, 3], [], [9]]),
        ("head-tail", 2, [[1, 5], [1, 3], [], [9]]),
        ("head-tail", 1, [[1], [1], [], [9]]),
        ("head", 5, [[1, 2, 3, 4, 5], [1, 2, 3], [], [9]]),
    ],
)
def test_the_first_words_are_kept_or_as_many_first_as_last_ones(long, most, left):
    assert words_of(encoded([[1, 2, 3, 4, 5], [1, 2, 3], [], [9]]).shortened(most, long)) == left


@given(
    st.lists(st.lists(st.integers(0, 50), max_size=12), max_size=12),
    st.integers(1, 14),
    st.sampled_from(["head", "head-tail"]),
)
def test_all_texts_are_shortened_as_each_alone(texts, most, long):
    shortened = encoded(texts).shortened(most, long)
    assert words_of(shortened) == [[text[word] for word in kept_words(len(text), most, long)] for text in texts]
    assert shortened.lengths.tolist() == [min(len(text), most) for text in texts]
