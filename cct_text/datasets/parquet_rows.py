"""Parquet files, read in batches that are bounded in rows and in characters."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cct_text.datasets.parquet_sizes import Pieces, open_parquet
from cct_text.datasets.rows import BATCH_CHARACTERS, Job, RowBatch, decoded, joined, plain
from cct_text.errors import DataError


def read_parquet(job: Job) -> Iterator[RowBatch]:
    """The rows of a file, or those that the job asks for."""
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
        for first, batch in _batches(file, job, wanted, pieces):
            columns = [_values(batch[column]) for column in wanted]
            rows = list(zip(*columns, strict=True))
            found = [job.label(value, line) for line, (value, _) in enumerate(columns[-1], first + 1)] if label else []
            yield RowBatch(
                pa.array([joined(text for text, _ in row[: len(texts)]) for row in rows], pa.string()),
                job.label_column_of(found),
                pa.array(range(first + 1, first + 1 + len(batch)), pa.int64()),
                sum(any(replaced for _, replaced in row) for row in rows),
                job.chosen,
            )
    except (pa.ArrowException, UnicodeDecodeError, OSError, EOFError, zlib.error) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"not a readable Parquet file: {reason}", path=job.name) from None


def _batches(
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


def _values(column: pa.Array) -> list[tuple[Any, bool]]:
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
        decoded(value) if isinstance(value, bytes) else (value if isinstance(value, list) else plain(value), False)
        for value in values
    ]
