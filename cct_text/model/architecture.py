"""The sizes of a network, and the named models: what `cct-2/1` means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

from cct_text.config import ModelConfig, Pooling, Positions
from cct_text.errors import UsageError, unknown_name
from cct_text.model.geometry import Windows, shares

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Everything about a network but its vocabulary and its classes.

    Raises:
        UsageError: if the values do not fit together; the message names the option, the value and the way out.
    """

    embedding_dim: int
    """Width E of the word vectors."""
    width: int
    """Width D of the encoder."""
    layers: int
    """Encoder blocks."""
    heads: int
    """Attention heads; they divide the width."""
    mlp_ratio: float
    """Hidden width of a block's MLP as a multiple of D."""
    kernels: tuple[int, ...]
    """Words under the convolution windows; several stand side by side, each with a share of the width."""
    conv_layers: int
    """Convolution layers of the tokenizer; 0: the word vectors are the tokens, and D = E."""
    overlapping: bool
    """True: the windows of CCT (overlapping, ReLU). False: the patches of ViT-Lite and CVT."""
    max_pool: bool
    """Whether the maximum of each two windows is a token (CCT), or each window is."""
    positions: Positions
    """Position embeddings."""
    pooling: Pooling
    """How tokens become one vector."""
    dropout: float = 0.0
    """Dropout in the blocks' MLPs and after their projections."""
    attention_dropout: float = 0.0
    """Dropout on attention weights."""
    stochastic_depth: float = 0.0
    """Drop rate of the last block's branches; 0 at the first block and linear in between."""

    def __post_init__(self) -> None:
        # What each option may be is checked by the configuration; here is what it leaves open, and what fits together.
        if self.embedding_dim < 1:
            raise UsageError(f"embedding_dim = {self.embedding_dim}: expected at least 1")
        if self.mlp_width < 1:
            raise UsageError(f"mlp_ratio = {self.mlp_ratio:g}: leaves an MLP of width 0 with width = {self.width}")
        if self.conv_layers == 0 and self.width != self.embedding_dim:
            raise UsageError(
                f"width = {self.width}: without a convolution the encoder is as wide as the word vectors, "
                f"{self.embedding_dim}; leave width out or choose a cct, cvt or vit-lite model"
            )
        if self.max_pool and not self.overlapping:
            raise UsageError("max_pool = true: patches are not pooled; choose a cct model")
        if len(self.kernels) > self.width:
            raise UsageError(f"kernel = {list(self.kernels)}: more kinds of windows than width = {self.width}")
        if self.width % self.heads:
            divisors = ", ".join(str(n) for n in range(1, min(self.width, 16) + 1) if self.width % n == 0)
            whose = "width" if self.conv_layers else "the word vectors' width"
            raise UsageError(
                f"heads = {self.heads} does not divide {whose} = {self.width}; set heads to one of {divisors}"
            )

    @property
    def mlp_width(self) -> int:
        """Hidden width of a block's MLP."""
        return int(self.width * self.mlp_ratio)

    @property
    def windows(self) -> Windows:
        """The windows of the conv tokenizer; the largest, where there are several kernels."""
        return Windows(max(self.kernels), self.conv_layers, self.overlapping, self.max_pool)

    def tokens(self, max_words: int) -> int:
        """Tokens of the longest text, class token included."""
        return self.windows.tokens(max_words + self.windows.room(max_words)) + (self.pooling == "class-token")


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
    r"(?:/(?P<kernels>[1-9]\d{0,2}(?:\+[1-9]\d{0,2})*)(?:x(?P<conv_layers>[1-9]))?)?"
)


def model_size(name: str) -> tuple[str, str]:
    """Layers and kernels as a model's name writes them: `2` and `1+3+5` of `cct-2/1+3+5`; kernels `1` where it has none.

    Raises:
        UsageError: if there is no such model.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise UsageError(unknown_name("model", name, MODEL_NAMES))
    return match["layers"], match["kernels"] or "1"


def resolve_architecture(model: str | ModelConfig, embedding_dim: int) -> Architecture:
    """The sizes that a model's name and the options beside it stand for.

    A number of layers other than 2, 4 and 6 takes width, heads and MLP ratio from the next smaller of them (1 from 2).

    Args:
        model: a name (`family-layers/kernel`, several kernels joined by `+`, optionally `x` conv layers; the Transformer
            has no kernel), or a configuration whose options go before what its name says.
        embedding_dim: E.

    Raises:
        UsageError: if there is no such model, or the sizes do not fit together.
    """
    config = ModelConfig(model=model) if isinstance(model, str) else model
    match = _NAME.fullmatch(config.model)
    family = _FAMILIES[match["family"]] if match else None
    if match is None or family is None or (match["kernels"] and not family.conv_layers):
        raise UsageError(unknown_name("model", config.model, MODEL_NAMES))
    if family.conv_layers and not match["kernels"]:
        choices = " or ".join(f"{config.model}/{kernel}" for kernel in _KERNELS)
        raise UsageError(f"model {config.model!r} names no kernel, the words under one window: give {choices}")
    if not family.conv_layers and (config.kernel or config.conv_layers is not None or config.max_pool):
        raise UsageError(
            f"model {config.model} has no convolution: leave kernel, conv_layers and max_pool out, or choose a cct model"
        )
    layers = _given(config.layers, int(match["layers"]))
    size = max((size for size in _SIZES if size <= int(match["layers"])), default=min(_SIZES))
    return Architecture(
        embedding_dim=embedding_dim,
        width=_given(config.width, family.width.get(size, embedding_dim)),
        layers=layers,
        heads=_given(config.heads, _SIZES[size].heads),
        mlp_ratio=_given(config.mlp_ratio, _SIZES[size].mlp_ratio),
        kernels=_given(config.kernel, tuple(int(kernel) for kernel in (match["kernels"] or "1").split("+"))),
        conv_layers=_given(config.conv_layers, int(match["conv_layers"] or family.conv_layers)),
        overlapping=family.overlapping,
        max_pool=_given(config.max_pool, family.overlapping),
        positions=config.positions,
        pooling=_given(config.pooling, family.pooling),
        dropout=config.dropout,
        attention_dropout=config.attention_dropout,
        stochastic_depth=config.stochastic_depth,
    )


def weight_shapes(
    architecture: Architecture, *, vocab_size: int, num_labels: int, max_words: int
) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a network's weights, as they are saved.

    Args:
        architecture: the sizes.
        vocab_size: V.
        num_labels: F.
        max_words: words of the longest text.
    """
    dim, width, mlp_width = architecture.embedding_dim, architecture.width, architecture.mlp_width
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (vocab_size, dim)}
    for layer in range(architecture.conv_layers):
        read = width if layer else dim
        for index, (share, kernel) in enumerate(
            zip(shares(width, architecture.kernels), architecture.kernels, strict=True)
        ):
            shapes[f"tokenizer.layers.{layer}.weights.{index}"] = (share, read, kernel)
    if architecture.pooling == "class-token":
        shapes["class_token"] = (1, 1, width)
    if architecture.positions == "learnable":
        shapes["position_embedding.positions"] = (architecture.tokens(max_words), width)
    for layer in range(architecture.layers):
        block = f"encoder.blocks.{layer}."
        for norm in ("norm1", "norm2"):
            shapes[f"{block}{norm}.weight"] = shapes[f"{block}{norm}.bias"] = (width,)
        shapes[f"{block}attention.qkv.weight"] = (3 * width, width)
        shapes |= _linear(f"{block}attention.projection", width, width)
        shapes |= _linear(f"{block}mlp.0", width, mlp_width) | _linear(f"{block}mlp.3", mlp_width, width)
    shapes["encoder.norm.weight"] = shapes["encoder.norm.bias"] = (width,)
    if architecture.pooling == "seqpool":
        shapes |= _linear("pooling.score", width, 1)
    return shapes | _linear("head", width, num_labels)


def _linear(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _given(value: T | None, otherwise: T) -> T:
    return otherwise if value is None else value
