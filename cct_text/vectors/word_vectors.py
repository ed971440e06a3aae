"""Words and their vectors, whatever file they came from."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WordVectors:
    """Word vectors.

    Attributes:
        words: V words.
        matrix: (V, E) float32.
    """

    words: list[str]
    matrix: np.ndarray

    def __len__(self) -> int:
        return len(self.words)

    @property
    def dim(self) -> int:
        """E."""
        return int(self.matrix.shape[1])


class VectorFile(Protocol):
    """A file of word vectors that is read as far as it is needed."""

    def select(self, words: Collection[str] | None, top: int | None = None) -> WordVectors:
        """The vectors of `words` and of the `top` first rows, in the file's order; everything where both are None.

        Raises:
            DataError: if the file, or a row that is needed, is damaged.
        """
        ...

    def shape(self) -> tuple[int, int]:
        """Rows V and width E.

        Raises:
            DataError: if the file is damaged.
        """
        ...


class Selection:
    """Rows as a reader meets them. Of a word that stands twice the first row counts; NaN and infinity are left out.

    Args:
        place: what stands before a row's number in the warning: `file.txt:` or `file.bin: row `.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self._rows: dict[str, np.ndarray] = {}
        self._invalid: dict[str, int] = {}

    def add(self, number: int, word: bytes, row: np.ndarray) -> None:
        """Take a row (E,) float32 unless its word is here already."""
        text = word.decode("utf-8", errors="replace")
        if text in self._rows or text in self._invalid:
            return
        if np.isfinite(row).all():
            self._rows[text] = row
        else:
            self._invalid[text] = number

    def vectors(self, dim: int) -> WordVectors:
        """All rows that were taken; a warning names the first that was left out."""
        if self._invalid:
            _warn(self.place, next(iter(self._invalid.values())), len(self._invalid))
        matrix = np.stack(list(self._rows.values())) if self._rows else np.zeros((0, dim), np.float32)
        return WordVectors(list(self._rows), matrix)


def _warn(place: str, number: int, count: int) -> None:
    logger.warning("%s%d: NaN or infinity; %d rows left out", place, number, count)


def _firsts(codes: np.ndarray) -> np.ndarray:
    """Where each code stands for the first time: of a word that stands twice the first row counts."""
    first: np.ndarray = np.unique(codes, return_index=True)[1]
    return first.astype(np.int64)


class ArrayVectors:
    """A file that holds its words and its matrix apart, the matrix possibly mapped into memory.

    Args:
        words: V words in the file's order, as text.
        matrix: (V, E) of any float type.
        name: of the file, for warnings.
    """

    def __init__(self, words: Collection[str], matrix: np.ndarray, name: str) -> None:
        import pyarrow as pa

        self.name = name
        self.words = words if isinstance(words, pa.Array) else pa.array(list(words), pa.string())
        self.matrix = matrix

    def select(self, words: Collection[str] | None, top: int | None = None) -> WordVectors:
        """As `VectorFile.select`; only the rows that are needed are copied."""
        import pyarrow as pa

        top = len(self.words) if words is None and top is None else top or 0
        rows = _firsts(self.words[:top].dictionary_encode().indices.to_numpy())
        if words:
            rows = np.union1d(rows, self._rows_of(pa.array(list(words), pa.string())))
        with np.errstate(over="ignore"):  # what is too large for float32 is infinity, and left out
            matrix = np.asarray(self.matrix[rows], np.float32)
        finite = np.isfinite(matrix).all(axis=1)
        if not finite.all():
            _warn(f"{self.name}: row ", int(rows[~finite][0]) + 1, int((~finite).sum()))
            rows, matrix = rows[finite], matrix[finite]
        return WordVectors(self.words.take(pa.array(rows)).to_pylist(), matrix)

    def _rows_of(self, wanted: Any) -> np.ndarray:  # noqa: ANN401 - a pa.StringArray
        """Where each of the words that are here stands for the first time."""
        import pyarrow.compute as pc

        # The few words are hashed and the many looked up: the other way round takes longer by far.
        found = pc.index_in(self.words, value_set=wanted)
        places = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
        rows: np.ndarray = places[_firsts(found.drop_null().to_numpy())]
        return rows

    def shape(self) -> tuple[int, int]:
        """As `VectorFile.shape`."""
        return len(self.words), int(self.matrix.shape[1])
