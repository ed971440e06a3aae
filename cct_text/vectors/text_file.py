"""GloVe and word2vec text files, plain, gzipped or in a zip: one stream, in which only the needed rows are parsed."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import chain, takewhile
from pathlib import Path
from typing import Any

import numpy as np

from cct_text.errors import DataError
from cct_text.unpacking import Gunzipped, bounded_lines, require_member
from cct_text.vectors.word_vectors import Selection, WordVectors

BLOCK = 1 << 20
"""Bytes that are read at a time."""
_MAX_LINE = 1 << 20
"""A longer line is no row of word vectors."""
BROKEN = (OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, KeyError, RuntimeError, ValueError)
"""What a damaged, encrypted or unknown archive makes the standard library raise."""


class TextVectors:
    """A text file with a word and its E numbers on each line.

    A word may hold blanks (glove.840B does): a row is split from the right. A word2vec header (`V E`) is passed over. Of
    a word that stands twice the first row counts. A needed row with NaN or infinity is left out, with a warning; blank
    lines are passed over.

    Args:
        path: the file.
        member: name inside the archive, if `path` is a zip.
    """

    def __init__(self, path: Path, member: str | None = None) -> None:
        self.path = path
        self.member = member
        self.name = str(path) if member is None else f"{path}!{member}"

    def select(self, words: Collection[str] | None, top: int | None = None) -> WordVectors:
        """As `VectorFile.select`."""
        everything = words is None and top is None
        wanted = {word.encode() for word in words or ()}
        begins = {word.partition(b" ")[0] for word in wanted}
        selection = Selection(f"{self.name}:")
        # What is too large for float32 is infinity, and left out.
        with self.rows() as (dim, rows), np.errstate(over="ignore"):
            for index, (number, line) in enumerate(rows):
                needed = everything or index < (top or 0)
                if not needed and line[: line.find(b" ")] not in begins:
                    continue
                word, row = self._row(line, number, dim)
                # A row such as ". . 0.1 ..." begins like a wanted word without being it.
                if needed or word in wanted:
                    selection.add(number, word, row)
        return selection.vectors(dim)

    def shape(self) -> tuple[int, int]:
        """As `VectorFile.shape`: the lines are counted, the first is parsed."""
        with self.rows() as (dim, rows):
            return sum(1 for _ in rows), dim

    @contextmanager
    def rows(self) -> Iterator[tuple[int, Iterator[tuple[int, bytes]]]]:
        """E, and all rows as they stand in the file, each with the number of its line.

        Raises:
            DataError: if there is no row, or the first is none; also where the block meets damage.
        """
        with self._lines() as lines:
            rows = ((number, line) for number, line in self._numbered(lines) if not line.isspace())
            first = next(rows, None)
            if first is not None and _is_header(first[1]):
                first = next(rows, None)
            if first is None:
                raise DataError("holds no word vectors", path=self.name)
            yield self._dim(*first), chain([first], rows)

    @contextmanager
    def _lines(self) -> Iterator[Iterator[bytes]]:
        """The file's lines as bytes, their ends included; what breaks while they are read is a DataError."""
        try:
            with opened(self.path, self.member) as stream:
                yield bounded_lines(stream, _MAX_LINE, self.name)
        except BROKEN as error:
            raise DataError(f"cannot read: {error}", path=self.name) from None

    def _numbered(self, lines: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
        """The lines with their numbers."""
        for number, line in enumerate(lines, start=1):
            if len(line) > _MAX_LINE:
                raise DataError(f"expected a word and numbers, saw {line[:40]!r}", path=self.name, line=number)
            yield number, line

    def _dim(self, number: int, line: bytes) -> int:
        """E by the first row."""
        fields = line.split()
        if len(fields) < 2:
            raise DataError(f"expected a word and numbers, saw {line[:40]!r}", path=self.name, line=number)
        # A first word with blanks would be counted as numbers: the numbers are what parses, from the right.
        dim = sum(1 for _ in takewhile(is_number, reversed(fields[1:])))
        if not dim:
            raise DataError(f"expected a word and numbers, saw {line[:40]!r}", path=self.name, line=number)
        return dim

    def _row(self, line: bytes, number: int, dim: int) -> tuple[bytes, np.ndarray]:
        """A line as its word and (E,) float32."""
        fields = line.rstrip().rsplit(b" ", dim)
        try:
            if len(fields) != dim + 1 or is_too_wide(fields[0]):
                raise ValueError
            return fields[0], np.array(fields[1:], dtype=np.float32)
        except ValueError:
            raise DataError(
                f"expected a word and {dim} numbers, saw {line[:60]!r}", path=self.name, line=number
            ) from None


@contextmanager
def opened(path: Path, member: str | None = None) -> Iterator[Any]:
    """A file, the content of a .gz, or a member of a zip, as a buffered stream of bytes."""
    if member is not None:
        with zipfile.ZipFile(path) as archive:
            require_member(archive.getinfo(member), path)
            with archive.open(member) as stream:
                yield io.BufferedReader(stream, BLOCK)
    elif path.suffix == ".gz":
        with Gunzipped.open(path.open("rb"), path) as stream:
            yield stream
    else:
        with path.open("rb", buffering=BLOCK) as stream:
            yield stream


def text_members(path: Path) -> list[str]:
    """The text files in a zip, but for those whose name would not fit into a line of a message.

    Raises:
        DataError: if the zip is not there or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [name for name in archive.namelist() if name.endswith(".txt") and name.isprintable()]
    except BROKEN as error:
        raise DataError(f"not a readable zip: {error}", path=path) from None


def is_too_wide(word: bytes) -> bool:
    """Whether what stands before the last E numbers of a row ends in one more number.

    A word may hold blanks, but none of the published files has one that ends in a blank and a number.
    """
    _, blank, end = word.rpartition(b" ")
    return bool(blank) and is_number(end)


def _is_header(line: bytes) -> bool:
    fields = line.split()
    return len(fields) == 2 and all(field.isdigit() for field in fields)


def is_number(field: bytes) -> bool:
    """Whether a field is a number as `float` reads it."""
    try:
        float(field)
    except ValueError:
        return False
    return True
