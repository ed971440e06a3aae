"""GloVe and word2vec text files, plain, gzipped or in a zip: one stream, in which only the needed rows are parsed."""

from __future__ import annotations

import gzip
import io
import logging
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cct_text.errors import DataError
from cct_text.vectors.word_vectors import WordVectors

logger = logging.getLogger(__name__)

_BUFFER = 1 << 20
_MAX_LINE = 1 << 20
"""A longer line is no row of word vectors."""


class TextVectors:
    """A text file with a word and its E numbers on each line.

    A word may hold blanks (glove.840B does): a row is split from the right. A word2vec header (`V E`) is passed over. Of
    a word that stands twice the first row counts. A needed row with NaN or infinity is left out, with a warning.

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
        first = top or 0
        found: dict[str, np.ndarray] = {}
        invalid: list[int] = []
        dim = 0
        with self.lines() as lines:
            for number, line in enumerate(lines, start=1):
                if not dim:
                    dim = self._dim(line, number)
                    if not dim:
                        first += 1
                        continue
                if not everything and number > first and line[: line.find(b" ")] not in wanted:
                    continue
                word, row = self._row(line, number, dim)
                # A row such as ". . 0.1 ..." begins like a wanted word without being it.
                if not (everything or number <= first or word in wanted):
                    continue
                key = word.decode("utf-8", errors="replace")
                if not np.isfinite(row).all():
                    invalid.append(number)
                elif key not in found:
                    found[key] = row
        if not dim:
            raise DataError("holds no word vectors", path=self.name)
        if invalid:
            logger.warning("%s:%d: NaN or infinity; %d rows left out", self.name, invalid[0], len(invalid))
        matrix = np.stack(list(found.values())) if found else np.zeros((0, dim), np.float32)
        return WordVectors(list(found), matrix)

    def shape(self) -> tuple[int, int]:
        """As `VectorFile.shape`: the lines are counted, the first two are parsed."""
        dim = rows = 0
        with self.lines() as lines:
            for number, line in enumerate(lines, start=1):
                if not dim:
                    dim = self._dim(line, number)
                    rows += bool(dim)
                else:
                    rows += 1
        if not dim:
            raise DataError("holds no word vectors", path=self.name)
        return rows, dim

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """The file's lines as bytes, their ends included; what breaks while they are read is a DataError."""
        try:
            with self._open() as stream:
                yield stream
        except (
            OSError,
            EOFError,
            zipfile.BadZipFile,
            zlib.error,
            KeyError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise DataError(f"cannot read: {error}", path=self.name) from None

    @contextmanager
    def _open(self) -> Iterator[Any]:
        if self.member is not None:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
                yield io.BufferedReader(stream, _BUFFER)
        elif self.path.suffix == ".gz":
            with gzip.open(self.path, "rb") as stream:
                yield io.BufferedReader(stream, _BUFFER)
        else:
            with self.path.open("rb", buffering=_BUFFER) as stream:
                yield stream

    def _dim(self, line: bytes, number: int) -> int:
        """E by the first row; 0 for a word2vec header."""
        fields = line.split()
        if len(line) > _MAX_LINE or len(fields) < 2:
            raise DataError(f"expected a word and numbers, saw {line[:40]!r}", path=self.name, line=number)
        if number == 1 and len(fields) == 2 and all(field.isdigit() for field in fields):
            return 0
        # A first word with blanks would be counted as numbers: the numbers are what parses, from the right.
        dim = 0
        for field in reversed(fields[1:]):
            try:
                float(field)
            except ValueError:
                break
            dim += 1
        if not dim:
            raise DataError(f"expected a word and numbers, saw {line[:40]!r}", path=self.name, line=number)
        return dim

    def _row(self, line: bytes, number: int, dim: int) -> tuple[bytes, np.ndarray]:
        """A line as its word and (E,) float32."""
        fields = line.rstrip().rsplit(b" ", dim)
        try:
            if len(fields) != dim + 1:
                raise ValueError
            return fields[0], np.array(fields[1:], dtype=np.float32)
        except ValueError:
            raise DataError(
                f"expected a word and {dim} numbers, saw {line[:60]!r}", path=self.name, line=number
            ) from None
