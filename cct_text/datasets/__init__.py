"""Data sets: registered names, official formats, users' files, the hub.

The names are imported when they are first asked for: what is registered can be looked up without Arrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cct_text.lazy import names_from

if TYPE_CHECKING:
    from cct_text.datasets.dataset import Dataset, Split
    from cct_text.datasets.loading import load_dataset

__all__ = ["Dataset", "Split", "load_dataset"]

_HOMES = {
    "Dataset": "cct_text.datasets.dataset",
    "Split": "cct_text.datasets.dataset",
    "load_dataset": "cct_text.datasets.loading",
}

__getattr__ = names_from(__name__, _HOMES)
