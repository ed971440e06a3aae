"""The sizes of one network: what a model's name is resolved to, and what `TextTransformer` builds."""

from __future__ import annotations

from dataclasses import dataclass

from cct_text.config import Pooling, Positions
from cct_text.errors import UsageError


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
    kernel: int
    """Words under one convolution window."""
    conv_layers: int
    """Convolution layers of the tokenizer; 0: the word vectors are the tokens, and D = E."""
    overlapping: bool
    """True: the windows of CCT (overlapping, ReLU, max-pool). False: the patches of ViT-Lite and CVT."""
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
