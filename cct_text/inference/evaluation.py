"""How well a trained classifier does on labelled texts: its own test split, another data set, a labelled file."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from cct_text.config import DataConfig
from cct_text.datasets import Dataset, Split, load_dataset
from cct_text.datasets.files import AUTO, read_rows
from cct_text.datasets.label_sets import first_unknown, label_array, rows_of_labels
from cct_text.datasets.loading import separator_of
from cct_text.datasets.registry import ENTRIES
from cct_text.errors import DataError, UsageError, listed
from cct_text.hub.names import HUB_PREFIX
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.stream import own_columns
from cct_text.training.objective import split_metrics

logger = logging.getLogger(__name__)


def evaluate(classifier: TextClassifier, data: Dataset | Split) -> dict[str, Any]:
    """Figures on the test split of a data set, or on one split whose classes are the classifier's.

    Returns:
        `rows` and the figures of `split_metrics`: accuracy, macro_f1, loss, ece, ece_by_chance, per_class, confusion_matrix
        and, for the data set that the run was trained on, if some of its test texts stand in train, without_rows_in_train.
        Of a run with `multi_label` also micro_f1.

    Raises:
        DataError: if the test split has a label that the classifier does not know, or there are no rows.
        UsageError: if the data set has no test split.
    """
    seen = None
    if isinstance(data, Dataset):
        if data.name == classifier.config.data.dataset:
            seen = data.test_seen_in_train
        data = rows_of(data, "test", classifier.labels)
    if not len(data):
        raise DataError("no rows to evaluate on")
    logits = classifier.predict_logits(data.texts)
    figures = split_metrics(
        logits, data.labels, classifier.labels, thresholds=classifier.model.thresholds, seen_in_train=seen
    )
    return {"rows": len(data), **figures}


def load_evaluation_data(
    classifier: TextClassifier,
    source: str | None = None,
    *,
    data_dir: str | None = None,
    format: str = AUTO,
    text_columns: Sequence[str] = (),
    label_column: str | None = None,
) -> Dataset | Split:
    """What to evaluate a classifier on.

    Args:
        classifier: the model.
        source: a registered data set, `hf:ORG/NAME` or a labelled file; the run's own data set when not given.
        data_dir: folder with the data sets' official files; the run's own when not given.
        format: of a file; `auto` by its ending or first label.
        text_columns: of a file; the run's own, or found by name, when empty.
        label_column: of a file; the run's own, or found by name, when not given.

    Raises:
        DataError: if the data cannot be used, or the file holds a label that the classifier does not know.
        ResourceError: if the data set is not here and cannot be fetched.
        UsageError: if there is no such data set.
    """
    own = classifier.config.data
    if source is not None and source not in ENTRIES and not source.startswith(HUB_PREFIX) and _names_a_file(source):
        if Path(source).absolute() == Path(own.dataset).absolute():
            logger.warning("%s: the run was trained on these rows; the figures say nothing of new texts", source)
        own_text, own_label = own_columns(own, source, format)
        return read_labelled_file(
            source,
            classifier.labels,
            format=format,
            text_columns=text_columns or own_text,
            label_column=label_column or own_label,
            separator=separator_of(own),
        )
    if format != AUTO:
        raise UsageError(f"format = {format!r}: is that of a file; name one to evaluate on")
    if source is None and own.dataset not in ENTRIES and _names_a_file(own.dataset) and not Path(own.dataset).exists():
        raise DataError("not here, although the run was trained on it; name what to evaluate on", path=own.dataset)
    config = own
    if source not in (None, own.dataset):
        config = DataConfig(dataset=source, multi_label=own.multi_label, label_separator=own.label_separator)
    return load_dataset(
        replace(
            config,
            data_dir=data_dir or own.data_dir,
            text_columns=tuple(text_columns) or config.text_columns,
            label_column=label_column or config.label_column,
        )
    )


def read_labelled_file(
    path: str | Path,
    labels: Sequence[str],
    *,
    format: str = AUTO,
    text_columns: Sequence[str] = (),
    label_column: str | None = None,
    separator: str | None = None,
) -> Split:
    """The texts of a file and their labels as indices of `labels`; with a separator a row may have several, or none.

    Raises:
        DataError: if the file cannot be read, has no rows, or holds a label that is none of `labels`; with the line.
    """
    texts: list[pa.Array] = []
    rows: list[tuple[str, ...]] = []
    replaced = 0
    for batch in read_rows(
        path,
        format=format,
        text_columns=text_columns,
        label_column=label_column,
        labelled=True,
        separator=separator,
    ):
        assert batch.labels is not None
        found = rows_of_labels(batch.labels)
        if () in found and separator is None:
            raise DataError("no label", path=path, line=batch.lines[found.index(())].as_py())
        if (unknown := first_unknown(found, labels)) is not None:
            raise DataError(_unknown(unknown[1], labels), path=path, line=batch.lines[unknown[0]].as_py())
        rows += found
        texts.append(batch.texts)
        replaced += batch.replaced
    if not rows:
        raise DataError("no rows", path=path)
    if separator is not None and not any(rows):
        logger.warning("%s: no row has a label; the figures say how often the run gives none", path)
    if replaced:
        logger.warning("%s: invalid UTF-8 replaced in %d rows", path, replaced)
    return Split(pa.chunked_array(texts), label_array(rows, labels, several=separator is not None))


def rows_of(dataset: Dataset, part: Literal["dev", "test"], labels: Sequence[str]) -> Split:
    """A split of a data set with its classes as indices of `labels`, which may stand in another order.

    Raises:
        DataError: if it has a label that is none of `labels`.
        UsageError: if there is no such split.
    """
    split = dataset.dev if part == "dev" else dataset.test
    if split is None:
        raise UsageError(f"{dataset.name}: has no {part} split; name a labelled file or a data set to evaluate on")
    index = {label: number for number, label in enumerate(labels)}
    several = split.labels.ndim == 2
    occurring = np.flatnonzero(split.labels.any(axis=0)) if several else np.unique(split.labels)
    unknown = [dataset.labels[at] for at in occurring if dataset.labels[at] not in index]
    if unknown:
        raise DataError(f"{dataset.name}: {part}: {_unknown(unknown[0], labels)}")
    if several:
        ours = np.zeros((len(split), len(labels)), dtype=bool)
        ours[:, [index[dataset.labels[at]] for at in occurring]] = split.labels[:, occurring]
        return Split(split.texts, ours)
    known = np.array([index.get(label, -1) for label in dataset.labels])
    return Split(split.texts, known[split.labels])


def _names_a_file(source: str) -> bool:
    return os.sep in source or "." in source or Path(source).exists()


def _unknown(label: str, labels: Sequence[str]) -> str:
    more = f", ... ({len(labels)} in all)" if len(labels) > 20 else ""
    return f"label {label!r}, which the run never had; it has {listed(labels[:20])}{more}"
