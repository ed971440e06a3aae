"""Files that come as the body of a request, read as `cct-text predict` reads them."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from cct_text.config import DataConfig, FileFormat
from cct_text.datasets.files import ENDINGS, format_of_stream
from cct_text.datasets.readers import READERS
from cct_text.datasets.rows import BATCH_ROWS, Job
from cct_text.errors import DataError, UsageError
from cct_text.serving.limits import Limits, in_megabytes
from cct_text.serving.refusals import Refused

PARQUET = "parquet"
"""Not read: how much memory a file takes is known only when it is unpacked."""

READ_ENDINGS = tuple(ending for ending, kind in ENDINGS.items() if kind != PARQUET)

MOST_COLUMNS = 1000
"""That are told to be chosen from."""


@dataclass(frozen=True)
class Rows:
    """The rows of a file.

    Attributes:
        texts: N of them.
        columns: of the file; none of a text file.
        text_columns: those that the texts come from.
        replaced: rows with bytes that are not UTF-8.
    """

    texts: list[str]
    columns: tuple[str, ...]
    text_columns: tuple[str, ...]
    replaced: int


def read_upload(
    body: bytes, name: str, *, format: str, text_columns: Sequence[str], trained_on: DataConfig, limits: Limits
) -> Rows:
    """The rows of a file.

    Args:
        body: the file.
        name: its name, whose ending tells the format and whether it is gzipped.
        format: the format; auto goes by the name.
        text_columns: columns that hold the text; those that the run was trained on when empty.
        trained_on: tells these.
        limits: `body_bytes`, `texts` and `characters` are obeyed.

    Raises:
        Refused: if it cannot be read, has no such columns, or too many rows; as `cct-text predict` tells it, with the line.
    """
    if name.lower().endswith(".gz"):
        body = _unpacked(body, name, limits)
    stream = io.BufferedReader(io.BytesIO(body))
    kind = _format(stream, name, format)
    own = () if kind in ("text", "fasttext") else trained_on.text_columns
    job = Job(name, stream, tuple(text_columns) or own, None, labelled=False, batch_rows=BATCH_ROWS)
    texts: list[str] = []
    replaced = 0
    try:
        for batch in READERS[kind](job):
            texts += batch.texts.to_pylist()
            replaced += batch.replaced
            if len(texts) > limits.texts:
                raise Refused(413, f"{name}: more than {limits.texts:,} rows; `cct-text predict` has no limit")
            lengths = pc.utf8_length(batch.texts)
            if (longest := pc.max(lengths).as_py()) > limits.characters:
                line = batch.lines[pc.index(lengths, longest).as_py()]
                raise Refused(413, f"{name}:{line}: {longest:,} characters; at most {limits.characters:,}")
    except (DataError, UsageError) as error:
        if job.known and not job.chosen and len(set(job.known)) == len(job.known) <= MOST_COLUMNS:
            raise _column_wanted(job) from None
        raise Refused(422, str(error)) from None
    return Rows(texts, job.known, job.chosen, replaced)


def _column_wanted(job: Job) -> Refused:
    """The columns of the file, for its text column cannot be told, or is none of them."""
    listed = ", ".join(map(repr, job.known))
    missing = [column for column in job.text_columns if column not in job.known]
    what = f"no column {missing[0]!r} among {listed}" if missing else f"which column holds the text? It has {listed}"
    return Refused(422, f"{job.name}: {what}; name it by text_column", columns=job.known)


def _format(stream: io.BufferedReader[Any], name: str, format: str) -> FileFormat:
    try:
        kind = format_of_stream(stream, name, format)
    except UsageError:
        known = ", ".join(READ_ENDINGS)
        raise Refused(422, f"{name}: cannot tell the format from the name; known endings are {known}") from None
    if kind == PARQUET:
        raise Refused(422, f"{name}: Parquet files are read by `cct-text predict` only; send CSV, TSV, JSONL or text")
    return kind


def _unpacked(body: bytes, name: str, limits: Limits) -> bytes:
    """The content of a gzipped file, which must not be larger than a plain one may be."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            content = file.read(limits.body_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(422, f"{name}: not a readable gzip file: {error}") from None
    if len(content) > limits.body_bytes:
        raise Refused(413, f"{name}: more than {in_megabytes(limits.body_bytes)} when unpacked")
    return content
