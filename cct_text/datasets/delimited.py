"""CSV and TSV files, whose first row names the columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from cct_text.datasets.rows import Collector, Job, RowBatch, joined, lines_of
from cct_text.datasets.text_lines import LABEL_PREFIX
from cct_text.errors import DataError

MAX_FIELD_CHARACTERS = 1 << 26
"""A longer field is taken for a quote that never closes."""

_OTHER_DELIMITERS = {
    ",": "name the file .csv",
    "\t": "name the file .tsv",
    ";": "save it with commas",
    "|": "save it with commas",
}
"""What separates the fields of other files, and what to do about it."""


def read_delimited(job: Job, delimiter: str) -> Iterator[RowBatch]:
    """The rows of a file whose fields are separated by a character, and quoted where they hold it."""
    # The csv module refuses fields beyond 128 KiB unless told otherwise; a text may be a megabyte.
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    replaced_lines: list[int] = []
    at_end = False

    def lines() -> Iterator[str]:
        nonlocal at_end
        for number, line, replaced in lines_of(job, keep_ends=True):
            if replaced:
                replaced_lines.append(number)
            yield line
        at_end = True

    reader = csv.reader(lines(), delimiter=delimiter)
    collector = Collector(job)
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
            text = joined(row[at] for at in text_at)
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
