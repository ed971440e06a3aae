"""Multi-head self-attention, and a core of it for training on a CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cct_text.model.dropout import Dropout, dropout_factors

FEW_TOKENS = 24
"""The products of so few queries and keys take longer in bf16 than in fp32 on a CPU, casts counted."""


class Attention(nn.Module):
    """Multi-head self-attention among the real tokens; query, key and value without bias, output projection with.

    Args:
        width: D.
        heads: H; divides D.
        dropout: on the attention weights.
        projection_dropout: on the output.
    """

    def __init__(self, width: int, heads: int, *, dropout: float, projection_dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.projection = nn.Linear(width, width)
        self.projection_dropout = Dropout(projection_dropout)

    def forward(self, x: Tensor, keys: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D); `keys` (B, 1, 1, T) bool, True = may be attended to, at least one in each row."""
        qkv = self.qkv(x)  # (B, T, 3 D)
        rate = self.dropout if self.training else 0.0
        # On a CPU torch's fused attention knows no dropout, and its backward pass is slow in bf16.
        if self.training and x.device.type == "cpu" and (rate > 0.0 or qkv.dtype is torch.bfloat16):
            x = plain_attention(qkv, keys, self.heads, rate)  # (B, T, D)
        else:
            query, key, value = self._heads(qkv)  # (B, H, T, D / H) each
            x = F.scaled_dot_product_attention(query, key, value, attn_mask=keys, dropout_p=rate)  # (B, H, T, D / H)
            x = x.transpose(1, 2).flatten(2)  # (B, T, D)
        output: Tensor = self.projection_dropout(self.projection(x))  # (B, T, D)
        return output

    def weights(self, x: Tensor, keys: Tensor) -> Tensor:
        """How much each token attends to each other: (B, H, T, T), rows sum to 1."""
        query, key, _ = self._heads(self.qkv(x))
        scores = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5  # (B, H, T, T)
        weights: Tensor = scores.float().masked_fill(~keys, -torch.inf).softmax(dim=-1)
        return weights

    def _heads(self, qkv: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value = qkv.view(*qkv.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return query, key, value  # (B, H, T, D / H) each


def plain_attention(qkv: Tensor, keys: Tensor, heads: int, rate: float) -> Tensor:
    """softmax(Q K^T / sqrt(D / H)) V with dropout on the weights: (B, T, 3 D) to (B, T, D).

    Args:
        qkv: queries, keys and values, in this order.
        keys: as in `Attention`.
        heads: H.
        rate: share of the weights set to zero, the others scaled up.
    """
    output: Tensor = _PlainAttention.apply(qkv, keys, heads, rate)  # type: ignore[no-untyped-call]
    return output


class _PlainAttention(torch.autograd.Function):
    """Written out with its gradient, so that heads are laid out, cast and put together once and not tensor by tensor."""

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)  # type: ignore[untyped-decorator]  # of autocast
    def forward(ctx: Any, qkv: Tensor, keys: Tensor, heads: int, rate: float) -> Tensor:  # noqa: ANN401 - torch's context
        batch, tokens, _ = qkv.shape
        size = qkv.shape[2] // (3 * heads)
        dtype = torch.float32 if qkv.dtype is torch.bfloat16 and tokens < FEW_TOKENS else qkv.dtype
        parts = torch.empty(3, batch, heads, tokens, size, dtype=dtype)
        parts.copy_(qkv.view(batch, tokens, 3, heads, size).permute(2, 0, 3, 1, 4))
        query, key, value = parts.flatten(1, 2)  # (B H, T, D / H) each
        scores = _product(query, key.transpose(1, 2), size**-0.5)  # (B H, T, T)
        scores.view(batch, heads, tokens, tokens).masked_fill_(~keys, -torch.inf)
        weights = scores.softmax(dim=2)
        factors = dropout_factors(weights, rate) if rate > 0.0 else None
        attended = torch.bmm(weights if factors is None else weights * factors, value)  # (B H, T, D / H)
        ctx.save_for_backward(parts, weights, factors)
        return _merge(attended.view(batch, heads, tokens, size).transpose(1, 2), qkv.dtype).flatten(2)

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: ANN401 - torch's context
        parts, weights, factors = ctx.saved_tensors
        _, batch, heads, tokens, size = parts.shape
        query, key, value = parts.flatten(1, 2)
        of_attended = _merge(gradient.view(batch, tokens, heads, size).transpose(1, 2), parts.dtype).flatten(0, 1)
        of_weights = torch.bmm(of_attended, value.transpose(1, 2))  # (B H, T, T)
        dropped = weights
        if factors is not None:
            of_weights, dropped = of_weights.mul_(factors), weights * factors
        of_scores = torch._softmax_backward_data(of_weights, weights, 2, weights.dtype)
        of_parts = torch.empty_like(parts)
        of_query, of_key, of_value = of_parts.flatten(1, 2)
        _product(of_scores, key, size**-0.5, out=of_query)
        _product(of_scores.transpose(1, 2), query, size**-0.5, out=of_key)
        torch.bmm(dropped.transpose(1, 2), of_attended, out=of_value)
        return _merge(of_parts.permute(1, 3, 0, 2, 4), gradient.dtype).flatten(2), None, None, None


def _product(a: Tensor, b: Tensor, scale: float, out: Tensor | None = None) -> Tensor:
    """Scaled product of matrices, pair by pair: (N, I, J) and (N, J, K) to (N, I, K)."""
    if out is None:
        out = a.new_empty(len(a), a.shape[1], b.shape[2])
    return torch.baddbmm(out, a, b, beta=0, alpha=scale, out=out)


def _merge(x: Tensor, dtype: torch.dtype) -> Tensor:
    """A contiguous copy in another precision, in one pass."""
    return torch.empty(x.shape, dtype=dtype).copy_(x)
