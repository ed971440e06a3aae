"""Texts that come again are classified once, and their rows are theirs."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from cct_text.inference import repeats
from cct_text.inference.repeats import Repeats


def lengths(texts):
    """A row for each text that says which it is."""
    return np.array([[len(text or ""), ord((text or "-")[0])] for text in texts.to_pylist()], np.float32)


@pytest.fixture
def seen():
    return []


@pytest.fixture
def remembering(seen):
    def counting(texts):
        seen.extend(texts.to_pylist())
        return lengths(texts)

    return Repeats(counting)


def test_each_text_is_computed_once_within_and_across_calls(remembering, seen):
    first, second = pa.array(["a", "bb", "a", "a"]), pa.array(["bb", "ccc", "bb"])
    np.testing.assert_array_equal(remembering(first), lengths(first))
    np.testing.assert_array_equal(remembering(second), lengths(second))
    assert sorted(seen) == ["a", "bb", "ccc"]


def test_a_slice_of_a_column_is_that_slice(remembering):
    column = pa.array(["a", "bb", "ccc", "bb", None, ""])
    np.testing.assert_array_equal(remembering(column.slice(2)), lengths(column.slice(2)))


def test_what_is_remembered_is_bounded_and_what_came_last_is_kept(remembering, seen, monkeypatch):
    monkeypatch.setattr(repeats, "REMEMBERED", 10)
    for start in range(0, 100, 5):
        remembering(pa.array([f"text {number}" for number in range(start, start + 5)]))
    assert len(remembering.young) + len(remembering.old) <= 20
    seen.clear()
    remembering(pa.array(["text 99", "text 0"]))
    assert seen == ["text 0"]


def test_a_text_that_comes_again_and_again_stays(remembering, seen, monkeypatch):
    monkeypatch.setattr(repeats, "REMEMBERED", 10)
    for number in range(100):
        remembering(pa.array(["often", f"once {number}"]))
    assert seen.count("often") == 1


def test_fewer_texts_are_remembered_where_their_rows_are_long(monkeypatch):
    monkeypatch.setattr(repeats, "MOST_BYTES", 50_000)
    remembering = Repeats(lambda texts: np.zeros((len(texts), 1000), np.float32))
    for number in range(100):
        remembering(pa.array([str(number)]))
    assert len(remembering.young) + len(remembering.old) <= 2 * 50_000 // 4_000


def test_threads_get_the_rows_of_their_own_texts(remembering):
    columns = [
        pa.array([f"{chr(97 + number % 26)}{'x' * (number % 7)}" for number in range(k, k + 50)]) for k in range(200)
    ]
    with ThreadPoolExecutor(4) as pool:
        for column, rows in zip(columns, pool.map(remembering, columns), strict=True):
            np.testing.assert_array_equal(rows, lengths(column))
