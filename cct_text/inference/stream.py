"""Files in, predictions out, a few thousand rows in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from cct_text.atomic_writes import is_fixed, led_to, write_atomically
from cct_text.config import DataConfig
from cct_text.datasets.files import STANDARD_INPUT, format_of, has_columns, read_rows
from cct_text.datasets.rows import RowBatch
from cct_text.errors import DataError, UsageError
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.parallel import ordered_map
from cct_text.inference.part_file import PartFile
from cct_text.inference.ranking import prediction_schema, ranked, require_top_k
from cct_text.inference.repeats import Repeats
from cct_text.inference.writers import guarded, open_writer, output_format
from cct_text.model.saved import SavedModel


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
    guard_formulas: bool = False,
    progress: Callable[[int], None] | None = None,
    resume: bool = False,
) -> PredictSummary:
    """Classify every row of some files, in order: one row out for each row in.

    Columns of the output are `label` and `probability`; with `top_k` above 1 they are `label_1`, `probability_1`,
    `label_2`, ..., most probable first. Of a run with `multi_label` and `top_k` of 1 they hold all labels that the model gives
    the text, and the probability of each: lists in JSON lines and Parquet, else joined by the run's `label_separator`.

    Args:
        classifier: the model.
        sources: files, `-` for standard input, or open binary files, read one after the other.
        output: a file, whose ending gives its format and which appears when it is whole; or an open binary file, which
            gets lines of tab-separated values without a header.
        format: of the sources; `auto` goes by their endings.
        text_columns: columns that hold the text, joined by a blank; those that the run was trained on when empty.
        top_k: labels for each row.
        probabilities: write the probability beside each label.
        guard_formulas: write an apostrophe before a label that a spreadsheet would take for a formula.
        progress: called with the number of rows done so far.
        resume: go on with what an interrupted call left beside the output, which must have had the same model, sources and
            options; where nothing was left, begin.

    Raises:
        DataError: if a source is missing or cannot be read as its format, or what is to be gone on with is damaged.
        UsageError: if `top_k` is not 1 to C, the output cannot be written, what is to be gone on with was made of something
            else, or `guard_formulas` is given for an output that no spreadsheet opens as text.
    """
    require_top_k(top_k, classifier.labels)
    for source in sources:
        _require(source, format)
        if _name(source) != STANDARD_INPUT and isinstance(output, str | Path) and _is_same_file(_name(source), output):
            raise UsageError(f"{output}: is read from; write the predictions to another file")
    form = output_format(output) if isinstance(output, str | Path) else "text"
    if isinstance(output, str | Path):
        output = led_to(Path(output))
    if guard_formulas and form in ("jsonl", "parquet"):
        raise UsageError(f"{output}: cells of .csv, .tsv and text are guarded, not those of {form}; leave it out")
    labels = tuple(map(guarded, classifier.labels)) if guard_formulas else classifier.labels
    schema = prediction_schema(top_k, probabilities, classifier.task)
    separator = classifier.config.data.label_separator
    logits = Repeats(classifier.logits_of_column)

    def classify(batch: RowBatch) -> tuple[pa.RecordBatch, int]:
        return ranked(logits(batch.texts), labels, schema, top_k, classifier.task), batch.replaced

    batches = (
        batch
        for source in sources
        for batch in read_rows(
            source,
            format=format,
            text_columns=text_columns or own_columns(classifier.config.data, source, format)[0],
        )
    )
    if not isinstance(output, str | Path) or not _can_be_gone_on_with(sources, Path(output)):
        if resume:
            raise UsageError("--resume goes on with an output file that is made from files; name both")
        with _opened(output) as file, open_writer(file, form, schema, separator) as write:
            return _written(ordered_map(classify, batches), write, progress)
    options = {"format": format, "text_columns": [*text_columns], "top_k": top_k, "probabilities": probabilities}
    options["guard_formulas"] = guard_formulas
    part = PartFile(Path(output), form, schema, separator, partial(_made_of, classifier, sources, options))
    with part.writer(resume=resume) as write:
        behind = _skip(batches, part.rows, output)
        return _written(ordered_map(classify, batches), write, progress, behind)


def _written(
    predictions: Iterable[tuple[pa.RecordBatch, int]],
    write: Callable[[pa.RecordBatch], None],
    progress: Callable[[int], None] | None,
    behind: PredictSummary = PredictSummary(0, 0),
) -> PredictSummary:
    """Write predictions as they come, each with the number of its rows that held wrong bytes."""
    rows, replaced = behind.rows, behind.replaced
    for batch, replaced_here in predictions:
        write(batch)
        rows += len(batch)
        replaced += replaced_here
        if progress is not None:
            progress(rows)
    return PredictSummary(rows, replaced)


def _skip(batches: Iterator[RowBatch], rows: int, output: str | Path) -> PredictSummary:
    """Read the rows that are predicted already.

    Raises:
        DataError: if they end elsewhere than they did.
    """
    read = replaced = 0
    while read < rows:
        batch = next(batches, None)
        if batch is None:
            break
        read += len(batch.texts)
        replaced += batch.replaced
    if read != rows:
        raise DataError(f"cannot go on after row {rows:,}; leave --resume out to begin anew", path=output)
    return PredictSummary(read, replaced)


def _can_be_gone_on_with(sources: Sequence[str | Path | BinaryIO], output: Path) -> bool:
    """Whether all is in files, which are there the next time, too."""
    files = all(isinstance(source, str | Path) and Path(source).is_file() for source in sources)
    return files and not is_fixed(output)


def _made_of(
    classifier: TextClassifier, sources: Sequence[str | Path | BinaryIO], options: Mapping[str, Any]
) -> dict[str, Any]:
    """All that predictions depend on, as JSON has it."""
    return {
        "version": version("cct-text"),
        "model": _sha256(classifier),
        "precision": classifier.precision,
        "device": classifier.device,
        **options,
        "sources": [_stamp(Path(str(source))) for source in sources],
    }


def _sha256(classifier: TextClassifier) -> str:
    """Of everything that a classifier computes with."""
    model = classifier.model
    told = (model.labels, model.temperature, model.thresholds, repr(model.config), model.tokenizer.to_json())
    digest = sha256(repr(told).encode())
    if isinstance(model, SavedModel):
        for name, weight in sorted(model.weights.items()):
            digest.update(name.encode() + np.ascontiguousarray(weight).tobytes())
    else:
        digest.update(model.files[classifier.precision].sha256.encode())
    return digest.hexdigest()


def _stamp(source: Path) -> list[str | int]:
    facts = source.stat()
    return [str(source.absolute()), facts.st_size, facts.st_mtime_ns]


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
