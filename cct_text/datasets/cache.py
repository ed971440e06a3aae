"""Splits that were read once, kept as Arrow files: the second time they are mapped into memory, not parsed."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from cct_text.atomic_writes import replace_folder
from cct_text.datasets.dataset import Split, content_digest
from cct_text.download import cache_dir

logger = logging.getLogger(__name__)


def cache_key(**identity: object) -> str:
    """A short name for everything that the content of a cached data set depends on."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()[:24]


def load_cached(key: str) -> tuple[tuple[str, ...], dict[str, Split]] | None:
    """Labels and splits that `save_cached` kept under the key; None where there are none, or they are damaged."""
    folder = cache_dir() / "datasets" / key
    try:
        content = json.loads((folder / "content.json").read_text(encoding="utf-8"))
        labels, splits = tuple(content["labels"]), {}
        for name in content["splits"]:
            table = pa.ipc.open_file(pa.memory_map(str(folder / f"{name}.arrow"))).read_all()
            # Offsets that point anywhere would end the process when a text is looked at.
            table.validate(full=True)
            splits[name] = Split(table["text"], table["label"].to_numpy())
        whole = content_digest(labels, splits) == content["sha256"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, pa.ArrowException):
        return None
    return (labels, splits) if whole else None


def save_cached(key: str, labels: tuple[str, ...], splits: Mapping[str, Split]) -> None:
    """Keep labels and splits, whole or not at all; a cache that cannot be written to is no reason to fail."""
    from filelock import FileLock

    root = cache_dir() / "datasets"
    try:
        root.mkdir(parents=True, exist_ok=True)
        # One at a time: who finds nothing must not take away what another has just put there.
        with FileLock(root.with_name(f"{root.name}.lock")):
            # What another process kept meanwhile is as good; what is damaged gives way.
            if load_cached(key) is None:
                _save(root / key, labels, splits)
    except OSError as error:
        logger.warning("cannot keep the data set in %s (%s); it will be read anew next time", root, error)


def _save(folder: Path, labels: tuple[str, ...], splits: Mapping[str, Split]) -> None:
    with replace_folder(folder) as temporary:
        for name, split in splits.items():
            table = pa.table({"text": split.texts, "label": np.asarray(split.labels, dtype=np.int64)})
            with (
                pa.OSFile(str(temporary / f"{name}.arrow"), "wb") as file,
                pa.ipc.new_file(file, table.schema) as out,
            ):
                out.write_table(table)
        content = {"labels": labels, "splits": list(splits), "sha256": content_digest(labels, splits)}
        (temporary / "content.json").write_text(json.dumps(content), encoding="utf-8")
