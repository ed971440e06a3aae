"""Predictions as files: text, CSV, TSV, JSON lines and Parquet, one row for each row read.

`text` is what standard output gets: one line for each row, its values separated by tabs, without a header. All other
formats name their columns. Probabilities have six decimals, in Parquet all that a float32 has. Lists, of the labels of a text
and their probabilities, are lists in JSON lines and Parquet; elsewhere their items are joined.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from cct_text.errors import UsageError

OutputFormat = Literal["text", "csv", "tsv", "jsonl", "parquet"]

ENDINGS: dict[str, OutputFormat] = {
    ".txt": "text",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".parquet": "parquet",
}

_DELIMITERS = {"csv": ",", "tsv": "\t"}

DECIMALS = 6

FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""With one of these a cell begins that a spreadsheet takes for a formula."""

_NEEDS_QUOTES = re.compile('[",\t\r\n]')
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")


def output_format(path: str | Path) -> OutputFormat:
    """The format that a file's ending stands for.

    Raises:
        UsageError: if it stands for none.
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"{path}: the ending gives the format of the output; use one of {', '.join(ENDINGS)}")
    return ENDINGS[ending]


def guarded(value: str) -> str:
    """Text that no spreadsheet computes: an apostrophe stands before what would be a formula.

    Source: OWASP, CSV Injection (https://owasp.org/www-community/attacks/CSV_Injection).

    >>> guarded("=1+1")
    "'=1+1"
    """
    return f"'{value}" if value.startswith(FORMULA_BEGINS) else value


@contextmanager
def open_writer(
    file: BinaryIO, form: OutputFormat, schema: pa.Schema, separator: str = "|", *, begun: bool = False
) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """A function that appends record batches of `schema`, columns of strings and floats or of lists of them, to a file.

    Args:
        file: stays open; flushed after each batch, so that a reader at the other end of a pipe sees it.
        form: the format.
        schema: names and types of the columns.
        separator: joins the items of a list, where it is one value.
        begun: whether rows are there already, so that lines follow that have names above them; not of Parquet.
    """
    if form == "parquet":
        with pq.ParquetWriter(file, schema) as writer:
            yield writer.write_batch
        return
    if form in _DELIMITERS and not begun:
        file.write(_delimited([schema.names], _DELIMITERS[form]))

    def write(batch: pa.RecordBatch) -> None:
        if form == "text":
            file.write(_text(batch, separator))
        elif form == "jsonl":
            file.write(_jsonl(batch))
        else:
            file.write(_delimited(zip(*_columns(batch, separator), strict=True), _DELIMITERS[form]))
        file.flush()

    yield write


def _text(batch: pa.RecordBatch, separator: str) -> bytes:
    # A label may hold anything; a tab or a line break in it would break the promise of one line for each row, and lines
    # are what a terminal shows, on which an escape code would act.
    rows = zip(*_columns(batch, separator), strict=True)
    return "".join("\t".join(value.translate(_CONTROLS) for value in row) + "\n" for row in rows).encode()


def _jsonl(batch: pa.RecordBatch) -> bytes:
    names = batch.schema.names
    columns = [_rounded(column) for column in batch.columns]
    rows = zip(*columns, strict=True)
    return "".join(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n" for row in rows).encode()


def _delimited(rows: Iterable[Iterable[str]], delimiter: str) -> bytes:
    return "".join(delimiter.join(map(_quoted, row)) + "\n" for row in rows).encode()


def _quoted(value: str) -> str:
    # Not by the csv module: with LF as line end it leaves a lone CR bare, which it then reads as a line end.
    return '"' + value.replace('"', '""') + '"' if not value or _NEEDS_QUOTES.search(value) else value


def _columns(batch: pa.RecordBatch, separator: str) -> list[list[str]]:
    """The columns of a batch as they are printed."""
    return [_printed(column, separator) for column in batch.columns]


def _printed(column: pa.Array, separator: str) -> list[str]:
    values: list[Any] = column.to_pylist()
    if pa.types.is_list(column.type):
        items = "{:." + str(DECIMALS) + "f}" if pa.types.is_floating(column.type.value_type) else "{}"
        return [separator.join(map(items.format, of_row)) for of_row in values]
    return [f"{value:.{DECIMALS}f}" for value in values] if pa.types.is_floating(column.type) else values


def _rounded(column: pa.Array) -> list[Any]:
    values: list[Any] = column.to_pylist()
    if pa.types.is_list(column.type) and pa.types.is_floating(column.type.value_type):
        return [[round(value, DECIMALS) for value in of_row] for of_row in values]
    return [round(value, DECIMALS) for value in values] if pa.types.is_floating(column.type) else values
