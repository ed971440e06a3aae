"""The encoder against the published equations."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from cct_text.model.encoder import Block, Encoder, StochasticDepth


def published_attention(x, mask, qkv, projection_weight, projection_bias, heads):
    """Masked multi-head self-attention, head by head."""
    width = x.shape[2]
    size = width // heads
    query, key, value = (x @ qkv[part * width : (part + 1) * width].T for part in range(3))
    outputs = []
    for head in range(heads):
        columns = slice(head * size, (head + 1) * size)
        scores = query[..., columns] @ key[..., columns].transpose(1, 2) / math.sqrt(size)
        scores = scores.masked_fill(~mask.unsqueeze(1), -math.inf)
        weights = scores.exp() / scores.exp().sum(dim=2, keepdim=True)
        outputs.append(weights @ value[..., columns])
    return torch.cat(outputs, dim=2) @ projection_weight.T + projection_bias


def published_norm(x, weight, bias):
    centred = x - x.mean(dim=2, keepdim=True)
    return centred / (centred.square().mean(dim=2, keepdim=True) + 1e-5).sqrt() * weight + bias


def published_block(x, mask, w, heads):
    a = published_attention(
        published_norm(x, w["norm1.weight"], w["norm1.bias"]),
        mask,
        w["attention.qkv.weight"],
        w["attention.projection.weight"],
        w["attention.projection.bias"],
        heads,
    )
    x = x + a
    x = published_norm(x, w["norm2.weight"], w["norm2.bias"])
    inner = x @ w["mlp.0.weight"].T + w["mlp.0.bias"]
    inner = inner * 0.5 * (1 + torch.erf(inner / math.sqrt(2)))
    return x + inner @ w["mlp.3.weight"].T + w["mlp.3.bias"]


def random_weights(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(std=0.3)
    return module.eval().double()


@pytest.mark.parametrize(("width", "heads", "mlp_width"), [(12, 2, 12), (16, 4, 32), (6, 1, 9)])
def test_a_block_equals_the_published_equations(width, heads, mlp_width):
    block = random_weights(Block(width, heads, mlp_width, dropout=0.5, attention_dropout=0.5, drop_path=0.5))
    x = torch.randn(3, 7, width, dtype=torch.float64)
    mask = torch.arange(7) < torch.tensor([[7], [4], [1]])
    expected = published_block(x, mask, dict(block.named_parameters()), heads)
    torch.testing.assert_close(block(x, mask[:, None, None, :]), expected)


def test_an_encoder_is_its_blocks_and_a_final_norm():
    encoder = random_weights(Encoder(12, 3, 2, 24))
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    mask = torch.tensor([[True] * 5, [True, True, False, False, False]])
    expected = x
    for block in encoder.blocks:
        expected = published_block(expected, mask, dict(block.named_parameters()), 2)
    expected = published_norm(expected, encoder.norm.weight, encoder.norm.bias)
    torch.testing.assert_close(encoder(x, mask), expected)


def test_attention_weights_are_those_that_the_block_uses():
    attention = random_weights(Block(12, 2, 12, dropout=0, attention_dropout=0, drop_path=0)).attention
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    keys = torch.tensor([[True] * 5, [True, True, False, False, False]])[:, None, None, :]
    weights = attention.weights(x, keys)  # (B, H, T, T)
    assert weights[1, :, :, 2:].abs().max() == 0
    value = (x @ attention.qkv.weight[24:].T).unflatten(2, (2, 6)).transpose(1, 2)
    expected = attention.projection((weights.double() @ value).transpose(1, 2).flatten(2))
    torch.testing.assert_close(attention(x, keys), expected, atol=1e-6, rtol=1e-5)


def test_a_text_without_a_real_token_gives_numbers_and_gradients():
    encoder = Encoder(8, 2, 2, 8).eval()
    x = torch.randn(2, 3, 8, requires_grad=True)
    hidden = encoder(x, torch.tensor([[True, True, True], [False, False, False]]))
    hidden.sum().backward()
    assert hidden.isfinite().all()
    assert x.grad.isfinite().all()


def test_pads_do_not_reach_real_tokens():
    encoder = Encoder(8, 2, 2, 8).eval()
    x = torch.randn(1, 6, 8)
    other = torch.cat([x[:, :4], torch.randn(1, 2, 8) * 100], dim=1)
    mask = torch.arange(6).unsqueeze(0) < 4
    torch.testing.assert_close(encoder(x, mask)[:, :4], encoder(other, mask)[:, :4])


@pytest.mark.parametrize(("layers", "rates"), [(1, [0.0]), (2, [0.0, 0.1]), (6, [0.0, 0.02, 0.04, 0.06, 0.08, 0.1])])
def test_stochastic_depth_rises_linearly_from_0(layers, rates):
    encoder = Encoder(8, layers, 2, 8, stochastic_depth=0.1)
    assert [block.drop_path.rate for block in encoder.blocks] == pytest.approx(rates)


def test_stochastic_depth_drops_whole_texts_and_keeps_the_mean():
    drop = StochasticDepth(0.25)
    branch = torch.ones(4000, 2, 3)
    dropped = drop(branch)
    assert all(len(text.unique()) == 1 for text in dropped)
    assert torch.isclose(dropped.unique(), torch.tensor([0.0, 4 / 3])).all()
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.03)
    assert drop.eval()(branch) is branch


def test_training_differs_by_dropout_only_and_evaluation_not_at_all():
    encoder = Encoder(8, 2, 2, 8, dropout=0.2, attention_dropout=0.2, stochastic_depth=0.2)
    x, mask = torch.randn(4, 3, 8), torch.ones(4, 3, dtype=torch.bool)
    assert not torch.equal(encoder.train()(x, mask), encoder(x, mask))
    assert torch.equal(encoder.eval()(x, mask), encoder(x, mask))
    for block in encoder.blocks:
        block.drop_path.rate = 0.0
        block.attention.dropout = 0.0
        block.attention.projection_dropout.rate = block.mlp[2].rate = block.mlp[4].rate = 0.0
    evaluated = encoder(x, mask)
    torch.testing.assert_close(encoder.train()(x, mask), evaluated)
    assert F.mse_loss(evaluated, x) > 0
