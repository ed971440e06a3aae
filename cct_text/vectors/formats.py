"""Readers of the other formats of word vectors: word2vec binary, gensim, NumPy, torchtext. Nothing is unpickled freely."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from cct_text.errors import DataError, UsageError
from cct_text.unpacking import require_modest_zip
from cct_text.vectors.keyed_vectors import load_keyed_vectors
from cct_text.vectors.text_file import BLOCK, BROKEN, TextVectors, is_number, opened, text_members
from cct_text.vectors.word_vectors import ArrayVectors, Selection, VectorFile, WordVectors

MEMBER = "!"
"""Stands between a zip and the member of it that is meant: `glove.6B.zip!glove.6B.100d.txt`."""


class BinaryVectors:
    """word2vec's binary format, plain or gzipped: a header `V E`, then each word, a blank and E little-endian float32."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def select(self, words: Collection[str] | None, top: int | None = None) -> WordVectors:
        """As `VectorFile.select`."""
        everything = words is None and top is None
        wanted = {word.encode() for word in words or ()}
        selection = Selection(f"{self.path}: row ")
        with self._open() as (stream, rows, dim):
            for number, word, numbers in self._rows(stream, rows, dim):
                if everything or number <= (top or 0) or word in wanted:
                    selection.add(number, word, np.frombuffer(numbers, "<f4").astype(np.float32))
        return selection.vectors(dim)

    def shape(self) -> tuple[int, int]:
        """As `VectorFile.shape`, by the header."""
        with self._open() as (_, rows, dim):
            return rows, dim

    @contextmanager
    def _open(self) -> Iterator[tuple[BinaryIO, int, int]]:
        """The file behind its header, V and E; what breaks while it is read is a DataError."""
        try:
            with opened(self.path) as stream:
                header = stream.readline(_LONGEST_HEADER)
                shape = _shape(header)
                if shape is None:
                    raise DataError(
                        f"not a word2vec binary file: it begins with {header.rstrip()[:24]!r}", path=self.path
                    )
                yield stream, *shape
        except BROKEN as error:
            raise DataError(f"cannot read: {error}", path=self.path) from None

    def _rows(self, stream: BinaryIO, rows: int, dim: int) -> Iterator[tuple[int, bytes, bytes]]:
        """Number, word and the bytes of E numbers of each row."""
        data, at = b"", 0
        for number in range(1, rows + 1):
            if len(data) - at < _LONGEST_WORD + 4 * dim:
                data, at = data[at:] + stream.read(max(BLOCK, 4 * dim)), 0
            blank = data.find(b" ", at, at + _LONGEST_WORD)
            end = blank + 1 + 4 * dim
            if blank < 0 or end > len(data):
                raise DataError(f"ends in row {number} of {rows}", path=self.path)
            # Some writers end a row with a line break, which then stands before the next word.
            yield number, data[at:blank].lstrip(b"\n"), data[blank + 1 : end]
            at = end


_LONGEST_HEADER = 64
_LONGEST_WORD = 4096
_WIDEST = 100_000
"""No file has wider vectors; a header that says so would only make us claim memory."""


def _shape(header: bytes) -> tuple[int, int] | None:
    """V and E of a word2vec header."""
    try:
        rows, dim = map(int, header.split())
    except ValueError:
        return None
    return (rows, dim) if rows >= 0 and 1 <= dim <= _WIDEST else None


def open_gzipped(path: Path) -> VectorFile:
    """A .gz of word2vec's binary format, as gensim-data has some without saying so, or of a text format."""
    try:
        with opened(path) as stream:
            header, first_row = stream.readline(_LONGEST_HEADER), stream.read(_LONGEST_WORD)
    except BROKEN as error:
        raise DataError(f"cannot read: {error}", path=path) from None
    first_number = first_row.partition(b" ")[2].partition(b" ")[0]
    return BinaryVectors(path) if _shape(header) and not is_number(first_number) else TextVectors(path)


def read_npz(path: Path) -> VectorFile:
    """A NumPy archive with `words` (V,) and `vectors` (V, E)."""
    try:
        require_modest_zip(path)
        with np.load(path, allow_pickle=False) as archive:
            words, matrix = archive["words"], archive["vectors"]
        if words.size and not words.itemsize:  # a billion of them are no byte of the file
            raise ValueError("words without letters")
        words = words.tolist()
    except DataError:
        raise
    except Exception as error:  # a damaged archive makes zipfile, zlib and NumPy raise a dozen kinds
        raise DataError(f"not an .npz with `words` and `vectors`: {_reason(error)}", path=path) from None
    return _arrays(words, matrix, path)


def read_torchtext(path: Path) -> VectorFile:
    """A file of torchtext's `.vector_cache`: (words, ids by word, (V, E) tensor, E)."""
    import torch

    try:
        if zipfile.is_zipfile(path):  # not those of old
            require_modest_zip(path)
        with warnings.catch_warnings():
            # Of a file that is none torch says so twice: in a warning and in its exception.
            warnings.simplefilter("ignore")
            words, _, tensor, _ = torch.load(path, weights_only=True, map_location="cpu")
        matrix = tensor.numpy()
    except DataError:
        raise
    except Exception as error:  # torch.load raises whatever a damaged or foreign file makes it stumble over
        raise DataError(f"not a vector cache of torchtext: {_reason(error)}", path=path) from None
    return _arrays(words, matrix, path)


def read_keyed_vectors(path: Path) -> VectorFile:
    """Gensim's `KeyedVectors.save`, with its matrix inside or in a `.vectors.npy` beside it."""
    try:
        words, matrix = load_keyed_vectors(path)
    except Exception as error:  # a hostile or damaged pickle may raise anything
        raise DataError(f"not a readable KeyedVectors file: {_reason(error)}", path=path) from None
    return _arrays(words, matrix, path)


def _arrays(words: Any, matrix: Any, path: Path) -> VectorFile:  # noqa: ANN401 - what a file held
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise DataError("its words are not a list of strings", path=path)
    if not isinstance(matrix, np.ndarray):
        raise DataError(f"its vectors are no array but {type(matrix).__name__}", path=path)
    if matrix.ndim != 2 or len(words) != len(matrix) or matrix.dtype.kind != "f" or not matrix.shape[1]:
        raise DataError(f"{len(words)} words with vectors of shape {matrix.shape} {matrix.dtype}", path=path)
    try:
        return ArrayVectors(words, matrix, str(path))
    except UnicodeError as error:
        raise DataError(f"its words are not all valid Unicode: {error}", path=path) from None


def _reason(error: Exception) -> str:
    """The first line of what an exception says, without control characters that a file may have put there; or its name."""
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    return line if line.isprintable() else ascii(line)


def open_file(path: Path, member: str | None = None) -> VectorFile:
    """The reader for a file, by its ending.

    Args:
        path: the file.
        member: of a zip.

    Raises:
        DataError: if the file is missing or damaged, or a zip does not tell which member is meant.
        UsageError: if a member is given for a file that is no zip.
    """
    if not path.is_file():
        raise DataError("no such file of word vectors", path=path)
    if path.suffix == ".zip":
        return TextVectors(path, _zip_member(path, member))
    if member is not None:
        raise UsageError(f"{path}{MEMBER}{member}: {path.name} is no .zip")
    readers: dict[str, Callable[[Path], VectorFile]] = {
        ".bin": BinaryVectors,
        ".gz": open_gzipped,
        ".npz": read_npz,
        ".pt": read_torchtext,
        ".kv": read_keyed_vectors,
    }
    return readers.get(path.suffix, TextVectors)(path)


_MEMBERS_TOLD = 20
"""Of a zip, in a message."""


def _zip_member(path: Path, member: str | None) -> str:
    names = text_members(path)
    if member is None and len(names) == 1:
        return names[0]
    if member in names:
        return member
    wanted = "which member is meant?" if member is None else f"no member {member!r};"
    told = ", ".join(names[:_MEMBERS_TOLD]) + (
        f" and {len(names) - _MEMBERS_TOLD:,} more" * (len(names) > _MEMBERS_TOLD)
    )
    raise DataError(f"{wanted} it has {told or 'no .txt'}; name one as {path.name}{MEMBER}MEMBER", path=path)
