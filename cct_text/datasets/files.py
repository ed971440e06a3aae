"""Users' files, streamed row by row: text, fastText's format, CSV, TSV, JSONL and Parquet, plain or gzipped.

One row comes out for each row in, in order. Invalid UTF-8 is replaced and counted, never refused; memory is bounded by the
batch, whatever the size of the file.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, get_args

from cct_text.config import FileFormat
from cct_text.datasets.readers import READERS
from cct_text.datasets.rows import BATCH_ROWS, Job, RowBatch
from cct_text.datasets.text_lines import begins_with_label
from cct_text.errors import DataError, UsageError, unknown_name
from cct_text.unpacking import Gunzipped

AUTO = "auto"
STANDARD_INPUT = "-"

ENDINGS: dict[str, FileFormat] = {
    ".txt": "text",
    ".text": "text",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}
"""What a file's ending stands for."""


def format_of(name: str, format: str = AUTO) -> FileFormat:
    """The format of a file of this machine: as `format_of_stream`, which looks into it only where its name tells nothing.

    Raises:
        UsageError: if the format is unknown or nothing tells it.
    """
    named = _named(name, format)
    if named is None and os.path.isfile(name):  # noqa: PTH113 - Path raises for a name too long
        with _open(name, name) as stream:
            return format_of_stream(stream, name, format)
    return named or _unknown(name)


def format_of_stream(stream: io.BufferedReader[Any], name: str, format: str = AUTO) -> FileFormat:
    """The format of a file: as named or, with `auto`, by the ending (`.gz` aside); `text` for standard input.

    With `auto` lines of which the first begins with a label, and a file that begins so and whose ending tells nothing, are
    `fasttext`.

    Args:
        stream: the file, unpacked, at its beginning; nothing is consumed.
        name: of the file.
        format: as named, or `auto`.

    Raises:
        UsageError: if the format is unknown or nothing tells it.
    """
    named = _named(name, format)
    if format == AUTO and named in (None, "text") and begins_with_label(stream):
        return "fasttext"
    return named or _unknown(name)


def _named(name: str, format: str) -> FileFormat | None:
    """The format by what the user gave and the file is called; None where these tell nothing."""
    if format != AUTO:
        if format not in get_args(FileFormat):
            raise UsageError(unknown_name("format", format, (AUTO, *get_args(FileFormat))))
        return format  # type: ignore[return-value]
    return "text" if name == STANDARD_INPUT else ENDINGS.get(_ending(name))


def _ending(name: str) -> str:
    return Path(name.removesuffix(".gz")).suffix.lower()


def _unknown(name: str) -> NoReturn:
    raise UsageError(
        f"{name}: cannot tell the format from the ending {_ending(name)!r}; known are {', '.join(ENDINGS)}, each with .gz "
        "too; name it with --format or --set format=NAME"
    )


def has_columns(name: str, format: str = AUTO) -> bool:
    """Whether the rows of a file have columns to choose from, or are lines.

    Raises:
        UsageError: as `format_of`.
    """
    return format_of(name, format) not in ("text", "fasttext")


def read_rows(
    source: str | Path | BinaryIO,
    *,
    format: str = AUTO,
    text_columns: Sequence[str] = (),
    label_column: str | None = None,
    labelled: bool = False,
    separator: str | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[RowBatch]:
    """The rows of a file in batches.

    Args:
        source: a path, `-` for standard input, or a binary stream.
        format: auto (by the ending; `fasttext` by its first label), text, fasttext, csv, tsv, jsonl or parquet.
        text_columns: columns that hold the text; found by name when empty.
        label_column: column that holds the label; found by name when not given and `labelled`.
        labelled: whether labels are wanted.
        separator: what stands between the labels of a row that may have several; None where a row has one.
        batch_rows: rows in a batch, at most.

    Raises:
        UsageError: if the format cannot be told.
        DataError: if the file is missing, a column is missing, or a row is malformed; with the line.
    """
    name = str(source) if isinstance(source, str | Path) else STANDARD_INPUT
    if _named(name, format) is None and not os.path.isfile(name):  # noqa: PTH113
        _unknown(name)
    with _open(source, name) as stream:
        kind = format_of_stream(stream, name, format)
        # Lines have labels in fastText's way or none.
        if kind == "text" and labelled:
            kind = "fasttext"
        columns = tuple(text_columns), label_column
        yield from READERS[kind](Job(name, stream, *columns, labelled, batch_rows, separator=separator))


def _open(source: str | Path | BinaryIO, name: str) -> Any:  # noqa: ANN401 - a stream that closes, or a wrapper that does not
    if not isinstance(source, str | Path):
        return io.BufferedReader(_Unclosed(source))
    if name == STANDARD_INPUT:
        return io.BufferedReader(_Unclosed(sys.stdin.buffer))
    path = Path(source)
    try:
        file = path.open("rb")
        return Gunzipped.open(file, path) if path.suffix == ".gz" else file
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        reason = error.strerror if isinstance(error, OSError) else None
        raise DataError(f"cannot read: {reason or error}", path=path) from None


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
