"""Files of texts, one on each line; with labels in fastText's way, or without."""

from __future__ import annotations

import codecs
import io
import re
import zlib
from collections.abc import Iterator
from typing import Any

from cct_text.datasets.label_sets import WAY_OUT
from cct_text.datasets.rows import Collector, Job, RowBatch, lines_of
from cct_text.errors import DataError, UsageError

LABEL_PREFIX = "__label__"
"""What marks a label in a text file, as fastText has it: `__label__spam win a prize now`."""

_PEEKED = 1 << 12
"""Bytes of a stream that are looked at to tell its format."""
_LABEL = re.compile(rf"(?:^|(?<=[ \t])){LABEL_PREFIX}([^ \t]*)[ \t]?")


def read_text(job: Job) -> Iterator[RowBatch]:
    """A text on each line, no labels."""
    _refuse_columns(job)
    collector = Collector(job)
    for number, line, replaced in lines_of(job):
        if batch := collector.add(line, "", number, replaced):
            yield batch
    if batch := collector.take():
        yield batch


def read_fasttext(job: Job) -> Iterator[RowBatch]:
    """A text on each line with its labels, which begin with `LABEL_PREFIX`; blank lines are no rows."""
    _refuse_columns(job)
    collector = Collector(job)
    for number, line, replaced in lines_of(job):
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
