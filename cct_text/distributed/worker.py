"""One process of many: a loaded model that turns sections of files into parts of the output."""

from __future__ import annotations

import io
import json
import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cct_text.datasets.files import format_of_stream
from cct_text.datasets.rows import RowBatch
from cct_text.datasets.sections import Section, cut, read_section
from cct_text.distributed.output import OutputFolder
from cct_text.distributed.sources import Source, is_gzipped, is_local, open_source
from cct_text.errors import CCTTextError, DataError
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.parallel import ordered_map
from cct_text.inference.ranking import prediction_schema, ranked
from cct_text.inference.repeats import Repeats
from cct_text.inference.stream import own_columns
from cct_text.inference.task import Task

TRIES = 3
"""Of reading a section over the network, which may fail for a moment."""
PAUSE = 1.0
"""Seconds before the next try."""


@dataclass(frozen=True)
class Answer:
    """What the workers write.

    Attributes:
        out: the output folder.
        text_columns: columns with the text; those that the run was trained on when empty.
        top_k: labels for each row.
        probabilities: whether the probability stands beside each label.
        task: how the model's logits are read.
    """

    out: str
    text_columns: tuple[str, ...]
    top_k: int
    probabilities: bool
    task: Task

    @property
    def schema(self) -> pa.Schema:
        """Columns of a part: the file and the row in it, counted from 1, then what `predict` writes."""
        where = [pa.field("source", pa.dictionary(pa.int32(), pa.string())), pa.field("row", pa.int64())]
        return pa.schema([*where, *prediction_schema(self.top_k, self.probabilities, self.task)])


@dataclass(frozen=True)
class Unit:
    """A unit of work.

    Attributes:
        part: name of the part it becomes.
        source: name of the file.
        section: of it.
    """

    part: str
    source: str
    section: Section

    def to_json(self) -> str:
        """As Ray Data carries it."""
        return json.dumps({**vars(self), "section": self.section.to_dict()})

    @classmethod
    def from_json(cls, text: str) -> Unit:
        """What `to_json` returned."""
        values = json.loads(text)
        return cls(**{**values, "section": Section.from_dict(values["section"])})


def sections_of(source: Source, format: str, section_bytes: int) -> list[Section]:
    """The sections of a file: one where it is small, packed, or cannot be read but from its beginning.

    Raises:
        DataError: if it cannot be read.
        UsageError: if nothing tells its format.
    """
    with open_source(source.name, streamed=True) as stream:
        kind = format_of_stream(stream, source.name, format)
    if is_gzipped(source.name) or source.size is None or source.size <= section_bytes:
        return [Section(kind)]
    with open_source(source.name) as stream:
        try:
            return cut(stream, kind, section_bytes) if stream.seekable() else [Section(kind)]
        except OSError as error:
            raise DataError(f"cannot read: {error}", path=source.name) from None


class Worker:
    """A model that is loaded once and classifies one section after another, on one core.

    Args:
        classifier: the model; it comes through Ray, so that its folder need not be on every machine.
        answer: what to write.
    """

    def __init__(self, classifier: TextClassifier, answer: Answer) -> None:
        # One core is what Ray counts for a worker, whatever the environment of the machine says.
        os.environ["OMP_NUM_THREADS"] = "1"
        self.logits = Repeats(classifier.logits_of_column)
        self.classifier = classifier
        self.answer = answer
        self.out = OutputFolder(answer.out)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[Any]]:
        """Predict units, given as JSON in the column `unit`; what is wrong with a file is told, not raised."""
        units = [Unit.from_json(text) for text in batch["unit"]]
        facts = [self._facts(unit) for unit in units]
        return {key: [each[key] for each in facts] for key in facts[0]}

    def _facts(self, unit: Unit) -> dict[str, Any]:
        facts = {"part": unit.part, "rows": 0, "replaced": 0, "error": "", "exit_code": 0}
        for left in reversed(range(1 if is_local(unit.source) else TRIES)):
            try:
                rows, replaced = self.predict(unit)
                return {**facts, "rows": rows, "replaced": replaced}
            except CCTTextError as error:
                facts |= {"error": str(error), "exit_code": error.exit_code}
                time.sleep(PAUSE if left else 0)
        return facts

    def predict(self, unit: Unit) -> tuple[int, int]:
        """Write the part of a unit; its rows, and those in which bytes were replaced.

        Raises:
            DataError: if the file cannot be read or a row is malformed.
            UsageError: if the part cannot be written.
        """
        schema = self.answer.schema
        predicted = prediction_schema(self.answer.top_k, self.answer.probabilities, self.answer.task)
        rows = replaced = 0
        content = io.BytesIO()

        def classify(batch: RowBatch) -> tuple[pa.RecordBatch, int]:
            logits = self.logits(batch.texts)
            labels, answer = self.classifier.labels, self.answer
            return ranked(logits, labels, predicted, answer.top_k, answer.task), batch.replaced

        own, _ = own_columns(self.classifier.config.data, unit.source, unit.section.format)
        columns = self.answer.text_columns or own
        with (
            open_source(unit.source, streamed=unit.section.end is None) as stream,
            pq.ParquetWriter(content, schema) as writer,
        ):
            for predictions, replaced_here in ordered_map(
                classify, read_section(stream, unit.source, unit.section, columns)
            ):
                first = unit.section.row + rows
                writer.write_batch(_located(predictions, unit.source, first, schema))
                rows += len(predictions)
                replaced += replaced_here
        self.out.write(unit.part, content.getvalue())
        return rows, replaced


def _located(predictions: pa.RecordBatch, source: str, first: int, schema: pa.Schema) -> pa.RecordBatch:
    """Predictions with the file and the row that they are of."""
    count = len(predictions)
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([source]))
    numbers = pa.array(np.arange(first, first + count))
    return pa.record_batch([names, numbers, *predictions.columns], schema=schema)
