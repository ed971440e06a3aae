"""Rows of a file, whatever its format: batches of texts, labels and line numbers, and who asks for them."""

from __future__ import annotations

import codecs
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import pyarrow as pa

from cct_text.datasets.columns import find_columns
from cct_text.datasets.label_sets import WAY_OUT, split_labels
from cct_text.errors import DataError
from cct_text.unpacking import bounded_lines

BATCH_ROWS = 4096
BATCH_CHARACTERS = 1 << 24
"""A batch ends here although it has fewer rows: rows of a megabyte each must not fill the memory."""
MAX_LINE_BYTES = 1 << 26
"""A longer line is refused: it would have to be in memory whole."""


@dataclass(frozen=True)
class RowBatch:
    """Some rows of a file, in order.

    Attributes:
        texts: string (n,); several text columns are joined by a blank.
        labels: string (n,); list<string> (n,) where a row may have several; None where no label was asked for.
        lines: int64 (n,): the line of the file on which each row begins, counted from 1; for Parquet the row.
        replaced: rows in which invalid UTF-8 was replaced.
        text_columns: of the file, those that the texts come from; none in a text file.
    """

    texts: pa.StringArray
    labels: pa.StringArray | pa.ListArray | None
    lines: pa.Int64Array
    replaced: int
    text_columns: tuple[str, ...]


@dataclass
class Job:
    """What a reader of one format needs, and which columns it met.

    Attributes:
        name: of the file, for messages.
        stream: the file; or of a file of lines a piece that begins where a row does.
        text_columns: columns that hold the text; found by name when empty.
        label_column: column that holds the label; found by name when None and `labelled`.
        labelled: whether labels are wanted.
        batch_rows: rows in a batch, at most.
        header: names of the columns where the stream begins after them.
        first_line: line of the file on which the stream begins, counted from 1.
        rows: of Parquet, the first row that is wanted, counted from 0, and the one after the last; None for all.
        separator: what stands between the labels of a row that may have several; None where a row has one.
        known: the file's columns as soon as they are read; none in a text file.
        chosen: those of them that the text comes from.
    """

    name: str
    stream: BinaryIO
    text_columns: tuple[str, ...]
    label_column: str | None
    labelled: bool
    batch_rows: int
    header: tuple[str, ...] = ()
    first_line: int = 1
    rows: tuple[int, int] | None = None
    separator: str | None = None
    known: tuple[str, ...] = field(default=(), init=False)
    chosen: tuple[str, ...] = field(default=(), init=False)

    def columns(self, known: Sequence[str]) -> tuple[list[str], str | None]:
        """Text columns and label column among those of the file."""
        self.known = tuple(known)
        texts, label = find_columns(known, self.text_columns, self.label_column, labelled=self.labelled, path=self.name)
        self.chosen = tuple(texts)
        return texts, label

    def label(self, value: object, line: int) -> str | list[str]:
        """What stands for the label of a row; all of them where it may have several.

        Raises:
            DataError: if it is a list, and a row has one label.
        """
        if self.separator is not None:
            if isinstance(value, list):
                return [name for item in value if (name := plain(item).strip())]
            return split_labels(plain(value), self.separator)
        if isinstance(value, list):
            raise DataError(f"a list of labels, {value!r:.40}; {WAY_OUT}", path=self.name, line=line)
        return plain(value)

    def label_column_of(self, labels: Sequence[str | list[str]]) -> pa.StringArray | pa.ListArray | None:
        """Labels as a batch has them; None where none are wanted."""
        if not self.labelled:
            return None
        return pa.array(labels, pa.string() if self.separator is None else pa.list_(pa.string()))


class Collector:
    """Gathers rows into batches."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.clear()

    def clear(self) -> None:
        """Begin a batch."""
        self.texts: list[str] = []
        self.labels: list[str | list[str]] = []
        self.lines: list[int] = []
        self.replaced = 0
        self.characters = 0

    def add(self, text: str, label: str | list[str], line: int, replaced: bool) -> RowBatch | None:
        """Take a row; returns a batch when it is full."""
        self.texts.append(text)
        self.labels.append(label)
        self.lines.append(line)
        self.replaced += replaced
        self.characters += len(text)
        full = len(self.texts) >= self.job.batch_rows or self.characters >= BATCH_CHARACTERS
        return self.take() if full else None

    def take(self) -> RowBatch | None:
        """What has been gathered, if anything."""
        if not self.texts:
            return None
        batch = RowBatch(
            pa.array(self.texts, pa.string()),
            self.job.label_column_of(self.labels),
            pa.array(self.lines, pa.int64()),
            self.replaced,
            self.job.chosen,
        )
        self.clear()
        return batch


def lines_of(job: Job, *, keep_ends: bool = False) -> Iterator[tuple[int, str, bool]]:
    """Number, text, and whether bytes were replaced, of each line that ends in LF or CR LF; with its end on request."""
    bounded = bounded_lines(job.stream, MAX_LINE_BYTES, job.name, first=job.first_line)
    try:
        for number, raw in enumerate(bounded, start=job.first_line):
            line = raw[3:] if number == 1 and raw.startswith(codecs.BOM_UTF8) else raw
            if not keep_ends:
                line = line.removesuffix(b"\n").removesuffix(b"\r")
            yield number, *decoded(line)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read: {error}", path=job.name) from None


def decoded(raw: bytes) -> tuple[str, bool]:
    """Bytes as text, and whether some were not UTF-8 and were replaced."""
    try:
        return raw.decode("utf-8"), False
    except UnicodeDecodeError:
        return raw.decode("utf-8", errors="replace"), True


def joined(values: Iterable[str]) -> str:
    """Several text columns as one text."""
    return " ".join(value for value in values if value)


def plain(value: object) -> str:
    """A value of JSON or Parquet as text; null is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
