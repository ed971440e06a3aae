"""Users' files, streamed row by row: text, CSV, TSV, JSONL and Parquet, plain or gzipped.

One row comes out for each row in, in order. Invalid UTF-8 is replaced and counted, never refused; memory is bounded by the
batch, whatever the size of the file.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from cct_text.datasets.columns import find_columns
from cct_text.errors import DataError, UsageError, unknown_name

Format = Literal["auto", "text", "csv", "tsv", "jsonl", "parquet"]

BATCH_ROWS = 4096
BATCH_CHARACTERS = 1 << 24
"""A batch ends here although it has fewer rows: rows of a megabyte each must not fill the memory."""

STANDARD_INPUT = "-"

_ENDINGS: dict[str, Format] = {
    ".txt": "text",
    ".text": "text",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}

LABEL_PREFIX = "__label__"
"""What marks a label in a text file, as fastText has it: `__label__spam win a prize now`."""


@dataclass(frozen=True)
class RowBatch:
    """Some rows of a file, in order.

    Attributes:
        texts: string (n,); several text columns are joined by a blank.
        labels: string (n,), or None where no label was asked for.
        lines: int64 (n,): the line of the file on which each row begins, counted from 1; for Parquet the row.
        replaced: rows in which invalid UTF-8 was replaced.
    """

    texts: pa.StringArray
    labels: pa.StringArray | None
    lines: pa.Int64Array
    replaced: int


def format_of(name: str, format: str = "auto") -> Format:
    """The format of a file: as named or, with `auto`, by the ending (`.gz` aside); `text` for standard input.

    Raises:
        UsageError: if the format is unknown or the ending tells none.
    """
    if format != "auto":
        if format not in get_args(Format):
            raise UsageError(unknown_name("format", format, get_args(Format)))
        return format  # type: ignore[return-value]
    if name == STANDARD_INPUT:
        return "text"
    ending = Path(name.removesuffix(".gz")).suffix.lower()
    if ending not in _ENDINGS:
        raise UsageError(f"{name}: cannot tell the format from the ending {ending!r}; name it with --format")
    return _ENDINGS[ending]


def read_rows(
    source: str | Path | BinaryIO,
    *,
    format: str = "auto",
    text_columns: Sequence[str] = (),
    label_column: str | None = None,
    labelled: bool = False,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[RowBatch]:
    """The rows of a file in batches.

    Args:
        source: a path, `-` for standard input, or a binary stream.
        format: auto (by the ending), text, csv, tsv, jsonl or parquet.
        text_columns: columns that hold the text; found by name when empty.
        label_column: column that holds the label; found by name when not given and `labelled`.
        labelled: whether labels are wanted.
        batch_rows: rows in a batch, at most.

    Raises:
        UsageError: if the format cannot be told.
        DataError: if the file is missing, a column is missing, or a row is malformed; with the line.
    """
    name = str(source) if isinstance(source, str | Path) else STANDARD_INPUT
    kind = format_of(name, format)
    with _open(source, name) as stream:
        reader = _READERS[kind]
        yield from reader(_Job(name, stream, tuple(text_columns), label_column, labelled, batch_rows))


@dataclass(frozen=True)
class _Job:
    """What a reader of one format needs."""

    name: str
    stream: BinaryIO
    text_columns: tuple[str, ...]
    label_column: str | None
    labelled: bool
    batch_rows: int

    def columns(self, known: Sequence[str]) -> tuple[list[str], str | None]:
        """Text columns and label column among those of the file."""
        return find_columns(known, self.text_columns, self.label_column, labelled=self.labelled, path=self.name)


class _Collector:
    """Gathers rows into batches."""

    def __init__(self, job: _Job) -> None:
        self.job = job
        self.clear()

    def clear(self) -> None:
        self.texts: list[str] = []
        self.labels: list[str] = []
        self.lines: list[int] = []
        self.replaced = 0
        self.characters = 0

    def add(self, text: str, label: str, line: int, replaced: bool) -> RowBatch | None:
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
            pa.array(self.labels, pa.string()) if self.job.labelled else None,
            pa.array(self.lines, pa.int64()),
            self.replaced,
        )
        self.clear()
        return batch


def _open(source: str | Path | BinaryIO, name: str) -> Any:  # noqa: ANN401 - a stream that closes, or a wrapper that does not
    if not isinstance(source, str | Path):
        return io.BufferedReader(_Unclosed(source))
    if name == STANDARD_INPUT:
        return io.BufferedReader(_Unclosed(sys.stdin.buffer))
    path = Path(source)
    try:
        return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror or error}", path=path) from None


class _Unclosed(io.RawIOBase):
    """A stream that is not ours to close."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer
        data = self.stream.read1(len(buffer)) if hasattr(self.stream, "read1") else self.stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _lines(job: _Job) -> Iterator[tuple[int, str, bool]]:
    """Number, text without its line end, and whether bytes were replaced, of each line that ends in LF or CR LF."""
    try:
        for number, raw in enumerate(job.stream, start=1):
            line = raw[3:] if number == 1 and raw.startswith(codecs.BOM_UTF8) else raw
            line = line.removesuffix(b"\n").removesuffix(b"\r")
            try:
                yield number, line.decode("utf-8"), False
            except UnicodeDecodeError:
                yield number, line.decode("utf-8", errors="replace"), True
    except (OSError, EOFError) as error:
        raise DataError(f"cannot read: {error}", path=job.name) from None


def _read_text(job: _Job) -> Iterator[RowBatch]:
    if job.text_columns or job.label_column:
        raise UsageError(f"{job.name}: a text file has no columns; leave --text-column and --label-column out")
    collector = _Collector(job)
    for number, line, replaced in _lines(job):
        label, text = "", line
        if job.labelled:
            if not line.strip():
                continue
            label, _, text = line.partition(" ")
            if not label.startswith(LABEL_PREFIX) or label == LABEL_PREFIX:
                raise DataError(
                    f"no label: {line[:40]!r}; a labelled text file has lines such as `{LABEL_PREFIX}spam the text`, "
                    "other formats are .csv, .tsv, .jsonl and .parquet",
                    path=job.name,
                    line=number,
                )
            label = label.removeprefix(LABEL_PREFIX)
        if batch := collector.add(text, label, number, replaced):
            yield batch
    if batch := collector.take():
        yield batch


def _read_delimited(job: _Job, delimiter: str) -> Iterator[RowBatch]:
    # The csv module refuses fields beyond 128 KiB unless told otherwise; a text may be a megabyte.
    csv.field_size_limit(2**31 - 1)
    replaced_lines: list[int] = []

    def lines() -> Iterator[str]:
        for number, line, replaced in _lines(job):
            if replaced:
                replaced_lines.append(number)
            yield line + "\n"

    reader = csv.reader(lines(), delimiter=delimiter)
    collector = _Collector(job)
    header: list[str] | None = None
    try:
        start = 1
        for row in reader:
            first, start = start, reader.line_num + 1
            if header is None:
                if not row:
                    continue
                header = row
                texts, label = job.columns(header)
                text_at = [header.index(column) for column in texts]
                label_at = None if label is None else header.index(label)
                replaced_lines.clear()
                continue
            if not row and len(header) > 1:
                # A blank line: no row of a file with several columns.
                continue
            row = row or [""]
            if len(row) != len(header):
                raise DataError(
                    f"{len(row)} fields where the header has {len(header)}; quote fields that hold {delimiter!r}",
                    path=job.name,
                    line=first,
                )
            text = " ".join(value for value in (row[at] for at in text_at) if value)
            value = "" if label_at is None else row[label_at]
            if batch := collector.add(text, value, first, bool(replaced_lines)):
                yield batch
            replaced_lines.clear()
    except csv.Error as error:
        raise DataError(f"malformed: {error}", path=job.name, line=reader.line_num) from None
    if header is None:
        raise DataError("empty file: expected a header line with the columns' names", path=job.name)
    if batch := collector.take():
        yield batch


def _read_jsonl(job: _Job) -> Iterator[RowBatch]:
    collector = _Collector(job)
    columns: tuple[list[str], str | None] | None = None
    for number, line, replaced in _lines(job):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise DataError(f"not JSON: {error}: {line[:40]!r}", path=job.name, line=number) from None
        except RecursionError:
            raise DataError("not a row: JSON nested too deeply", path=job.name, line=number) from None
        if not isinstance(record, dict):
            raise DataError(f"expected a JSON object, saw {line[:40]!r}", path=job.name, line=number)
        if columns is None:
            columns = job.columns(list(record))
        texts, label = columns
        missing = [column for column in (*texts, *([label] if label else [])) if column not in record]
        if missing:
            raise DataError(f"no key {missing[0]!r}; it has {', '.join(record)}", path=job.name, line=number)
        text = " ".join(value for value in (_plain(record[column]) for column in texts) if value)
        if batch := collector.add(text, _plain(record[label]) if label else "", number, replaced):
            yield batch
    if batch := collector.take():
        yield batch


def _plain(value: object) -> str:
    """A JSON value as text; null is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _read_parquet(job: _Job) -> Iterator[RowBatch]:
    try:
        # Parquet is read from its end, which a pipe does not have yet.
        stream = job.stream if job.stream.seekable() else io.BytesIO(job.stream.read())
        file = pq.ParquetFile(stream)
        texts, label = job.columns(file.schema_arrow.names)
        first = 1
        for batch in file.iter_batches(job.batch_rows, columns=[*texts, *([label] if label else [])]):
            rows = batch.to_pydict()
            values = zip(*(rows[column] for column in texts), strict=True)
            yield RowBatch(
                pa.array([" ".join(filter(None, map(_plain, row))) for row in values], pa.string()),
                pa.array([_plain(value) for value in rows[label]], pa.string()) if label else None,
                pa.array(range(first, first + len(batch)), pa.int64()),
                0,
            )
            first += len(batch)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"not a readable Parquet file: {str(error).splitlines()[0]}", path=job.name) from None


_READERS = {
    "text": _read_text,
    "csv": lambda job: _read_delimited(job, ","),
    "tsv": lambda job: _read_delimited(job, "\t"),
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
}
