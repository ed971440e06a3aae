import time
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cct_text.datasets.dataset import Split, cut_rows
from cct_text.datasets.dataset import some_rows as chosen_rows
from cct_text.errors import DataError, UsageError
from tests.support.user_files import as_csv


def split_of(counts):
    """Rows with these numbers of each class, mixed; each text is its row."""
    labels = np.random.default_rng(5).permutation(np.repeat(np.arange(len(counts)), counts))
    return Split(pa.chunked_array([[str(row) for row in range(len(labels))]]), labels)


def cut_split(whole, fraction, seed):
    """Both splits."""
    train, other = cut_rows(whole.labels, fraction, seed)
    return whole.take(train), whole.take(other)


def some_rows(whole, count, seed):
    return whole.take(chosen_rows(whole.labels, count, seed))


def rows(split):
    return [int(text) for text in split.texts.to_pylist()]


@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=20), fraction=st.floats(0, 0.5), seed=st.integers(0, 99)
)
def test_every_row_is_in_train_or_dev_once_and_in_order(counts, fraction, seed):
    whole = split_of(counts)
    train, dev = cut_split(whole, fraction, seed)
    assert sorted(rows(train) + rows(dev)) == list(range(len(whole)))
    for split in (train, dev):
        assert rows(split) == sorted(rows(split))
        assert (split.labels == whole.labels[rows(split)]).all()


@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=20), fraction=st.floats(0, 0.5), seed=st.integers(0, 99)
)
def test_every_class_gives_its_share_to_within_a_row_and_keeps_one(counts, fraction, seed):
    train, dev = cut_split(split_of(counts), fraction, seed)
    for label, count in enumerate(counts):
        assert abs((dev.labels == label).sum() - count * fraction) <= 1 + 1e-9
        assert (train.labels == label).any()


@given(counts=st.lists(st.integers(2, 60), min_size=1, max_size=20), seed=st.integers(0, 99))
def test_the_whole_comes_to_the_fraction(counts, seed):
    _, dev = cut_split(split_of(counts), 0.1, seed)
    assert abs(len(dev) - sum(counts) * 0.1) <= 1 + 1e-9


def test_classes_of_one_row_take_nothing_from_the_others():
    train, dev = cut_split(split_of([1] * 100 + [20]), 0.1, seed=0)
    assert Counter(dev.labels.tolist()) == {100: 2}
    assert Counter(train.labels.tolist())[100] == 18


def test_a_class_for_each_row_takes_no_longer_than_a_class_for_each_ten():
    # A column of identifiers taken for the label.
    labels = np.random.default_rng(0).permutation(300_000)
    start = time.process_time()
    train, dev = cut_rows(labels, 0.1, 0)
    assert len(train) == 300_000
    assert not len(dev)
    assert len(chosen_rows(labels, 1_000, 0)) == 1_000
    assert time.process_time() - start < 20  # a pass over all rows for each class takes a minute


def test_the_cut_is_a_function_of_the_seed():
    whole = split_of([50, 30, 20])
    assert rows(cut_split(whole, 0.1, 7)[1]) == rows(cut_split(whole, 0.1, 7)[1])
    assert rows(cut_split(whole, 0.1, 7)[1]) != rows(cut_split(whole, 0.1, 8)[1])


def test_the_cut_is_the_one_that_it_always_was():
    # Published results rest on it.
    assert rows(cut_split(split_of([30, 20]), 0.1, 0)[1]) == [4, 10, 21, 42, 48]


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(as_csv([("ab"[number % 2], f"text {number}") for number in range(60)]))
    return path


def test_split_seed_and_dev_fraction_are_those_of_the_cut(load, own):
    cuts = {seed: load(own, split_seed=seed).dev.texts.to_pylist() for seed in (0, 1)}
    assert cuts[0] != cuts[1]
    assert cuts[0] == load(own).dev.texts.to_pylist()
    assert len(load(own, dev_fraction=0.25).dev) == 15
    assert len(load(own, dev_fraction=0.0).dev) == 0


def test_the_cut_is_no_part_of_what_a_data_set_is(load, own):
    assert load(own, split_seed=0).sha256 == load(own, split_seed=1).sha256 == load(own, dev_fraction=0.3).sha256


def test_another_seed_of_training_sees_the_same_rows(load, own):
    from cct_text.config import Config
    from cct_text.datasets import load_dataset

    config = Config().with_values({"dataset": str(own)})
    splits = [load_dataset(config.with_values({"seed": seed}).data).dev.texts.to_pylist() for seed in (0, 1, 2)]
    assert splits[0] == splits[1] == splits[2]


def test_a_test_split_is_cut_where_it_is_wanted_before_the_dev_split(load, own):
    data = load(own, test_fraction=0.2)
    assert (len(data.train), len(data.dev), len(data.test)) == (43, 5, 12)
    texts = [text for split in (data.train, data.dev, data.test) for text in split.texts.to_pylist()]
    assert sorted(texts) == sorted(f"text {number}" for number in range(60))
    assert load(own).test is None


def test_too_few_rows_for_a_test_split_is_told(load, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(as_csv([("a", "one"), ("b", "two")]))
    with pytest.raises(DataError, match="too few rows to cut a test split from \\(test_fraction = 0.3\\)"):
        load(path, test_fraction=0.3)


def test_a_test_file_is_not_added_to(load, own, tmp_path):
    test = tmp_path / "test.csv"
    test.write_bytes(as_csv([("a", "one"), ("b", "two")]))
    assert len(load(own, test=str(test), test_fraction=0.2).test) == 2


@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=12), share=st.floats(0.01, 1.0), seed=st.integers(0, 99)
)
def test_some_rows_keep_their_order_and_the_classes_shares(counts, share, seed):
    whole = split_of(counts)
    count = max(1, round(share * len(whole)))
    some = some_rows(whole, count, seed)
    assert len(set(rows(some))) == len(some) == count
    assert rows(some) == sorted(rows(some))
    if count >= len(counts):
        for label, of_class in enumerate(counts):
            kept = int((some.labels == label).sum())
            assert kept >= 1
            assert kept <= 1 + of_class * count / len(whole) + 1e-9


@given(
    counts=st.lists(st.integers(1, 60), min_size=2, max_size=12),
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=2),
)
def test_fewer_rows_are_a_part_of_more(counts, sizes):
    whole = split_of(counts)
    few, many = (set(rows(some_rows(whole, min(size, len(whole)), 3))) for size in sorted(sizes))
    assert few <= many


def test_some_rows_leave_dev_and_test_as_they_are(load, own):
    whole, some = load(own, test_fraction=0.2), load(own, test_fraction=0.2, train_rows=10)
    assert len(some.train) == 10
    assert some.dev.texts == whole.dev.texts
    assert some.test.texts == whole.test.texts
    assert load(own, train_rows=10, train_rows_seed=1).train.texts != load(own, train_rows=10).train.texts


def test_another_dev_split_leaves_the_test_rows_as_they_are(load, own):
    first, other = load(own, test_fraction=0.2), load(own, test_fraction=0.2, dev_seed=1)
    assert other.test.texts == first.test.texts
    assert other.dev.texts != first.dev.texts
    assert load(own, dev_seed=1).dev.texts == load(own, split_seed=1).dev.texts


def test_more_rows_than_there_are_is_told(load, own):
    with pytest.raises(UsageError, match="train_rows = 55: train has 54 rows"):
        load(own, train_rows=55)
