"""Files in, predictions out, a few thousand rows in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from cct_text.atomic_writes import write_atomically
from cct_text.config import DataConfig
from cct_text.datasets.files import STANDARD_INPUT, format_of, has_columns, read_rows
from cct_text.datasets.readers import RowBatch
from cct_text.errors import DataError, UsageError
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.parallel import ordered_map
from cct_text.inference.ranking import prediction_schema, ranked, require_top_k
from cct_text.inference.repeats import Repeats
from cct_text.inference.writers import open_writer, output_format


@dataclass(frozen=True)
class PredictSummary:
    """What a prediction went through.

    Attributes:
        rows: rows read, which is rows written.
        replaced: of these, rows with bytes that are not UTF-8; each such byte was read as U+FFFD.
    """

    rows: int
    replaced: int


def predict_file(
    classifier: TextClassifier,
    sources: Sequence[str | Path | BinaryIO],
    output: str | Path | BinaryIO,
    *,
    format: str = "auto",
    text_columns: Sequence[str] = (),
    top_k: int = 1,
    probabilities: bool = True,
    progress: Callable[[int], None] | None = None,
) -> PredictSummary:
    """Classify every row of some files, in order: one row out for each row in.

    Columns of the output are `label` and `probability`; with `top_k` above 1 they are `label_1`, `probability_1`,
    `label_2`, ..., most probable first.

    Args:
        classifier: the model.
        sources: files, `-` for standard input, or open binary files, read one after the other.
        output: a file, whose ending gives its format and which appears when it is whole; or an open binary file, which
            gets lines of tab-separated values without a header.
        format: of the sources; `auto` goes by their endings.
        text_columns: columns that hold the text, joined by a blank; those that the run was trained on when empty.
        top_k: labels for each row.
        probabilities: write the probability beside each label.
        progress: called with the number of rows done so far.

    Raises:
        DataError: if a source is missing or cannot be read as its format.
        UsageError: if `top_k` is not 1 to C, or the output cannot be written.
    """
    require_top_k(top_k, classifier.labels)
    for source in sources:
        _require(source, format)
        if _name(source) != STANDARD_INPUT and isinstance(output, str | Path) and _is_same_file(_name(source), output):
            raise UsageError(f"{output}: is read from; write the predictions to another file")
    form = output_format(output) if isinstance(output, str | Path) else "text"
    schema = prediction_schema(top_k, probabilities)
    rows = replaced = 0
    logits = Repeats(classifier.logits_of_column)

    def classify(batch: RowBatch) -> tuple[pa.RecordBatch, int]:
        return ranked(logits(batch.texts), classifier.labels, schema, top_k), batch.replaced

    batches = (
        batch
        for source in sources
        for batch in read_rows(
            source,
            format=format,
            text_columns=text_columns or own_columns(classifier.config.data, source, format)[0],
        )
    )
    with _opened(output) as file, open_writer(file, form, schema) as write:
        for predictions, replaced_here in ordered_map(classify, batches):
            write(predictions)
            rows += len(predictions)
            replaced += replaced_here
            if progress is not None:
                progress(rows)
    return PredictSummary(rows, replaced)


def own_columns(
    data: DataConfig, source: str | Path | BinaryIO, format: str = "auto"
) -> tuple[tuple[str, ...], str | None]:
    """Text columns and label column that a run was trained on, as far as named, for a file that has columns.

    A run that was trained on title and body would silently do worse on the body alone, which would be found by name.
    """
    return (data.text_columns, data.label_column) if has_columns(_name(source), format) else ((), None)


def _is_same_file(one: str | Path, other: str | Path) -> bool:
    return Path(other).exists() and Path(one).samefile(other)


def _name(source: str | Path | BinaryIO) -> str:
    return str(source) if isinstance(source, str | Path) else STANDARD_INPUT


def _require(source: str | Path | BinaryIO, format: str) -> None:
    """Find a missing file or an unknown format before the first row is written, not after the file before it."""
    name = _name(source)
    if name != STANDARD_INPUT:
        try:
            Path(name).stat()
        except (OSError, ValueError) as error:  # ValueError: no file can have such a name
            reason = error.strerror if isinstance(error, OSError) else error
            raise DataError(f"cannot read: {reason}", path=name) from None
        if Path(name).is_dir():
            raise DataError("is a folder; name the files in it", path=name)
    format_of(name, format)


@contextmanager
def _opened(output: str | Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(output, str | Path):
        with write_atomically(output) as path, path.open("wb") as file:
            yield file
        return
    try:
        yield output
    except BrokenPipeError:  # whoever reads has had enough: the caller's to judge
        raise
    except OSError as error:
        name = getattr(output, "name", "output")
        raise UsageError(f"{name}: cannot write: {error.strerror or error}") from error
