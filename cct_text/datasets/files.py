"""Users' files, streamed row by row: text, CSV, TSV, JSONL and Parquet, plain or gzipped.

One row comes out for each row in, in order. Invalid UTF-8 is replaced and counted, never refused; memory is bounded by the
batch, whatever the size of the file.
"""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

from cct_text.datasets.readers import BATCH_ROWS, READERS, Job, RowBatch
from cct_text.errors import DataError, UsageError, unknown_name

Format = Literal["auto", "text", "csv", "tsv", "jsonl", "parquet"]

STANDARD_INPUT = "-"

ENDINGS: dict[str, Format] = {
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
    if ending not in ENDINGS:
        raise UsageError(
            f"{name}: cannot tell the format from the ending {ending!r}; known are {', '.join(ENDINGS)}, each with .gz "
            "too; `predict` takes --format"
        )
    return ENDINGS[ending]


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
        yield from READERS[kind](Job(name, stream, tuple(text_columns), label_column, labelled, batch_rows))


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
