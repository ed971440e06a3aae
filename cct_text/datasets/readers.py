"""Readers of the formats that users' files come in: bytes to batches of texts, labels and line numbers."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from cct_text.datasets.columns import find_columns
from cct_text.datasets.label_sets import WAY_OUT, split_labels
from cct_text.datasets.parquet_sizes import Pieces, open_parquet
from cct_text.errors import DataError, UsageError, listed
from cct_text.unpacking import bounded_lines

BATCH_ROWS = 4096
BATCH_CHARACTERS = 1 << 24
"""A batch ends here although it has fewer rows: rows of a megabyte each must not fill the memory."""
MAX_LINE_BYTES = 1 << 26
"""A longer line is refused: it would have to be in memory whole."""
MAX_FIELD_CHARACTERS = 1 << 26
"""A longer field of a CSV file is taken for a quote that never closes."""

LABEL_PREFIX = "__label__"
"""What marks a label in a text file, as fastText has it: `__label__spam win a prize now`."""

_PEEKED = 1 << 12
"""Bytes of a stream that are looked at to tell its format."""
_LABEL = re.compile(rf"(?:^|(?<=[ \t])){LABEL_PREFIX}([^ \t]*)[ \t]?")

_OTHER_DELIMITERS = {
    ",": "name the file .csv",
    "\t": "name the file .tsv",
    ";": "save it with commas",
    "|": "save it with commas",
}
"""What separates the fields of other files, and what to do about it."""


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
                return [name for item in value if (name := _plain(item).strip())]
            return split_labels(_plain(value), self.separator)
        if isinstance(value, list):
            raise DataError(f"a list of labels, {value!r:.40}; {WAY_OUT}", path=self.name, line=line)
        return _plain(value)

    def label_column_of(self, labels: Sequence[str | list[str]]) -> pa.StringArray | pa.ListArray | None:
        """Labels as a batch has them; None where none are wanted."""
        if not self.labelled:
            return None
        return pa.array(labels, pa.string() if self.separator is None else pa.list_(pa.string()))


class _Collector:
    """Gathers rows into batches."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.clear()

    def clear(self) -> None:
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


def _lines(job: Job, *, keep_ends: bool = False) -> Iterator[tuple[int, str, bool]]:
    """Number, text, and whether bytes were replaced, of each line that ends in LF or CR LF; with its end on request."""
    bounded = bounded_lines(job.stream, MAX_LINE_BYTES, job.name, first=job.first_line)
    try:
        for number, raw in enumerate(bounded, start=job.first_line):
            line = raw[3:] if number == 1 and raw.startswith(codecs.BOM_UTF8) else raw
            if not keep_ends:
                line = line.removesuffix(b"\n").removesuffix(b"\r")
            yield number, *_decoded(line)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read: {error}", path=job.name) from None


def _decoded(raw: bytes) -> tuple[str, bool]:
    """Bytes as text, and whether some were not UTF-8 and were replaced."""
    try:
        return raw.decode("utf-8"), False
    except UnicodeDecodeError:
        return raw.decode("utf-8", errors="replace"), True


def _read_text(job: Job) -> Iterator[RowBatch]:
    _refuse_columns(job)
    collector = _Collector(job)
    for number, line, replaced in _lines(job):
        if batch := collector.add(line, "", number, replaced):
            yield batch
    if batch := collector.take():
        yield batch


def _read_fasttext(job: Job) -> Iterator[RowBatch]:
    _refuse_columns(job)
    collector = _Collector(job)
    for number, line, replaced in _lines(job):
        label: str | list[str] = ""
        if job.labelled:
            if not line.strip():
                continue
            several = job.separator is not None
            label = list(filter(None, _LABEL.findall(line))) if several else _only_label(line, job.name, number)
        if batch := collector.add(_LABEL.sub("", line), label, number, replaced):
            yield batch
    if batch := collector.take():
        yield batch


def _refuse_columns(job: Job) -> None:
    if job.text_columns or job.label_column:
        raise UsageError(f"{job.name}: a text file has no columns; leave --text-column and --label-column out")


def _only_label(line: str, path: str, number: int) -> str:
    """The label of a line, wherever it stands in it."""
    labels = _LABEL.findall(line)
    if labels in ([], [""]):
        raise DataError(
            f"no label: {line[:40]!r}; a labelled text file has lines such as `{LABEL_PREFIX}spam the text`, "
            "other formats are .csv, .tsv, .jsonl and .parquet",
            path=path,
            line=number,
        )
    if len(labels) > 1:
        raise DataError(
            f"{len(labels)} labels, {', '.join(labels[:5])}; {WAY_OUT}",
            path=path,
            line=number,
        )
    return str(labels[0])


def begins_with_label(stream: io.BufferedReader[Any]) -> bool:
    """Whether the first line that is not blank begins as one of fastText does; nothing of the stream is consumed."""
    try:
        return stream.peek(_PEEKED).removeprefix(codecs.BOM_UTF8).lstrip().startswith(LABEL_PREFIX.encode())
    except (OSError, EOFError, zlib.error):
        return False  # told by whoever reads it


def _read_delimited(job: Job, delimiter: str) -> Iterator[RowBatch]:
    # The csv module refuses fields beyond 128 KiB unless told otherwise; a text may be a megabyte.
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    replaced_lines: list[int] = []
    at_end = False

    def lines() -> Iterator[str]:
        nonlocal at_end
        for number, line, replaced in _lines(job, keep_ends=True):
            if replaced:
                replaced_lines.append(number)
            yield line
        at_end = True

    reader = csv.reader(lines(), delimiter=delimiter)
    collector = _Collector(job)
    header = list(job.header)
    text_at, label_at = _places(job, header) if header else ([], None)
    before = job.first_line - 1
    try:
        start = job.first_line
        for row in reader:
            first, start = start, before + reader.line_num + 1
            if at_end:
                # The reader saw the end of the file and still had a field open.
                raise DataError(
                    'a quote that opens in this row never closes; a quote within a field is written twice: ""',
                    path=job.name,
                    line=first,
                )
            if not header:
                if not row:
                    continue
                header = row
                _require_delimiter(header, delimiter, job.name)
                text_at, label_at = _places(job, header)
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
            text = _joined(row[at] for at in text_at)
            label = "" if label_at is None else job.label(row[label_at], first)
            if batch := collector.add(text, label, first, bool(replaced_lines)):
                yield batch
            replaced_lines.clear()
    except csv.Error as error:
        raise DataError(f"malformed: {error}", path=job.name, line=before + reader.line_num) from None
    if not header:
        raise DataError("empty file: expected a header line with the columns' names", path=job.name)
    if batch := collector.take():
        yield batch


def _places(job: Job, header: list[str]) -> tuple[list[int], int | None]:
    """Where in a row the text columns stand, and the label column."""
    texts, label = job.columns(header)
    return [header.index(column) for column in texts], None if label is None else header.index(label)


def _require_delimiter(header: list[str], delimiter: str, path: str) -> None:
    """A header of one field that holds another delimiter, or a label, is a file of another format; one in UTF-16 is none."""
    if header[0].startswith("\ufffd\ufffd") and "\0" in header[0]:  # its byte-order mark
        raise DataError("is in UTF-16; save it as UTF-8", path=path, line=1)
    if header[0].startswith(LABEL_PREFIX):
        raise DataError(
            f"no header but a row with {header[0][:40]!r}, as fastText has it; give --format fasttext",
            path=path,
            line=1,
        )
    for other, way in _OTHER_DELIMITERS.items():
        if len(header) == 1 and other != delimiter and other in header[0]:
            raise DataError(f"its header is separated by {other!r}, not by {delimiter!r}; {way}", path=path, line=1)


def _read_jsonl(job: Job) -> Iterator[RowBatch]:
    collector = _Collector(job)
    columns = job.columns(job.header) if job.header else None
    for number, line, replaced in _lines(job):
        if not line.strip():
            continue
        if line.lstrip().startswith("["):
            raise DataError(
                "a JSON array; what is read is JSON Lines, an object on each line", path=job.name, line=number
            )
        try:
            record = json.loads(line)
        except ValueError as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise DataError(f"not JSON: {reason}: {line[:40]!r}", path=job.name, line=number) from None
        except RecursionError:
            raise DataError("not a row: JSON nested too deeply", path=job.name, line=number) from None
        if not isinstance(record, dict):
            raise DataError(f"expected a JSON object, saw {line[:40]!r}", path=job.name, line=number)
        if columns is None:
            columns = job.columns(list(record))
        texts, label = columns
        missing = [column for column in (*texts, *([label] if label else [])) if column not in record]
        if missing:
            raise DataError(f"no key {missing[0]!r}; it has {listed(record)}", path=job.name, line=number)
        for column in texts:
            if isinstance(record[column], list | dict):
                raise DataError(f"{column!r} is no text but {line[:40]!r}", path=job.name, line=number)
        values = [_plain(record[column]) for column in texts]
        found = job.label(record[label], number) if label else ""
        if "\\u" in line:
            # Half of a surrogate pair, which an escape can write, is no text.
            whole, whole_found = _whole(values), _whole(found) if isinstance(found, list) else _whole([found])[0]
            replaced = replaced or whole != values or whole_found != found
            values, found = whole, whole_found
        if batch := collector.add(_joined(values), found, number, replaced):
            yield batch
    if batch := collector.take():
        yield batch


def _joined(values: Iterable[str]) -> str:
    """Several text columns as one text."""
    return " ".join(value for value in values if value)


def _whole(values: list[str]) -> list[str]:
    """Halves of surrogate pairs replaced by U+FFFD."""
    return [value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for value in values]


def _plain(value: object) -> str:
    """A value of JSON or Parquet as text; null is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _read_parquet(job: Job) -> Iterator[RowBatch]:
    try:
        # Parquet is read from its end, which a pipe does not have yet.
        stream = job.stream if job.stream.seekable() else io.BytesIO(job.stream.read())
        file = open_parquet(stream, job.name)
        pieces = Pieces(stream.seek(0, io.SEEK_END), BATCH_CHARACTERS, job.name)
        texts, label = job.columns(file.schema_arrow.names)
        wanted = [*texts, *([label] if label else [])]
        for column in texts:
            if pa.types.is_nested(file.schema_arrow.field(column).type):
                raise DataError(
                    f"column {column!r} holds {file.schema_arrow.field(column).type}, not text", path=job.name
                )
        for first, batch in _parquet_batches(file, job, wanted, pieces):
            columns = [_parquet_values(batch[column]) for column in wanted]
            rows = list(zip(*columns, strict=True))
            found = [job.label(value, line) for line, (value, _) in enumerate(columns[-1], first + 1)] if label else []
            yield RowBatch(
                pa.array([_joined(text for text, _ in row[: len(texts)]) for row in rows], pa.string()),
                job.label_column_of(found),
                pa.array(range(first + 1, first + 1 + len(batch)), pa.int64()),
                sum(any(replaced for _, replaced in row) for row in rows),
                job.chosen,
            )
    except (pa.ArrowException, UnicodeDecodeError, OSError, EOFError, zlib.error) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"not a readable Parquet file: {reason}", path=job.name) from None


def _parquet_batches(
    file: pq.ParquetFile, job: Job, columns: list[str], pieces: Pieces
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The wanted rows in batches, each with the number of its first row, counted from 0."""
    start, end = job.rows or (0, file.metadata.num_rows)
    groups, first, at = [], 0, 0
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if at + rows <= start:
            first += rows
        elif at < end:
            groups.append(group)
        at += rows
    for batch in file.iter_batches(_rows_at_once(file, job.batch_rows), row_groups=groups, columns=columns):
        wanted = batch.slice(max(start - first, 0), max(end - max(first, start), 0))
        at = max(first, start)
        for piece in pieces.of(wanted, columns):
            yield at, piece
            at += len(piece)
        first += len(batch)


def _rows_at_once(file: pq.ParquetFile, batch_rows: int) -> int:
    """Fewer than `batch_rows` where rows are so long that a batch would exceed its characters."""
    groups = (file.metadata.row_group(number) for number in range(file.num_row_groups))
    size: int = sum(group.total_byte_size for group in groups)
    return max(1, min(batch_rows, BATCH_CHARACTERS * int(file.metadata.num_rows) // max(size, 1)))


def _parquet_values(column: pa.Array) -> list[tuple[Any, bool]]:
    """Each value as text, but lists as they are, and whether invalid UTF-8 was replaced."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        # Not checked on reading, and Python would refuse it.
        column = column.cast(pa.large_binary())
    try:
        values = column.to_pylist()
    except (ValueError, OverflowError) as error:  # a date that Python has not
        raise pa.ArrowInvalid(f"a value that is no text: {error}") from None
    return [
        _decoded(value) if isinstance(value, bytes) else (value if isinstance(value, list) else _plain(value), False)
        for value in values
    ]


READERS = {
    "text": _read_text,
    "fasttext": _read_fasttext,
    "csv": lambda job: _read_delimited(job, ","),
    "tsv": lambda job: _read_delimited(job, "\t"),
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
}
