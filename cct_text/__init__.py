"""Compact Convolutional Transformers for text classification.

    from cct_text import TextClassifier, SeqPool, build_model, load_dataset, load_vectors

The names are imported when they are first asked for: `import cct_text` alone costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cct_text.lazy import names_from

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

__getattr__ = names_from(__name__, _HOMES)
