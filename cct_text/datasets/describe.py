"""What there is to know about a data set before one trains on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.compute as pc

from cct_text.datasets.dataset import Dataset, Split
from cct_text.datasets.loading import find_files
from cct_text.datasets.registry import ENTRIES

QUANTILES = {"p5": 0.05, "median": 0.5, "p95": 0.95, "p99": 0.99, "longest": 1.0}


def registered(data_dir: str | None = None) -> list[dict[str, Any]]:
    """Every registered data set: name, title, number of classes where it is known, folder of its files if they are here."""
    rows = []
    for entry in ENTRIES.values():
        found = find_files(entry, data_dir)
        folder = None if found is None else "embedded" if not found else str(next(iter(found.values())).parent)
        rows.append({"name": entry.name, "title": entry.title, "classes": len(entry.labels) or None, "found": folder})
    return rows


def describe(dataset: Dataset, split_words: Callable[[Any], Any]) -> dict[str, Any]:
    """Splits, class balance, lengths, duplicates, checksums, source and licence of a data set.

    Args:
        dataset: what was loaded.
        split_words: texts (N,) to their words, list<string> (N,).

    Returns:
        "rows", "classes" (rows by label), "without_labels" (None where each row has one) and "words" (quantiles of the length)
        of each split; "duplicates" with the rows of train that stand in it before, with any label, and the rows of dev and
        test that stand in train.
    """
    entry = ENTRIES.get(dataset.name)
    splits = {"train": dataset.train, "dev": dataset.dev, "test": dataset.test}
    present = {name: split for name, split in splits.items() if split is not None and len(split)}
    return {
        "name": dataset.name,
        "title": entry.title if entry else None,
        "source": dataset.source,
        "text_columns": list(dataset.text_columns),
        "licence": entry.licence if entry else None,
        "homepage": entry.homepage if entry else None,
        "labels": list(dataset.labels),
        "dev_is_cut": dataset.dev_is_cut,
        "splits": {name: _describe_split(split, dataset.labels, split_words) for name, split in present.items()},
        "duplicates": {
            "train_in_train": len(dataset.train) - len(pc.unique(dataset.train.texts)),
            "dev_in_train": int(pc.sum(pc.is_in(dataset.dev.texts, value_set=dataset.train.texts)).as_py() or 0),
            "test_in_train": int(dataset.test_seen_in_train.sum()),
        },
        "files": dataset.files,
        "sha256": dataset.sha256,
    }


def _describe_split(split: Split, labels: tuple[str, ...], split_words: Callable[[Any], Any]) -> dict[str, Any]:
    several = split.labels.ndim == 2
    counts = split.labels.sum(axis=0) if several else np.bincount(split.labels, minlength=len(labels))
    lengths = np.concatenate([pc.list_value_length(split_words(chunk)).to_numpy() for chunk in split.texts.chunks])
    # The smallest length that so many texts do not exceed.
    at = np.quantile(lengths, list(QUANTILES.values()), method="inverted_cdf")
    return {
        "rows": len(split),
        "classes": {label: int(count) for label, count in zip(labels, counts, strict=True)},
        "without_labels": int((~split.labels.any(axis=1)).sum()) if several else None,
        "words": {name: int(length) for name, length in zip(QUANTILES, at, strict=True)},
    }
