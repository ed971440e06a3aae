"""Gensim's `KeyedVectors.save`, read without trusting it: what a pickle asks for is replaced by what only holds data."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def load_keyed_vectors(path: Path) -> tuple[Any, Any]:
    """The words and the matrix of a file, whatever it holds in their place; the matrix may lie in a file beside it.

    Raises:
        Exception: of any kind, if the file is no such pickle. None of what it asks for is run.
    """
    with path.open("rb") as stream:
        content = vars(_Unpickler(stream).load())
    matrix = content.get("vectors")
    if matrix is None:
        matrix = np.load(path.with_name(path.name + ".vectors.npy"), allow_pickle=False, mmap_mode="r")
    return content["index_to_key"], matrix.to_numpy() if isinstance(matrix, _Array) else matrix


class _Content:
    """Stands for gensim's class."""


class _DType:
    """Stands for numpy.dtype, which a pickle could tell to read memory that is not its own."""

    def __init__(self, code: str, *_: object) -> None:
        self.code = code
        self.order = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]

    def to_numpy(self) -> np.dtype[Any]:
        if self.code not in ("f2", "f4", "f8") or self.order not in ("<", ">", "="):
            raise pickle.UnpicklingError(f"its vectors are {self.order}{self.code}, not floats")
        return np.dtype(self.order + self.code)


class _Array:
    """Stands for numpy.ndarray, and for the function that makes an empty one."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, self.shape, self.dtype, self.by_columns, self.data = state

    def to_numpy(self) -> np.ndarray:
        numbers = np.frombuffer(self.data, self.dtype.to_numpy())
        return numbers.reshape(self.shape, order="F" if self.by_columns else "C")


def _from_buffer(data: Any, dtype: _DType, shape: Any, order: str) -> _Array:  # noqa: ANN401 - whatever the file holds
    """Stands for the function that makes an array in newer pickles."""
    array = _Array()
    array.__setstate__((1, shape, dtype, order == "F", data))
    return array


class _Unused:
    """Stands for what such files hold beside words and vectors."""

    def __init__(self, *_: object) -> None:
        pass


_STAND_INS: dict[tuple[str, str], Callable[..., object]] = {
    ("gensim.models.keyedvectors", "KeyedVectors"): _Content,
    ("numpy", "dtype"): _DType,
    ("numpy", "ndarray"): _Array,
    ("numpy", "memmap"): _Array,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _Unused for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable[..., object]:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no KeyedVectors needs") from None
