"""Data sets of the Hugging Face hub, through the `datasets` library."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cct_text.datasets.columns import find_columns
from cct_text.datasets.dataset import Split, natural_order
from cct_text.datasets.label_sets import (
    WAY_OUT,
    first_unknown,
    label_array,
    require_joinable,
    split_labels,
)
from cct_text.datasets.registry import HubSource
from cct_text.errors import DataError, ResourceError, UsageError
from cct_text.hub.access import by_https_alone, hub_answers, quiet_libraries, why_not

logger = logging.getLogger(__name__)

_SPLITS = {"train": ("train",), "dev": ("validation", "valid", "dev"), "test": ("test",)}


def load_from_hub(
    name: str,
    text_columns: Sequence[str] = (),
    label_column: str | None = None,
    *,
    separator: str | None = None,
    revision: str | None = None,
) -> tuple[tuple[str, ...], dict[str, Split]]:
    """Labels and splits of a data set: `ORG/NAME`, `ORG/NAME:CONFIGURATION`, or a folder in the hub's layout.

    The endpoint is that of $HF_ENDPOINT; $HF_HUB_OFFLINE is honoured. A dev or test split without labels is left out.
    With a separator a row may have several labels, or none: a list of strings or class labels, or one string.

    Raises:
        UsageError: if the name is empty.
        ResourceError: if it cannot be fetched.
        DataError: if the folder is not there, it has no train split, the columns cannot be found, or a row has no label or
            one that train lacks.
    """
    loaded = _fetch(name, revision)
    found = {ours: next((theirs for theirs in names if theirs in loaded), None) for ours, names in _SPLITS.items()}
    tables = {ours: loaded[theirs] for ours, theirs in found.items() if theirs is not None}
    if "train" not in tables:
        raise DataError(f"hf:{name}: has no train split, only {', '.join(map(str, loaded))}")
    texts, label = find_columns(
        tables["train"].column_names, text_columns, label_column, labelled=True, path=f"hf:{name}"
    )
    assert label is not None
    if separator is not None:
        return _with_label_sets(tables, texts, label, separator, f"hf:{name}")
    _refuse_lists(tables["train"], label, f"hf:{name}")
    labels = _labels(tables["train"], label)
    splits = {}
    for split, table in tables.items():
        source = f"hf:{name}: {found[split]}"
        indices = _indices(table, label, labels, source)
        if split != "train" and (indices < 0).all():
            logger.warning("%s has no labels and is left out", source)
            continue
        if (indices < 0).any():
            raise DataError(f"{source}: row {int(np.argmax(indices < 0)) + 1} has no label")
        splits[split] = Split(_texts(table, texts, source), indices)
    return labels, splits


def _with_label_sets(
    tables: Mapping[str, Any], texts: list[str], label: str, separator: str, source: str
) -> tuple[tuple[str, ...], dict[str, Split]]:
    """Labels and splits where a row may have several labels, or none."""
    rows = {split: _rows_of_labels(table, label, separator) for split, table in tables.items()}
    labels = _class_names(tables["train"], label) or natural_order({name for row in rows["train"] for name in row})
    require_joinable(labels, separator, source)
    splits = {}
    for split, found in rows.items():
        if split != "train" and not any(found):
            logger.warning("%s: %s has no labels and is left out", source, split)
            continue
        if (unknown := first_unknown(found, labels)) is not None:
            number, name = unknown
            raise DataError(
                f"{source}: {split}: row {number + 1}: label {name!r} never occurs in train; "
                f"known are {', '.join(labels[:20])}"
            )
        where = f"{source}: {split}"
        splits[split] = Split(_texts(tables[split], texts, where), label_array(found, labels, several=True))
    return labels, splits


def _rows_of_labels(table: Any, column: str, separator: str) -> list[list[str]]:  # noqa: ANN401
    """The labels of each row; none where the column is not there."""
    if column not in table.column_names:
        return [[] for _ in range(len(table))]
    names = _class_names(table, column)
    values = table.with_format("arrow")[:][column]
    if names is not None:
        # One number or a list of them; -1 is what the hub has where there is no label.
        several = pa.types.is_nested(values.type)
        numbers = [value or [] if several else [value] for value in values.to_pylist()]
        return [[names[number] for number in row if number is not None and number >= 0] for row in numbers]
    if pa.types.is_nested(values.type):
        return [[name for item in row or [] if (name := str(item).strip())] for row in values.to_pylist()]
    return [split_labels(cell, separator) for cell in _strings(table, column, "train").to_pylist()]


def _class_names(table: Any, column: str) -> tuple[str, ...] | None:  # noqa: ANN401
    """The names of a column of class labels, or of lists of them; None where it is of something else."""
    feature = table.features[column]
    names = getattr(getattr(feature, "feature", feature), "names", None)
    return None if names is None else tuple(names)


def _refuse_lists(train: Any, column: str, source: str) -> None:  # noqa: ANN401
    if pa.types.is_nested(train.with_format("arrow")[:0][column].type):
        raise DataError(f"{source}: column {column!r} holds lists of labels; {WAY_OUT}")


def load_registered_from_hub(source: HubSource, labels: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, Split]]:
    """Labels and splits of a registered data set as its official files give them: cleaned, classes in their order.

    Args:
        source: where it is on the hub.
        labels: class names in their order; that of the alphabet where empty.

    Raises:
        ResourceError: if it cannot be fetched.
        DataError: if its columns are not those of `source`, or its classes are others.
    """
    theirs, splits = load_from_hub(source.name, source.text_columns, source.label_column, revision=source.revision)
    labels = labels or tuple(sorted(theirs))
    if set(labels) != set(theirs):
        raise DataError(f"hf:{source.name}: has the classes {', '.join(theirs)}, expected {', '.join(labels)}")
    order = np.array([labels.index(label) for label in theirs], dtype=np.int64)
    return labels, {
        name: Split(_cleaned(split.texts, source.clean), order[split.labels]) for name, split in splits.items()
    }


def _cleaned(texts: pa.ChunkedArray, clean: Callable[[str], str] | None) -> pa.ChunkedArray:
    if clean is None:
        return texts
    return pa.chunked_array(
        [pa.array([clean(text) for text in chunk.to_pylist()], pa.string()) for chunk in texts.chunks], pa.string()
    )


def _fetch(name: str, revision: str | None) -> Any:  # noqa: ANN401 - a datasets.DatasetDict, imported lazily
    import datasets

    path, _, configuration = name.partition(":")
    if not path:
        raise UsageError("hf: names no data set; give hf:ORG/NAME or hf:FOLDER")
    local = Path(path).is_dir()
    if not local and path.startswith((".", "/", "~")):
        raise DataError("no such folder", path=path)
    reachable = local or (not datasets.config.HF_HUB_OFFLINE and hub_answers())
    why, remedy = why_not(offline=bool(datasets.config.HF_HUB_OFFLINE))
    datasets.disable_progress_bars()
    try:
        with quiet_libraries(), by_https_alone(), _offline(not reachable):
            loaded = datasets.load_dataset(path, configuration or None, revision=revision)
    except Exception as error:  # The library raises errors of a dozen packages for "not there" and "no network".
        if not reachable:
            raise ResourceError(
                f"hf:{name}: {why}, and no copy is in the cache; {remedy}, "
                "or give a folder that holds the data set's files as hf:FOLDER"
            ) from None
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ResourceError(f"hf:{name}: cannot be loaded: {reason[:300]}") from None
    if not reachable:
        logger.warning("hf:%s: %s; using the copy in the cache", name, why)
    return loaded


@contextmanager
def _offline(wanted: bool) -> Iterator[None]:
    """The `datasets` library looks into its cache only."""
    import datasets

    before = datasets.config.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = before or wanted
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE = before


def _labels(train: Any, column: str) -> tuple[str, ...]:  # noqa: ANN401 - a datasets.Dataset, imported lazily
    feature = train.features[column]
    if hasattr(feature, "names"):
        return tuple(feature.names)
    return natural_order(set(pc.unique(_strings(train, column, "train")).to_pylist()) - {""})


def _indices(table: Any, column: str, labels: tuple[str, ...], source: str) -> np.ndarray:  # noqa: ANN401
    """Classes of the rows, int64 (N,); -1 where there is none, as the hub itself marks it."""
    if column not in table.column_names:
        return np.full(len(table), -1, dtype=np.int64)
    if hasattr(table.features[column], "names"):
        values = pc.fill_null(table.with_format("arrow")[:][column].cast(pa.int64()), -1)
        return np.asarray(values.to_numpy(), dtype=np.int64)
    values = _strings(table, column, source)
    found = pc.fill_null(pc.index_in(values, value_set=pa.array(labels, pa.string())), -1).to_numpy()
    unknown = pc.and_(pc.equal(found, -1), pc.not_equal(values, "")).to_numpy()
    if unknown.any():
        row = int(np.argmax(unknown))
        raise DataError(
            f"{source}: row {row + 1}: label {values[row].as_py()!r} never occurs in train; "
            f"known are {', '.join(labels[:20])}"
        )
    return np.asarray(found, dtype=np.int64)


def _texts(table: Any, columns: list[str], source: str) -> pa.ChunkedArray:  # noqa: ANN401
    strings = [_strings(table, column, source) for column in columns]
    return strings[0] if len(strings) == 1 else pc.utf8_trim_whitespace(pc.binary_join_element_wise(*strings, " "))


def _strings(table: Any, column: str, source: str) -> pa.ChunkedArray:  # noqa: ANN401
    """A column as string (N,), empty where it is null."""
    if column not in table.column_names:
        raise DataError(f"{source}: no column {column!r}; it has {', '.join(map(repr, table.column_names))}")
    values = table.with_format("arrow")[:][column]
    try:
        return pc.fill_null(values.cast(pa.string()), "")
    except pa.ArrowException:
        raise DataError(f"{source}: column {column!r} holds {values.type}, not text") from None
