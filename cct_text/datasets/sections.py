"""A large file in sections, each of which can be read without the rows before it.

Where a file may be cut is found with the rules by which it is read: a line end within quotes ends no row. What a section
needs of the rows before it (the names of the columns, the number of its first line) goes with it, so that its rows are
those of the whole file, in values, line numbers and error messages.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cct_text.config import FileFormat
from cct_text.datasets.delimited import MAX_FIELD_CHARACTERS
from cct_text.datasets.readers import READERS
from cct_text.datasets.rows import BATCH_ROWS, Job, RowBatch
from cct_text.errors import DataError

SECTION_BYTES = 8 << 20
"""Of a section of a file of lines; Parquet, whose rows take less, is cut by the size of its columns in memory."""
SECTION_ROWS = 1 << 16
"""Of a section of a Parquet file, at most: equal texts take hardly any room there."""

_DELIMITERS = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True)
class Section:
    """Some rows of a file.

    Attributes:
        format: of the file.
        start: where it begins: a byte, of Parquet a row, both counted from 0.
        end: where the next one begins; None at the end of the file.
        line: line of the file on which it begins, counted from 1.
        row: number of its first row in the file, counted from 1.
        rows: in it; None where the file was not cut, so that nobody has counted.
        header: names of the columns, where the section begins after them.
    """

    format: FileFormat
    start: int = 0
    end: int | None = None
    line: int = 1
    row: int = 1
    rows: int | None = None
    header: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "header": list(self.header)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Section:
        """What `to_dict` returned."""
        return cls(**{**values, "header": tuple(values["header"])})


def cut(stream: io.BufferedReader, format: FileFormat, section_bytes: int = SECTION_BYTES) -> list[Section]:
    """The sections of a file, in order, which hold each of its rows once.

    Rows are not judged here. Where they cannot be told apart, because the file is broken, no further cut is made; who
    reads that section says what is wrong.

    Args:
        stream: the file, which can be sought in, at its beginning.
        format: of the file.
        section_bytes: of a section, about.
    """
    if format == "parquet":
        sections = list(_cut_parquet(stream, section_bytes))
    elif format == "jsonl":
        sections = list(_cut_objects(stream, section_bytes))
    elif format in _DELIMITERS:
        sections = list(_cut_delimited(stream, format, section_bytes))
    else:
        sections = list(_cut_lines(stream, format, section_bytes))
    return sections or [Section(format)]


def read_section(
    stream: io.BufferedReader, name: str, section: Section, text_columns: Sequence[str] = ()
) -> Iterator[RowBatch]:
    """The rows of a section in batches; no labels.

    Args:
        stream: the file; one that cannot be sought in has one section.
        name: of the file, for messages.
        section: of it.
        text_columns: columns that hold the text; found by name when empty.

    Raises:
        DataError: if a column is missing or a row is malformed, with its line in the file; or if the file has other rows
            than when it was cut.
    """
    parquet = section.format == "parquet"
    if not parquet and (section.start or section.end is not None):
        stream.seek(section.start)
        if section.end is not None:
            stream = io.BufferedReader(_Limited(stream, section.end - section.start))
    job = Job(
        name,
        stream,
        tuple(text_columns),
        None,
        False,
        BATCH_ROWS,
        header=section.header,
        first_line=section.line,
        rows=(section.start, section.end) if parquet and section.end is not None else None,
    )
    rows = 0
    for batch in READERS[section.format](job):
        rows += len(batch.texts)
        yield batch
    if section.rows not in (None, rows):
        raise DataError(
            f"{rows} rows from line {section.line} on, where there were {section.rows}: it changed", path=name
        )


class _Limited(io.RawIOBase):
    """The next bytes of a stream, no more than so many."""

    def __init__(self, stream: io.BufferedReader, size: int) -> None:
        self.stream = stream
        self.left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer
        count = self.stream.readinto(memoryview(buffer)[: self.left])
        self.left -= count
        return count


def _cut_lines(stream: io.BufferedReader, format: FileFormat, size: int) -> Iterator[Section]:
    start, line = 0, 1
    while block := stream.read(size) + stream.readline():
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        yield Section(format, start, start + len(block), line=line, row=line, rows=lines)
        start, line = start + len(block), line + lines


def _cut_objects(stream: io.BufferedReader, size: int) -> Iterator[Section]:
    start, line, row = 0, 1, 1
    header: tuple[str, ...] = ()
    while block := stream.read(size) + stream.readline():
        lines = (block if start else block.removeprefix(codecs.BOM_UTF8)).removesuffix(b"\n").split(b"\n")
        objects = [text for text in lines if not _is_blank(text)]
        yield Section("jsonl", start, start + len(block), line=line, row=row, rows=len(objects), header=header)
        if not header and objects:
            header = _keys(objects[0])
            if not header:
                # Not the first row of anything: it is refused, and with it the file.
                return
        start, line, row = start + len(block), line + len(lines), row + len(objects)


def _is_blank(line: bytes) -> bool:
    return line[:1] != b"{" and not line.decode("utf-8", errors="replace").strip()


def _keys(line: bytes) -> tuple[str, ...]:
    try:
        record = json.loads(line.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return ()
    return tuple(record) if isinstance(record, dict) else ()


def _cut_delimited(stream: io.BufferedReader, format: FileFormat, size: int) -> Iterator[Section]:
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    at = 0

    def lines() -> Iterator[str]:
        nonlocal at
        for raw in stream:
            line = raw if at else raw.removeprefix(codecs.BOM_UTF8)
            at += len(raw)
            # What separates rows and fields is ASCII, and Latin-1 takes any byte, fast.
            yield line.decode("latin-1")

    reader = csv.reader(lines(), delimiter=_DELIMITERS[format])
    header: tuple[str, ...] = ()
    start, line, row, rows = 0, 1, 1, 0

    def section(end: int | None) -> Section:
        return Section(format, start, end, line, row, None if end is None else rows, header if start else ())

    try:
        for fields in reader:
            if not header:
                header = tuple(field.encode("latin-1").decode("utf-8", errors="replace") for field in fields)
                continue
            rows += bool(fields) or len(header) == 1
            if at - start >= size:
                yield section(at)
                start, line, row, rows = at, reader.line_num + 1, row + rows, 0
    except csv.Error:
        yield section(None)
        return
    if at > start:
        yield section(at)


def _cut_parquet(stream: io.BufferedReader, size: int) -> Iterator[Section]:
    """Between row groups where they are small enough, and within those that are not."""
    try:
        metadata = pq.ParquetFile(stream).metadata
    except (pa.ArrowException, OSError):
        return
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    whole = sum(group.total_byte_size for group in groups)
    most = max(1, min(SECTION_ROWS, size * metadata.num_rows // max(whole, 1)))
    ends, at = [0], 0
    for group in groups:
        if at > ends[-1] and at + group.num_rows - ends[-1] > most:
            ends.append(at)
        at += group.num_rows
        while at - ends[-1] > most:
            ends.append(ends[-1] + most)
    ends.append(at)
    for start, end in pairwise(ends):
        if end > start:
            yield Section("parquet", start, end, line=start + 1, row=start + 1, rows=end - start)
