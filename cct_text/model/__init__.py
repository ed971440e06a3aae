"""The network: word embedding, convolutional tokenizer, encoder, pooling, and the zoo of named models.

The names are imported when they are first asked for: what a model's name means can be looked up without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cct_text.lazy import names_from

if TYPE_CHECKING:
    from cct_text.model.architecture import MODEL_NAMES, resolve_architecture
    from cct_text.model.classifier import TextTransformer
    from cct_text.model.pooling import ClassTokenPool, MaxPool, MeanPool, SeqPool
    from cct_text.model.zoo import build_model, parameter_counts

__all__ = [
    "MODEL_NAMES",
    "ClassTokenPool",
    "MaxPool",
    "MeanPool",
    "SeqPool",
    "TextTransformer",
    "build_model",
    "parameter_counts",
    "resolve_architecture",
]

_HOMES = {
    "MODEL_NAMES": "cct_text.model.architecture",
    "ClassTokenPool": "cct_text.model.pooling",
    "MaxPool": "cct_text.model.pooling",
    "MeanPool": "cct_text.model.pooling",
    "SeqPool": "cct_text.model.pooling",
    "TextTransformer": "cct_text.model.classifier",
    "build_model": "cct_text.model.zoo",
    "parameter_counts": "cct_text.model.zoo",
    "resolve_architecture": "cct_text.model.architecture",
}

__getattr__ = names_from(__name__, _HOMES)
