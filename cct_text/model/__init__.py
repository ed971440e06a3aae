"""The network: word embedding, convolutional tokenizer, encoder, pooling, and the zoo of named models."""

from cct_text.model.classifier import TextTransformer
from cct_text.model.pooling import ClassTokenPool, MaxPool, MeanPool, SeqPool
from cct_text.model.zoo import MODEL_NAMES, build_model, parameter_counts, resolve_architecture

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
