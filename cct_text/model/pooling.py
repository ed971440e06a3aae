"""Tokens to one vector per text. All poolings have one interface and read the real tokens only.

Each can stand behind any encoder: hidden states (B, T, D) and their mask (B, T), True = real token, to (B, D).
`weights` tells how much each token counts: (B, T) float32, exactly 0 on pads, rows sum to 1. A text without a real
token has all weights 0 and becomes the zero vector.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cct_text.config import Pooling

TIE = 1e-5
"""Tokens closer than this to a maximum, relative to it or to 1, hold it too."""


class SeqPool(nn.Module):
    """Sequence pooling: softmax(g(x)^T) x with g: R^D -> R (arXiv 2104.05704, section 3.2).

    Args:
        dim: D.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.score = nn.Linear(dim, 1)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D) and (B, T) bool to (B, D)."""
        weights = self.weights(hidden, mask).to(hidden.dtype).unsqueeze(1)  # (B, 1, T)
        return (weights @ hidden).squeeze(1)  # (B, D)

    def weights(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T) float32; the softmax is taken in float32 whatever the hidden states are."""
        scores = self.score(hidden).squeeze(-1).float()  # (B, T)
        scores = scores.masked_fill(~mask, torch.finfo(torch.float32).min)
        weights: Tensor = scores.softmax(dim=1) * mask
        return weights


class MeanPool(nn.Module):
    """The mean of the real tokens."""

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D) and (B, T) bool to (B, D)."""
        weights = self.weights(hidden, mask).to(hidden.dtype).unsqueeze(1)  # (B, 1, T)
        return (weights @ hidden).squeeze(1)  # (B, D)

    def weights(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T) float32: the same for all real tokens."""
        return mask / mask.sum(dim=1, keepdim=True).clamp(min=1)


class MaxPool(nn.Module):
    """The maximum over the real tokens, dimension by dimension."""

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D) and (B, T) bool to (B, D)."""
        lowest = torch.finfo(hidden.dtype).min
        best = hidden.masked_fill(~mask.unsqueeze(-1), lowest).amax(dim=1)  # (B, D)
        return best.masked_fill(~mask.any(dim=1, keepdim=True), 0.0)

    def weights(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T) float32: the share of dimensions whose maximum a token holds; tokens that tie share a dimension.

        A word that stands twice gives two equal tokens where there are no positions. Rounding must not choose one.
        """
        hidden = hidden.float().masked_fill(~mask.unsqueeze(-1), torch.finfo(torch.float32).min)  # (B, T, D)
        best = hidden.amax(dim=1, keepdim=True)  # (B, 1, D)
        holds = (hidden >= best - TIE * best.abs().clamp(min=1.0)).float()  # (B, T, D)
        weights: Tensor = (holds / holds.sum(dim=1, keepdim=True)).mean(dim=2) * mask
        return weights


class ClassTokenPool(nn.Module):
    """The first token, which the model puts before the others."""

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D) and (B, T) bool to (B, D)."""
        return hidden[:, 0]

    def weights(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, T) float32: 1 for the first token."""
        weights = torch.zeros(mask.shape, device=mask.device)
        weights[:, 0] = 1.0
        return weights


AnyPool = SeqPool | MeanPool | MaxPool | ClassTokenPool


def build_pooling(name: Pooling, dim: int) -> AnyPool:
    """A pooling by its name, with new weights, for hidden states of width D."""
    if name == "seqpool":
        return SeqPool(dim)
    if name == "mean":
        return MeanPool()
    if name == "max":
        return MaxPool()
    return ClassTokenPool()
