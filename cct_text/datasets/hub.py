"""Data sets of the Hugging Face hub, through the `datasets` library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cct_text.datasets.columns import find_columns
from cct_text.datasets.dataset import Split
from cct_text.errors import DataError, ResourceError

_SPLITS = {"train": ("train",), "dev": ("validation", "valid", "dev"), "test": ("test",)}


def load_from_hub(
    name: str, text_columns: Sequence[str] = (), label_column: str | None = None, *, revision: str | None = None
) -> tuple[tuple[str, ...], dict[str, Split]]:
    """Labels and splits of a data set: `ORG/NAME`, `ORG/NAME:CONFIGURATION`, or a folder in the hub's layout.

    Raises:
        ResourceError: if it cannot be fetched.
        DataError: if it has no train split, or the columns cannot be found.
    """
    import datasets

    path, _, configuration = name.partition(":")
    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(path, configuration or None, revision=revision)
    except Exception as error:  # The library raises errors of a dozen packages for "not there" and "no network".
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ResourceError(f"hf:{name}: cannot be fetched from the hub: {reason[:200]}") from None
    tables = {
        ours: loaded[theirs] for ours, names in _SPLITS.items() for theirs in names[:1] + names[1:] if theirs in loaded
    }
    if "train" not in tables:
        raise DataError(f"hf:{name}: has no train split, only {', '.join(loaded)}")
    texts, label = find_columns(
        tables["train"].column_names, text_columns, label_column, labelled=True, path=f"hf:{name}"
    )
    assert label is not None
    labels = _labels(tables["train"], label)
    return labels, {split: _split(table, texts, label, labels, f"hf:{name}") for split, table in tables.items()}


def _labels(train: Any, column: str) -> tuple[str, ...]:  # noqa: ANN401 - a datasets.Dataset, imported lazily
    feature = train.features[column]
    if hasattr(feature, "names"):
        return tuple(feature.names)
    return tuple(sorted({str(value) for value in train.unique(column)}))


def _split(table: Any, texts: list[str], label: str, labels: tuple[str, ...], source: str) -> Split:  # noqa: ANN401
    arrow = table.with_format("arrow")[:]
    columns = [pc.fill_null(arrow[column].cast(pa.string()), "") for column in texts]
    joined = columns[0] if len(columns) == 1 else pc.utf8_trim_whitespace(pc.binary_join_element_wise(*columns, " "))
    values = arrow[label]
    if pa.types.is_integer(values.type) and hasattr(table.features[label], "names"):
        indices = values.to_numpy()
    else:
        found = pc.index_in(values.cast(pa.string()), value_set=pa.array(labels))
        if found.null_count:
            raise DataError(f"{source}: a label of a split never occurs in train; known are {', '.join(labels[:20])}")
        indices = found.to_numpy()
    joined = joined if isinstance(joined, pa.ChunkedArray) else pa.chunked_array([joined])
    return Split(joined, np.asarray(indices, dtype=np.int64))
