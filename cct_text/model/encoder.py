"""The transformer encoder, block for block as published."""

from __future__ import annotations

from torch import Tensor, nn

from cct_text.model.attention import Attention
from cct_text.model.dropout import Dropout


class StochasticDepth(nn.Module):
    """Drops a block's whole branch for a share of the texts in training, and scales the others up (arXiv 1603.09382).

    Args:
        rate: share of texts.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, branch: Tensor) -> Tensor:
        """The branch (B, T, D), all zeros for the dropped texts."""
        if not self.training or self.rate == 0.0:
            return branch
        kept = branch.new_empty(branch.shape[0], 1, 1).bernoulli_(1.0 - self.rate)  # (B, 1, 1)
        return branch * kept.div_(1.0 - self.rate)


class Block(nn.Module):
    """One encoder block. The second norm stands ON the residual stream, not beside it: that is the published order.

    Args:
        width: D.
        heads: H.
        mlp_width: hidden width of the MLP.
        dropout: after the attention's projection and after each layer of the MLP.
        attention_dropout: on the attention weights.
        drop_path: rate of stochastic depth.
    """

    def __init__(
        self, width: int, heads: int, mlp_width: int, *, dropout: float, attention_dropout: float, drop_path: float
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout=attention_dropout, projection_dropout=dropout)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, mlp_width),
            nn.GELU(),
            Dropout(dropout),
            nn.Linear(mlp_width, width),
            Dropout(dropout),
        )
        self.drop_path = StochasticDepth(drop_path)

    def forward(self, x: Tensor, keys: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D); `keys` as in `Attention`."""
        x = x + self.drop_path(self.attention(self.norm1(x), keys))
        x = self.norm2(x)
        output: Tensor = x + self.drop_path(self.mlp(x))
        return output


class Encoder(nn.Module):
    """Blocks and a final norm; stochastic depth rises linearly from 0 at the first block to its rate at the last.

    Args:
        width: D.
        layers: number of blocks.
        heads: H.
        mlp_width: hidden width of the MLPs.
        dropout: as in `Block`.
        attention_dropout: as in `Block`.
        stochastic_depth: rate of the last block.
    """

    def __init__(
        self,
        width: int,
        layers: int,
        heads: int,
        mlp_width: int,
        *,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        stochastic_depth: float = 0.0,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(
                width,
                heads,
                mlp_width,
                dropout=dropout,
                attention_dropout=attention_dropout,
                drop_path=stochastic_depth * layer / max(1, layers - 1),
            )
            for layer in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Tokens (B, T, D) and their mask (B, T) bool to hidden states (B, T, D)."""
        keys = attendable(mask)  # (B, 1, 1, T)
        for block in self.blocks:
            x = block(x, keys)
        output: Tensor = self.norm(x)
        return output

    def last_attention(self, x: Tensor, mask: Tensor) -> Tensor:
        """The last block's attention weights, averaged over its heads: (B, T, T), rows sum to 1."""
        keys = attendable(mask)
        *before, last = self.blocks
        for block in before:
            x = block(x, keys)
        weights: Tensor = last.attention.weights(last.norm1(x), keys)  # type: ignore[union-attr, operator]
        return weights.mean(dim=1)


def attendable(mask: Tensor) -> Tensor:
    """Keys (B, 1, 1, T) that attention may look at, from the mask (B, T).

    A row without a real token may look at all of them: no pooling reads what comes out, but a softmax over nothing
    would be NaN.
    """
    return (mask | ~mask.any(dim=1, keepdim=True))[:, None, None, :]
