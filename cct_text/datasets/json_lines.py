"""JSON Lines: an object on each line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cct_text.datasets.rows import Collector, Job, RowBatch, joined, lines_of, plain
from cct_text.errors import DataError, listed


def read_json_lines(job: Job) -> Iterator[RowBatch]:
    """The objects of a file; the first one tells which keys the text and the label have."""
    collector = Collector(job)
    columns = job.columns(job.header) if job.header else None
    for number, line, replaced in lines_of(job):
        if not line.strip():
            continue
        if line.lstrip().startswith("["):
            raise DataError(
                "a JSON array; what is read is JSON Lines, an object on each line", path=job.name, line=number
            )
        try:
            record = json.loads(line)
        except ValueError as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise DataError(f"not JSON: {reason}: {line[:40]!r}", path=job.name, line=number) from None
        except RecursionError:
            raise DataError("not a row: JSON nested too deeply", path=job.name, line=number) from None
        if not isinstance(record, dict):
            raise DataError(f"expected a JSON object, saw {line[:40]!r}", path=job.name, line=number)
        if columns is None:
            columns = job.columns(list(record))
        texts, label = columns
        missing = [column for column in (*texts, *([label] if label else [])) if column not in record]
        if missing:
            raise DataError(f"no key {missing[0]!r}; it has {listed(record)}", path=job.name, line=number)
        for column in texts:
            if isinstance(record[column], list | dict):
                raise DataError(f"{column!r} is no text but {line[:40]!r}", path=job.name, line=number)
        values = [plain(record[column]) for column in texts]
        found = job.label(record[label], number) if label else ""
        if "\\u" in line:
            # Half of a surrogate pair, which an escape can write, is no text.
            whole, whole_found = _whole(values), _whole(found) if isinstance(found, list) else _whole([found])[0]
            replaced = replaced or whole != values or whole_found != found
            values, found = whole, whole_found
        if batch := collector.add(joined(values), found, number, replaced):
            yield batch
    if batch := collector.take():
        yield batch


def _whole(values: list[str]) -> list[str]:
    """Halves of surrogate pairs replaced by U+FFFD."""
    return [value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for value in values]
