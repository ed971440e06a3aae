"""How large the texts of a Parquet file are before they are made: one that stands once in it may be that of a million rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cct_text.errors import DataError
from cct_text.unpacking import MOST_TIMES, require_modest

MOST_UNMEASURED_BYTES = 1 << 30
"""Texts of a small file may have so many bytes; beyond, `unpacking.MOST_TIMES` those of the file."""


def open_parquet(stream: BinaryIO, name: str) -> pq.ParquetFile:
    """A Parquet file, its texts as it stores them: each once, with a number in its place.

    Raises:
        DataError: if by its own account it has many times more bytes when it is unpacked.
        pyarrow.ArrowException: if it is damaged.
    """
    file = pq.ParquetFile(stream)
    groups = (file.metadata.row_group(number) for number in range(file.num_row_groups))
    size = stream.seek(0, 2)
    require_modest(sum(group.total_byte_size for group in groups), size, name)
    texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
    return pq.ParquetFile(stream, metadata=file.metadata, read_dictionary=texts)


class Pieces:
    """Cuts batches of rows into pieces of bounded size, and refuses a file whose texts are out of all proportion to it.

    Args:
        file_bytes: size of the file.
        most_bytes: of the texts of a piece, unless that is one row.
        name: of the file.
    """

    def __init__(self, file_bytes: int, most_bytes: int, name: str) -> None:
        self.most = most_bytes
        self.name = name
        self._file_bytes = file_bytes
        self._left = max(MOST_UNMEASURED_BYTES, MOST_TIMES * file_bytes)

    def of(self, batch: pa.RecordBatch, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The pieces of a batch, in order.

        Raises:
            DataError: if all texts so far have too many bytes.
        """
        ends = np.cumsum(np.sum([_row_bytes(batch[column]) for column in columns], axis=0))  # (n,)
        at = 0
        while at < len(batch):
            before = int(ends[at - 1]) if at else 0
            end = max(at + 1, int(np.searchsorted(ends, before + self.most, side="right")))
            self._left -= int(ends[end - 1]) - before
            if self._left < 0:
                raise DataError(
                    f"refused: the texts of a file of {self._file_bytes:,} bytes have more than {MOST_TIMES} times as many; "
                    "write it anew as CSV if it is meant",
                    path=self.name,
                )
            yield batch.slice(at, end - at)
            at = end


def _row_bytes(column: pa.Array) -> np.ndarray:
    """Bytes of each value, int64 (n,); 0 where it is no text."""
    values = column.dictionary if pa.types.is_dictionary(column.type) else column
    if not _is_text(values.type):
        return np.zeros(len(column), np.int64)
    lengths = pc.binary_length(values).cast(pa.int64())
    if values is not column:
        lengths = lengths.take(column.indices)
    return np.asarray(pc.fill_null(lengths, 0))


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )
