"""Encoded texts, and what is read of long ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cct_text.text.encoded import EncodedTexts, chunks_of_text


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


TEXTS = [[1, 2, 3, 4, 5], [1, 2, 3], [], [9]]


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
    read = encoded(TEXTS).chunks(most, long)
    assert words_of(read.encoded) == left
    assert read.texts.tolist() == [0, 1, 2, 3]


def test_all_words_are_kept_in_as_few_chunks_as_hold_them_and_of_like_length():
    read = encoded([[1, 2, 3, 4, 5, 6, 7], *TEXTS]).chunks(3, "chunks")
    assert words_of(read.encoded) == [[1, 2], [3, 4], [5, 6, 7], [1, 2], [3, 4, 5], [1, 2, 3], [], [9]]
    assert read.texts.tolist() == [0, 0, 0, 1, 1, 2, 3, 4]
    assert len(read) == 5


LISTS = st.lists(st.lists(st.integers(0, 50), max_size=12), max_size=12)
LONG = st.sampled_from(["head", "head-tail", "chunks"])


@given(LISTS, st.integers(1, 14), LONG)
def test_of_all_texts_is_read_what_is_of_each_alone(texts, most, long):
    read = encoded(texts).chunks(most, long)
    of_each = [chunks_of_text(len(text), most, long) for text in texts]
    assert words_of(read.encoded) == [
        [text[word] for word in words] for text, chunks in zip(texts, of_each, strict=True) for words in chunks
    ]
    assert read.texts.tolist() == [row for row, chunks in enumerate(of_each) for _ in chunks]
    assert len(read) == len(texts)
    assert read.encoded.lengths.max(initial=0) <= most


@given(LISTS, st.integers(1, 14), LONG, st.data())
def test_some_texts_keep_their_chunks(texts, most, long, data):
    rows = data.draw(st.lists(st.sampled_from(range(len(texts))), max_size=9)) if texts else []
    taken = encoded(texts).chunks(most, long).take(np.array(rows, np.int64))
    expected = encoded([texts[row] for row in rows]).chunks(most, long)
    assert words_of(taken.encoded) == words_of(expected.encoded)
    assert taken.texts.tolist() == expected.texts.tolist()


def test_what_is_said_of_a_text_is_the_mean_of_its_chunks():
    read = encoded([[1, 2, 3, 4, 5], [1]]).chunks(2, "chunks")
    values = np.array([[0, 3], [3, 3], [6, 9], [7, 7]], np.float32)
    assert read.of_texts(values).tolist() == [[3, 5], [7, 7]]
    assert read.of_texts(values[:, 0]).tolist() == [3, 7]
