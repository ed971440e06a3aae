"""Several labels of a row, or none: how files write them, and the arrays that they become."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cct_text.errors import DataError

WAY_OUT = "a row has one; where it may have several, or none, give --multi-label (multi_label = true)"
"""What a file is refused with that has several labels for a row."""


def split_labels(cell: str, separator: str) -> list[str]:
    """The labels in a cell, blanks around each trimmed; none in an empty one.

    >>> split_labels("politics | economy", "|")
    ['politics', 'economy']
    """
    return [name for part in cell.split(separator) if (name := part.strip())]


def rows_of_labels(column: pa.StringArray | pa.ListArray) -> list[tuple[str, ...]]:
    """The labels of each row of a batch, blanks around them trimmed; none where there is none."""
    if pa.types.is_list(column.type):
        return [tuple(row) for row in column.to_pylist()]
    # Blanks around a label are no part of it: `a, x` and `a,x` name one class. Equal rows are one object.
    names = pc.utf8_trim_whitespace(column).to_pylist()
    known = {name: (name,) if name else () for name in set(names)}
    return [known[name] for name in names]


def first_unknown(rows: Iterable[Sequence[str]], labels: Sequence[str]) -> tuple[int, str] | None:
    """The first row with a label that is none of `labels`, and that label."""
    known = set(labels)
    return next(((number, name) for number, row in enumerate(rows) for name in row if name not in known), None)


def label_array(rows: Sequence[Sequence[str]], labels: Sequence[str], *, several: bool) -> np.ndarray:
    """N rows of names as a split has them: (N,) int64, or, where a row may have several, (N, C) bool.

    Raises:
        KeyError: if a row has a name that is none of `labels`.
    """
    place = {label: column for column, label in enumerate(labels)}
    if not several:
        return np.fromiter((place[name] for (name,) in rows), np.int64, len(rows))
    has = np.zeros((len(rows), len(labels)), dtype=bool)
    numbers = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    has[numbers, [place[name] for row in rows for name in row]] = True
    return has


def in_order(chosen: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of what is chosen in (N, C) bool, row by row, in each the one of the highest score (N, C) first."""
    rows, columns = np.nonzero(chosen)
    order = np.lexsort((columns, -scores[rows, columns], rows))
    return rows[order], columns[order]


def as_lists(chosen: np.ndarray, values: pa.Array) -> pa.ListArray:
    """Values of what is chosen in (N, C) bool, one row after another, as N lists."""
    ends = np.concatenate([[0], chosen.sum(axis=1).cumsum()]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), values)


def require_joinable(labels: Sequence[str], separator: str, path: str) -> None:
    """See that no label, as lists may hold it, has the separator in it: joined, it would be read as two.

    Raises:
        DataError: naming the label.
    """
    for label in labels:
        if separator in label:
            raise DataError(
                f"label {label!r} holds {separator!r}, which stands between labels; "
                "choose another by --set label_separator=TEXT",
                path=path,
            )
