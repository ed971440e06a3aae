"""Logits as the columns that are written: the most probable labels of each row, and their probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from cct_text.datasets.label_sets import as_lists, in_order
from cct_text.errors import UsageError
from cct_text.inference.task import Task


def require_top_k(top_k: int, labels: Sequence[str]) -> None:
    """Refuse a number of labels that the model does not have.

    Raises:
        UsageError: if `top_k` is not 1 to C.
    """
    classes = len(labels)
    if not 1 <= top_k <= classes:
        raise UsageError(f"top-k {top_k}: the run has {classes} labels, so 1 to {classes}")


def prediction_schema(top_k: int, probabilities: bool, task: Task) -> pa.Schema:
    """`label` and `probability`; with `top_k` above 1 `label_1`, `probability_1`, `label_2`, ...

    Where a text may have several labels, both are lists, unless `top_k` asks for so many.
    """
    if task.several and top_k == 1:
        lists = {"label": pa.list_(pa.string()), "probability": pa.list_(pa.float32())}
        return pa.schema(list(lists.items())[: 1 + probabilities])
    endings = [""] if top_k == 1 else [f"_{rank}" for rank in range(1, top_k + 1)]
    kinds = {"label": pa.string(), "probability": pa.float32()} if probabilities else {"label": pa.string()}
    return pa.schema([(name + ending, kind) for ending in endings for name, kind in kinds.items()])


def ranked(logits: np.ndarray, labels: Sequence[str], schema: pa.Schema, top_k: int, task: Task) -> pa.RecordBatch:
    """The `top_k` most probable labels of each row and, where the schema has room, their probabilities.

    Where a text may have several labels and `top_k` is 1, those that are said of it.

    Args:
        logits: (N, C).
        labels: C names.
        schema: of `prediction_schema`.
        top_k: 1 to C.
        task: how the logits are read.
    """
    if task.several and top_k == 1:
        return _sets(logits, labels, schema, task)
    ranking = np.argsort(-logits, axis=1, kind="stable")[:, :top_k]  # (N, top_k)
    shares = np.take_along_axis(task.probabilities(logits), ranking, axis=1)
    names = pa.array(labels, pa.string())
    columns = [
        column
        for rank in range(top_k)
        for column in (names.take(pa.array(ranking[:, rank])), pa.array(shares[:, rank], pa.float32()))
    ]
    return pa.record_batch(columns if len(schema) == len(columns) else columns[::2], schema=schema)


def _sets(logits: np.ndarray, labels: Sequence[str], schema: pa.Schema, task: Task) -> pa.RecordBatch:
    said = task.says(logits)
    rows, columns = in_order(said, logits)
    names = pa.array(labels, pa.string()).take(pa.array(columns))
    lists = [names, pa.array(task.probabilities(logits)[rows, columns], pa.float32())]
    return pa.record_batch([as_lists(said, values) for values in lists[: len(schema)]], schema=schema)
