"""Batches: every text once, padded to the longest beside it, in an order that the seed decides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cct_text.text.batching import batches, distinct_words, number_of_batches
from cct_text.text.encoded import EncodedTexts
from cct_text.text.vocabulary import PAD, UNK


def encoded(lengths: list[int]) -> EncodedTexts:
    """Text i has ids that no other has."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return EncodedTexts(np.arange(2, 2 + offsets[-1], dtype=np.int32), offsets)


@given(
    st.lists(st.integers(0, 9), max_size=40),
    st.integers(1, 7),
    st.none() | st.integers(0, 2**32 - 1),
)
def test_each_text_stands_in_one_batch_with_a_mask_of_its_length(lengths, size, seed):
    texts = encoded(lengths)
    seen = []
    for batch in batches(texts, size, seed=seed):
        assert batch.ids.shape == batch.mask.shape
        assert 1 <= len(batch.rows) <= size
        assert batch.ids.shape[1] == max(1, *(lengths[row] for row in batch.rows))
        for row, ids, mask in zip(batch.rows.tolist(), batch.ids, batch.mask, strict=True):
            words = texts.ids[texts.offsets[row] : texts.offsets[row + 1]]
            assert ids[mask].tolist() == words.tolist()
            assert mask[: len(words)].all()
            assert (ids[~mask] == PAD).all()
            seen.append(row)
    assert sorted(seen) == list(range(len(lengths)))


def order(seed, epoch=0, rows=1000):
    lengths = np.random.default_rng(0).integers(1, 60, rows).tolist()
    return [batch.rows.tolist() for batch in batches(encoded(lengths), 8, seed=seed, epoch=epoch)]


def test_seed_and_epoch_decide_the_order():
    assert order(1) == order(1)
    assert order(1) != order(2)
    assert order(1, epoch=1) != order(1, epoch=2)


def test_without_a_seed_lengths_rise():
    lengths = np.random.default_rng(0).integers(0, 60, 500).tolist()
    widths = [batch.ids.shape[1] for batch in batches(encoded(lengths), 8)]
    assert widths == sorted(widths)


def test_buckets_save_most_of_the_padding_and_keep_lengths_shuffled():
    lengths = np.random.default_rng(0).integers(1, 60, 10_000)
    made = list(batches(encoded(lengths.tolist()), 32, seed=0))
    elements = sum(batch.ids.size for batch in made)
    assert elements < 1.1 * lengths.sum()
    widths = np.array([batch.ids.shape[1] for batch in made])
    assert abs(np.corrcoef(widths[:-1], widths[1:])[0, 1]) < 0.2


@pytest.mark.parametrize(("rows", "count"), [(0, 0), (1, 1), (8, 1), (9, 2)])
def test_the_last_batch_may_be_smaller(rows, count):
    assert number_of_batches(rows, 8) == count == len(list(batches(encoded([3] * rows), 8)))


def test_the_first_words_of_bigrams_are_among_the_words():
    first_words = np.array([0, 1, 2, 3, 4, 3, 4])  # 5 and 6 are bigrams
    (batch,) = batches(EncodedTexts(np.array([2, 5, 6, 4], np.int32), np.array([0, 4])), 8)
    words, (places,) = distinct_words([batch], first_words)
    assert words.tolist() == [PAD, UNK, 2, 3, 4, 5, 6]
    assert words[places].tolist() == [[2, 5, 6, 4]]


@given(st.lists(st.lists(st.integers(PAD, 30), max_size=9), min_size=1, max_size=20), st.integers(1, 7))
def test_the_words_of_some_batches_are_each_once_and_stand_for_their_ids(texts, size):
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int64)
    ids = np.array([word for text in texts for word in text], dtype=np.int32)
    made = list(batches(EncodedTexts(ids, offsets), size))
    words, places = distinct_words(made)
    assert words[:2].tolist() == [PAD, UNK]
    assert set(words.tolist()) == {PAD, UNK, *ids.tolist()}
    assert len(set(words.tolist())) == len(words)
    assert len(places) == len(made)
    for batch, place in zip(made, places, strict=True):
        assert np.array_equal(words[place], batch.ids)
