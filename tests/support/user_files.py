"""Rows as files of every format that a user may have, and what the library reads from them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from cct_text.datasets.files import read_rows

Rows = Sequence[tuple[str, str]]


def as_csv(rows: Rows, delimiter: str = ",") -> bytes:
    """A table with the columns `label` and `text`, as the standard library writes it."""
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([("label", "text"), *rows])
    return file.getvalue().encode()


def as_jsonl(rows: Rows) -> bytes:
    """An object a line."""
    return b"".join(json.dumps({"label": label, "text": text}).encode() + b"\n" for label, text in rows)


def as_parquet(rows: Rows) -> bytes:
    """A table with the same columns."""
    file = io.BytesIO()
    columns = {"label": [label for label, _ in rows], "text": [text for _, text in rows]}
    pq.write_table(pa.table(columns, schema=pa.schema({"label": pa.string(), "text": pa.string()})), file)
    return file.getvalue()


def as_text(rows: Rows) -> bytes:
    """A labelled line for each row, as fastText has it."""
    return b"".join(f"__label__{label} {text}\n".encode() for label, text in rows)


FORMATS: dict[str, Callable[[Rows], bytes]] = {
    "text": as_text,
    "csv": as_csv,
    "tsv": lambda rows: as_csv(rows, "\t"),
    "jsonl": as_jsonl,
    "parquet": as_parquet,
}


def read(content: bytes, form: str, **options: object) -> tuple[list[tuple[str | None, str, int]], int]:
    """(label, text, line) of every row, and the number of rows in which bytes were replaced."""
    batches = list(read_rows(io.BytesIO(content), format=form, **{"labelled": True, **options}))
    rows = [
        row
        for batch in batches
        for row in zip(
            batch.labels.to_pylist() if batch.labels else [None] * len(batch.texts),
            batch.texts.to_pylist(),
            batch.lines.to_pylist(),
            strict=True,
        )
    ]
    return rows, sum(batch.replaced for batch in batches)
