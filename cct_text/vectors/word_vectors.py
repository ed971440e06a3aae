"""Words and their vectors, whatever file they came from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import numpy as np


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


class ArrayVectors:
    """A file that holds its words and its matrix apart, the matrix possibly mapped into memory.

    Args:
        words: V words in the file's order, as text.
        matrix: (V, E) of any float type.
    """

    def __init__(self, words: Collection[str], matrix: np.ndarray) -> None:
        import pyarrow as pa

        self.words = words if isinstance(words, pa.Array) else pa.array(list(words), pa.string())
        self.matrix = matrix

    def select(self, words: Collection[str] | None, top: int | None = None) -> WordVectors:
        """As `VectorFile.select`; only the rows that are needed are copied."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if words is None and top is None:
            rows = np.arange(len(self.words))
        else:
            found = pc.drop_null(pc.index_in(pa.array(list(words or ()), pa.string()), value_set=self.words))
            first = np.arange(min(top or 0, len(self.words)))
            rows = np.union1d(found.to_numpy(), first).astype(np.int64)
        return WordVectors(self.words.take(pa.array(rows)).to_pylist(), np.asarray(self.matrix[rows], np.float32))

    def shape(self) -> tuple[int, int]:
        """As `VectorFile.shape`."""
        return len(self.words), int(self.matrix.shape[1])
