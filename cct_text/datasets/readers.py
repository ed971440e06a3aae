"""Readers of the formats that users' files come in: bytes to batches of texts, labels and line numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from cct_text.datasets.delimited import read_delimited
from cct_text.datasets.json_lines import read_json_lines
from cct_text.datasets.parquet_rows import read_parquet
from cct_text.datasets.rows import Job, RowBatch
from cct_text.datasets.text_lines import read_fasttext, read_text

READERS: Mapping[str, Callable[[Job], Iterator[RowBatch]]] = {
    "text": read_text,
    "fasttext": read_fasttext,
    "csv": partial(read_delimited, delimiter=","),
    "tsv": partial(read_delimited, delimiter="\t"),
    "jsonl": read_json_lines,
    "parquet": read_parquet,
}
