"""What a finished run says of itself: `metrics.json`, read and written with checksums.

The files of the model have their checksums in `config.toml`. What no prediction reads has them here: figures, epochs and
predictions that were damaged, or are of another run, are not taken for those of this one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cct_text.artifacts import HISTORY, METRICS, PREDICTIONS, WEIGHTS, RunFolder
from cct_text.errors import DataError

CHECKSUMS = "sha256"
"""Key of `metrics.json`: SHA-256 by file name, and under its own name that of its other values."""
_TOLD_OF = (WEIGHTS, HISTORY, PREDICTIONS)

_UNLIKE_FIGURES = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What is raised by who takes JSON that no run of this version wrote for its figures."""


def has_figures(folder: RunFolder) -> bool:
    """Whether the folder holds a finished run; its figures are the last that a run writes."""
    return folder.file(METRICS).exists()


def write_figures(folder: RunFolder, figures: Mapping[str, Any]) -> None:
    """Write `metrics.json`, after the files that it tells of.

    Raises:
        UsageError: if the folder cannot be written to.
    """
    checksums = {name: _sha256(folder.read(name)) for name in _TOLD_OF if folder.file(name).exists()}
    folder.write_json(METRICS, {**figures, CHECKSUMS: {METRICS: _sha256_of_values(figures, checksums), **checksums}})


def read_figures(folder: RunFolder) -> dict[str, Any]:
    """What `write_figures` was given, after it and the files that it tells of, as far as they are there, were found right.

    Raises:
        DataError: if the folder holds no finished run, or one of these files is damaged or of another run; it is named.
    """
    if not has_figures(folder):
        raise DataError("no figures, so no finished run", path=folder.file(METRICS))
    figures = folder.read_json(METRICS)
    checksums = figures.pop(CHECKSUMS, None)
    own = checksums.pop(METRICS, None) if isinstance(checksums, dict) else None
    if own is None or own != _sha256_of_values(figures, checksums):
        raise folder.damaged(METRICS, "it is not as it was written, by its own SHA-256")
    for name in _TOLD_OF:
        if folder.file(name).exists() and _sha256(folder.read(name)) != checksums.get(name):
            if name == WEIGHTS:  # which config.toml vouches for
                raise folder.damaged(METRICS, f"it tells of another {name}")
            raise folder.damaged(name, f"it is not the one that {METRICS} tells of")
    return figures


@contextmanager
def figures_shown(folder: RunFolder) -> Iterator[None]:
    """A block that takes the figures to be those of a run of this version.

    Raises:
        DataError: if they are not.
    """
    try:
        yield
    except _UNLIKE_FIGURES as error:
        why = f"damaged, or of an earlier version: {error}; train again"
        raise DataError(why, path=folder.file(METRICS)) from None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sha256_of_values(figures: Mapping[str, Any], checksums: Mapping[str, Any]) -> str:
    values = json.loads(json.dumps([figures, checksums]))  # names of other types become those that are read again
    return _sha256(json.dumps(values, sort_keys=True).encode())
