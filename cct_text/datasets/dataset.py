"""What a data set is: texts and class indices of train, dev and test."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cct_text.errors import UsageError


@dataclass(frozen=True)
class Split:
    """N texts and their classes.

    Attributes:
        texts: string (N,).
        labels: (N,) int64, indices of the data set's labels; (N, C) bool, which of them each text has, where it may have
            several or none.
    """

    texts: pa.ChunkedArray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray) -> Split:
        """The given rows, in the given order."""
        return Split(self.texts.take(pa.array(rows)), self.labels[rows])


NO_CLASS = -1
"""What a fine label belongs to that belongs to none of the data set's classes."""


@dataclass(frozen=True)
class FineTrain:
    """The train split with labels that are finer than the data set's own.

    Attributes:
        split: the rows; its labels are indices of `labels`.
        labels: (F,) names of the fine labels.
        class_of_label: (F,) int64, the class of the data set that each belongs to, or NO_CLASS.
    """

    split: Split
    labels: tuple[str, ...]
    class_of_label: np.ndarray


@dataclass(frozen=True)
class Dataset:
    """A data set.

    Attributes:
        name: as it was asked for.
        labels: class names.
        train: to learn from.
        dev: to choose by; empty where none was given and none was to be cut.
        test: to report on; None where there is none.
        source: where it was found, in words.
        files: SHA-256 by file name of what was read; empty for the hub.
        sha256: of labels and texts of all splits, finer ones included, in order: two data sets with the same are the same.
        dev_is_cut: whether dev was cut from train.
        fine: what is learned from in place of train, where finer labels are wanted.
        text_columns: of a user's file, those that its texts come from; none where it has no columns.
    """

    name: str
    labels: tuple[str, ...]
    train: Split
    dev: Split
    test: Split | None
    source: str
    files: dict[str, str]
    sha256: str
    dev_is_cut: bool
    fine: FineTrain | None = None
    text_columns: tuple[str, ...] = ()

    @property
    def learned(self) -> Split:
        """What a network learns from: train, or the same with finer labels."""
        return self.train if self.fine is None else self.fine.split

    @property
    def multi_label(self) -> bool:
        """Whether a text may have several labels, or none."""
        return self.train.labels.ndim == 2

    @property
    def class_of_label(self) -> tuple[int, ...] | None:
        """The class that each fine label belongs to, negative where to none; None where there are no finer labels."""
        return None if self.fine is None else tuple(self.fine.class_of_label.tolist())

    @cached_property
    def test_seen_in_train(self) -> np.ndarray:
        """For each test row whether its text stands, word for word, in train: (N,) bool; dev counts as train."""
        if self.test is None:
            return np.zeros(0, dtype=bool)
        known = pa.chunked_array([*self.learned.texts.chunks, *(self.dev.texts.chunks if self.dev_is_cut else [])])
        seen: np.ndarray = pc.is_in(self.test.texts, value_set=known.combine_chunks()).to_numpy()
        return seen


def strata(labels: np.ndarray) -> np.ndarray:
    """The class of each of N rows by which splits are cut, (N,) int64.

    Where a row may have several labels it is the rarest of them, for a common label is in every part anyway; rows without
    labels are a class of their own, C.

    Args:
        labels: (N,) int64, or (N, C) bool.
    """
    if labels.ndim == 1:
        return labels
    counts = labels.sum(axis=0)
    of_each = np.where(labels, counts, len(labels) + 1)  # (N, C)
    rarest: np.ndarray = np.where(labels.any(axis=1), of_each.argmin(axis=1), labels.shape[1])
    return rarest


def cut_rows(labels: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of train and those of another split, cut at random with the classes' shares kept, each in their order.

    A class with one row stays in train. The cut depends on the classes, (N,) or as `strata` takes them, and the seed alone.
    """
    labels = strata(labels)
    rng = np.random.default_rng(seed)
    cut = np.zeros(len(labels), dtype=bool)
    wanted = 0.0
    taken = 0
    for rows_of_label in _rows_by_label(labels):
        rows = rng.permutation(rows_of_label)
        # Rounding is carried from class to class, so that the whole comes to the fraction; but what classes of one row
        # cannot give is not taken from the others.
        wanted += len(rows) * fraction
        count = min(round(wanted - taken), math.ceil(len(rows) * fraction), len(rows) - 1)
        taken += count
        cut[rows[:count]] = True
    return np.flatnonzero(~cut), np.flatnonzero(cut)


def _rows_by_label(labels: np.ndarray) -> list[np.ndarray]:
    """The rows of each class, in order; in one pass, as a column of identifiers may have been taken for the label."""
    rows = np.argsort(labels, kind="stable")
    return np.split(rows, np.flatnonzero(np.diff(labels[rows])) + 1) if len(rows) else []


def some_rows(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """As many rows of train, at random with the shares of its classes, as `strata` has them, kept, in the order they had.

    With the same seed fewer rows are a part of more, and each class has one as soon as there are as many rows as classes.

    Raises:
        UsageError: if there are not so many rows.
    """
    if count > len(labels):
        raise UsageError(f"train_rows = {count}: train has {len(labels):,} rows")
    labels = strata(labels)
    rng = np.random.default_rng(seed)
    place = np.empty(len(labels))  # of each row in its class, from 0 up to 1
    for rows_of_label in _rows_by_label(labels):
        rows = rng.permutation(rows_of_label)
        place[rows] = np.arange(len(rows)) / len(rows)
    # Rows of the same place, such as the classes' first ones, come in an order of their own.
    order = np.lexsort((rng.permutation(len(labels)), place))
    chosen: np.ndarray = np.sort(order[:count])
    return chosen


def natural_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Whole numbers by value, anything else by the alphabet.

    >>> natural_order({"10", "9", "-1"})
    ('-1', '9', '10')
    """
    names = sorted(labels)
    numeric = all(re.fullmatch(r"-?[0-9]{1,18}", name) for name in names)
    return tuple(sorted(names, key=int) if numeric else names)


def content_digest(labels: Iterable[str], splits: Mapping[str, Split]) -> str:
    """SHA-256 over the labels and every split's texts and classes."""
    digest = hashlib.sha256("\0".join(labels).encode())
    for name in sorted(splits):
        digest.update(name.encode())
        for chunk in splits[name].texts.chunks:
            for text in chunk.to_pylist():
                digest.update(text.encode())
                digest.update(b"\0")
        classes = splits[name].labels
        digest.update((classes if classes.ndim == 2 else classes.astype("<i8")).tobytes())
    return digest.hexdigest()
