"""The named models: what `cct-2/1` means, and how to build it or any other size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor, nn

from cct_text.config import ModelConfig, Pooling
from cct_text.errors import UsageError, unknown_name
from cct_text.model.architecture import Architecture
from cct_text.model.classifier import TextTransformer
from cct_text.model.embedding import WordEmbedding

T = TypeVar("T")


@dataclass(frozen=True)
class _Family:
    """What the models of one family share. `width` is D by size; the Transformer has none, its D is E."""

    pooling: Pooling
    conv_layers: int
    overlapping: bool
    width: dict[int, int]


@dataclass(frozen=True)
class _Size:
    """What the models of one size share."""

    heads: int
    mlp_ratio: float


_FAMILIES = {
    "transformer": _Family("class-token", 0, False, {}),
    "vit-lite": _Family("class-token", 1, False, {2: 128, 4: 128, 6: 256}),
    "cvt": _Family("seqpool", 1, False, {2: 128, 4: 128, 6: 128}),
    "cct": _Family("seqpool", 1, True, {2: 128, 4: 128, 6: 256}),
}
_SIZES = {2: _Size(heads=2, mlp_ratio=1.0), 4: _Size(heads=2, mlp_ratio=1.0), 6: _Size(heads=4, mlp_ratio=2.0)}
_KERNELS = (1, 2, 4)

MODEL_NAMES: tuple[str, ...] = tuple(
    f"{name}-{size}{kernel}"
    for name, family in _FAMILIES.items()
    for size in _SIZES
    for kernel in ([f"/{kernel}" for kernel in _KERNELS] if family.conv_layers else [""])
)
"""The 30 models of the paper. Any other number of layers, kernel and number of conv layers has a name as well."""

_NAME = re.compile(
    r"(?P<family>transformer|vit-lite|cvt|cct)-(?P<layers>[1-9]\d{0,2})"
    r"(?:/(?P<kernel>[1-9]\d{0,2})(?:x(?P<conv_layers>[1-9]))?)?"
)


def resolve_architecture(model: str | ModelConfig, embedding_dim: int) -> Architecture:
    """The sizes that a model's name and the options beside it stand for.

    A number of layers other than 2, 4 and 6 takes width, heads and MLP ratio from the next smaller of them (1 from 2).

    Args:
        model: a name (`family-layers/kernel`, optionally `x` conv layers; the Transformer has no kernel), or a
            configuration whose options go before what its name says.
        embedding_dim: E.

    Raises:
        UsageError: if there is no such model, or the sizes do not fit together.
    """
    config = ModelConfig(model=model) if isinstance(model, str) else model
    match = _NAME.fullmatch(config.model)
    family = _FAMILIES[match["family"]] if match else None
    if match is None or family is None or (match["kernel"] and not family.conv_layers):
        raise UsageError(unknown_name("model", config.model, MODEL_NAMES))
    if family.conv_layers and not match["kernel"]:
        choices = " or ".join(f"{config.model}/{kernel}" for kernel in _KERNELS)
        raise UsageError(f"model {config.model!r} names no kernel, the words under one window: give {choices}")
    if not family.conv_layers and (config.kernel is not None or config.conv_layers is not None):
        raise UsageError(
            f"model {config.model} has no convolution: leave kernel and conv_layers out, or choose a cct model"
        )
    layers = _given(config.layers, int(match["layers"]))
    size = max((size for size in _SIZES if size <= int(match["layers"])), default=min(_SIZES))
    return Architecture(
        embedding_dim=embedding_dim,
        width=_given(config.width, family.width.get(size, embedding_dim)),
        layers=layers,
        heads=_given(config.heads, _SIZES[size].heads),
        mlp_ratio=_given(config.mlp_ratio, _SIZES[size].mlp_ratio),
        kernel=_given(config.kernel, int(match["kernel"] or 1)),
        conv_layers=_given(config.conv_layers, int(match["conv_layers"] or family.conv_layers)),
        overlapping=family.overlapping,
        positions=config.positions,
        pooling=_given(config.pooling, family.pooling),
        dropout=config.dropout,
        attention_dropout=config.attention_dropout,
        stochastic_depth=config.stochastic_depth,
    )


def build_model(
    model: str | ModelConfig,
    *,
    num_classes: int,
    vocab_size: int,
    embedding_dim: int,
    max_words: int = 256,
    embedding_dropout: float = 0.0,
    word_dropout: float = 0.0,
    vectors: Tensor | None = None,
    freeze_vectors: bool = False,
) -> TextTransformer:
    """A network with new weights.

    Args:
        model: a name such as `cct-2/1`, or a configuration; see `resolve_architecture`.
        num_classes: C.
        vocab_size: V, pad and unknown word included.
        embedding_dim: E.
        max_words: words of the longest text.
        embedding_dropout: share of word-vector elements set to zero in training.
        word_dropout: share of words replaced by the unknown word in training.
        vectors: (V, E), initial word vectors; random ones when not given.
        freeze_vectors: do not train the word vectors.

    Raises:
        UsageError: if there is no such model, or the sizes do not fit together.
    """
    architecture = resolve_architecture(model, embedding_dim)
    for name, value, least in (
        ("num_classes", num_classes, 1),
        ("vocab_size", vocab_size, 2),
        ("max_words", max_words, 1),
    ):
        if value < least:
            raise UsageError(f"{name} = {value}: expected at least {least}")
    embedding = WordEmbedding(
        vocab_size,
        embedding_dim,
        vectors=vectors,
        freeze=freeze_vectors,
        dropout=embedding_dropout,
        word_dropout=word_dropout,
    )
    return TextTransformer(architecture, embedding, num_classes=num_classes, max_words=max_words)


def parameter_counts(model: TextTransformer) -> tuple[int, int]:
    """Trainable parameters without word vectors and positions, as the paper counts; those of the word vectors."""
    embedding = _trainable(model.embedding)
    return _trainable(model) - embedding - _trainable(model.position_embedding), embedding


def _trainable(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def _given(value: T | None, otherwise: T) -> T:
    return otherwise if value is None else value
