"""Readers of the other formats of word vectors: word2vec binary, gensim, NumPy, torchtext. Nothing is unpickled freely."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np

from cct_text.errors import DataError, UsageError
from cct_text.vectors.text_file import TextVectors
from cct_text.vectors.word_vectors import ArrayVectors, VectorFile, WordVectors

MEMBER = "!"
"""Stands between a zip and the member of it that is meant: `glove.6B.zip!glove.6B.100d.txt`."""


class BinaryVectors:
    """word2vec's binary format: a header `V E`, then each word, a blank and E little-endian float32."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def select(self, words: Collection[str] | None, top: int | None = None) -> WordVectors:
        """As `VectorFile.select`."""
        everything = words is None and top is None
        wanted = {word.encode() for word in words or ()}
        found: dict[str, np.ndarray] = {}
        data, at, rows, dim = self._open()
        for number in range(rows):
            word, begin = self._word(data, at, number)
            at = begin + 4 * dim
            if at > len(data):
                raise DataError(f"ends in row {number + 1} of {rows}", path=self.path)
            if everything or number < (top or 0) or word in wanted:
                row = np.frombuffer(data, "<f4", dim, begin).astype(np.float32)
                found.setdefault(word.decode("utf-8", errors="replace"), row)
        return WordVectors(list(found), np.stack(list(found.values())) if found else np.zeros((0, dim), np.float32))

    def shape(self) -> tuple[int, int]:
        """As `VectorFile.shape`, by the header."""
        return self._open()[2:]

    def _open(self) -> tuple[memoryview, int, int, int]:
        """The file's bytes, where the first row begins, V and E."""
        try:
            data = memoryview(np.memmap(self.path, np.uint8, "r"))  # type: ignore[arg-type]
        except (OSError, ValueError) as error:
            raise DataError(f"cannot read: {error}", path=self.path) from None
        header = bytes(data[:64]).partition(b"\n")[0]
        try:
            rows, dim = map(int, header.split())
            if rows < 0 or dim < 1:
                raise ValueError
        except ValueError:
            raise DataError(f"not a word2vec binary file: it begins with {header[:24]!r}", path=self.path) from None
        return data, len(header) + 1, rows, dim

    def _word(self, data: memoryview, at: int, number: int) -> tuple[bytes, int]:
        """The word that begins at a position, and where its vector begins."""
        head = bytes(data[at : at + 4096])
        word, blank, _ = head.partition(b" ")
        if not blank:
            raise DataError(f"ends in row {number + 1}", path=self.path)
        # Some writers end a row with a line break, which then stands before the next word.
        return word.lstrip(b"\n"), at + len(word) + 1


def read_npz(path: Path) -> VectorFile:
    """A NumPy archive with `words` (V,) and `vectors` (V, E)."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            words, matrix = archive["words"], archive["vectors"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"not an .npz with `words` and `vectors`: {error}", path=path) from None
    return _arrays(words.tolist(), matrix, path)


def read_torchtext(path: Path) -> VectorFile:
    """A file of torchtext's `.vector_cache`: (words, ids by word, (V, E) tensor, E)."""
    import torch

    try:
        words, _, matrix, _ = torch.load(path, weights_only=True, map_location="cpu")
        return _arrays(list(words), matrix.numpy(), path)
    except DataError:
        raise
    except Exception as error:  # torch.load raises whatever a damaged or foreign file makes it stumble over
        raise DataError(f"not a vector cache of torchtext: {str(error).splitlines()[0]}", path=path) from None


def read_keyed_vectors(path: Path) -> VectorFile:
    """Gensim's `KeyedVectors.save`: a pickle, of which only the parts that such a file needs are let in."""
    try:
        with path.open("rb") as stream:
            content = _KeyedVectorsUnpickler(stream).load()
        words = content.__dict__["index_to_key"]
        matrix = content.__dict__.get("vectors")
        if matrix is None:
            matrix = np.load(path.with_name(path.name + ".vectors.npy"), allow_pickle=False, mmap_mode="r")
    except Exception as error:  # a hostile or damaged pickle may raise anything
        raise DataError(f"not a readable KeyedVectors file: {error}", path=path) from None
    return _arrays(words, matrix, path)


class _Content:
    """Stands for gensim's class: it only takes the attributes."""


class _KeyedVectorsUnpickler(pickle.Unpickler):
    """Builds arrays and plain containers, and nothing else."""

    _NUMPY = frozenset(
        {
            *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
            *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
        }
    )

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - the interface of pickle
        if (module, name) == ("gensim.models.keyedvectors", "KeyedVectors"):
            return _Content
        if (module, name) in self._NUMPY:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no KeyedVectors needs")


def _arrays(words: Any, matrix: Any, path: Path) -> VectorFile:  # noqa: ANN401 - what a file held
    matrix = np.asanyarray(matrix)
    if matrix.ndim != 2 or len(words) != len(matrix) or matrix.dtype.kind != "f" or not matrix.shape[1]:
        raise DataError(f"{len(words)} words with vectors of shape {matrix.shape} {matrix.dtype}", path=path)
    if not all(isinstance(word, str) for word in words):
        raise DataError("its words are not all strings", path=path)
    return ArrayVectors(words, matrix)


def open_file(path: Path, member: str | None = None, prefer: str | None = None) -> VectorFile:
    """The reader for a file, by its ending.

    Args:
        path: the file.
        member: of a zip.
        prefer: member of a zip to take if it is there, where `member` is not given.

    Raises:
        DataError: if the file is missing or damaged, or a zip does not tell which member is meant.
        UsageError: if a member is given for a file that is no zip.
    """
    if not path.is_file():
        raise DataError("no such file of word vectors", path=path)
    if path.suffix == ".zip":
        return TextVectors(path, _zip_member(path, member, prefer))
    if member is not None:
        raise UsageError(f"{path}{MEMBER}{member}: {path.name} is no .zip")
    readers: dict[str, Callable[[Path], VectorFile]] = {
        ".bin": BinaryVectors,
        ".npz": read_npz,
        ".pt": read_torchtext,
        ".kv": read_keyed_vectors,
    }
    return readers.get(path.suffix, TextVectors)(path)


def _zip_member(path: Path, member: str | None, prefer: str | None) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".txt")]
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"not a readable zip: {error}", path=path) from None
    if member is None and prefer in names:
        return str(prefer)
    if member is None and len(names) == 1:
        return names[0]
    if member in names:
        return member
    wanted = "which member is meant?" if member is None else f"no member {member!r};"
    raise DataError(
        f"{wanted} it has {', '.join(names) or 'no .txt'}; name one as {path.name}{MEMBER}MEMBER", path=path
    )
