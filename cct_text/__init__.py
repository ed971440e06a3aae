"""Compact Convolutional Transformers for text classification.

    from cct_text import TextClassifier, SeqPool, build_model, load_dataset, load_vectors

The names are imported when they are first asked for: `import cct_text` alone costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cct_text.datasets import load_dataset
    from cct_text.inference.classifier import TextClassifier
    from cct_text.model import SeqPool, build_model
    from cct_text.vectors import load_vectors

__all__ = ["SeqPool", "TextClassifier", "build_model", "load_dataset", "load_vectors"]

_HOMES = {
    "SeqPool": "cct_text.model",
    "TextClassifier": "cct_text.inference.classifier",
    "build_model": "cct_text.model",
    "load_dataset": "cct_text.datasets",
    "load_vectors": "cct_text.vectors",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
