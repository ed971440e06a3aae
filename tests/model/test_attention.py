"""Attention written out for training, with a gradient of its own, against torch's."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from cct_text.model.attention import FEW_TOKENS, Attention, plain_attention


def inputs(tokens, *, dtype=torch.float32, size=8, heads=2, batch=3):
    qkv = torch.randn(batch, tokens, 3 * heads * size).to(dtype).requires_grad_()
    keys = torch.arange(tokens) < torch.arange(tokens, tokens - batch, -1).clamp(min=1).unsqueeze(1)
    return qkv, keys[:, None, None, :]


def torchs(qkv, keys, heads=2):
    query, key, value = qkv.unflatten(2, (3, heads, -1)).permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(query, key, value, attn_mask=keys).transpose(1, 2).flatten(2)


@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_its_gradient_is_that_of_its_output(rate):
    qkv, keys = inputs(4, dtype=torch.float64, size=3)

    def attend(qkv):
        torch.manual_seed(1)  # the same weights dropped each time
        return plain_attention(qkv, keys, 2, rate)

    assert torch.autograd.gradcheck(attend, qkv)


@pytest.mark.parametrize("tokens", [1, 5, FEW_TOKENS + 1])
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 0.05)])
def test_it_equals_torchs_attention(tokens, dtype, error):
    qkv, keys = inputs(tokens, dtype=dtype)
    exact = qkv.detach().float().requires_grad_()
    gradient = torch.randn(3, tokens, 16)
    plain, expected = plain_attention(qkv, keys, 2, 0.0), torchs(exact, keys)
    assert plain.dtype == dtype
    torch.testing.assert_close(plain.float(), expected, atol=error, rtol=0)
    plain.backward(gradient.to(dtype))
    expected.backward(gradient)
    torch.testing.assert_close(qkv.grad.float(), exact.grad, atol=error, rtol=0)


def test_dropout_takes_its_share_of_the_weights_and_keeps_the_mean():
    qkv, keys = inputs(40, batch=20, size=4)
    expected = torchs(qkv, keys)
    dropped = torch.stack([plain_attention(qkv, keys, 2, 0.3) for _ in range(200)])
    assert (dropped.mean(dim=0) - expected).abs().max() < 0.3
    assert (dropped.mean(dim=0) - expected).abs().mean() < 0.02
    assert (dropped[0] - expected).abs().mean() > 0.03


@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_training_without_dropout_says_what_evaluation_says(dropout, dtype):
    attention = Attention(16, 2, dropout=dropout, projection_dropout=0.0).to(dtype)
    x = torch.randn(3, 7, 16).to(dtype)
    keys = inputs(7)[1]
    evaluated = attention.eval()(x, keys)
    attention.dropout = 1e-9 if dropout else 0.0  # so little that nothing is dropped, and still the other path
    torch.testing.assert_close(
        attention.train()(x, keys), evaluated, atol=0.02 if dtype is torch.bfloat16 else 1e-6, rtol=0
    )
