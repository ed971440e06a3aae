"""Tokens to one vector, behind any encoder."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cct_text.model import ClassTokenPool, MaxPool, MeanPool, SeqPool

HIDDEN = torch.tensor([[[1.0, 5.0], [3.0, 1.0], [9.0, 9.0]], [[2.0, -1.0], [8.0, 8.0], [8.0, 8.0]]])
MASK = torch.tensor([[True, True, False], [True, False, False]])
EVERY_POOLING = [SeqPool(2), MeanPool(), MaxPool(), ClassTokenPool()]


def test_seqpool_is_the_softmax_of_a_linear_map_over_the_real_tokens():
    pool = SeqPool(2)
    pool.score.weight.data = torch.tensor([[0.5, 0.25]])
    pool.score.bias.data = torch.tensor([7.0])
    # Scores 1.75 and 1.75 in the first text: half and half; one word in the second.
    torch.testing.assert_close(pool.weights(HIDDEN, MASK), torch.tensor([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]))
    torch.testing.assert_close(pool(HIDDEN, MASK), torch.tensor([[2.0, 3.0], [2.0, -1.0]]))


def test_seqpool_has_one_weight_per_dimension_and_a_bias():
    assert sum(parameter.numel() for parameter in SeqPool(128).parameters()) == 129


def test_mean_and_max_read_the_real_tokens_only():
    torch.testing.assert_close(MeanPool()(HIDDEN, MASK), torch.tensor([[2.0, 3.0], [2.0, -1.0]]))
    torch.testing.assert_close(MaxPool()(HIDDEN, MASK), torch.tensor([[3.0, 5.0], [2.0, -1.0]]))
    torch.testing.assert_close(MaxPool().weights(HIDDEN, MASK), torch.tensor([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]))


def test_tokens_that_tie_share_the_maximum_whatever_rounding_says():
    hidden = torch.tensor([[[1.0, 5.0], [1.0 + 1e-7, 0.0], [0.0, 4.0]]])
    weights = MaxPool().weights(hidden, torch.ones(1, 3, dtype=torch.bool))
    torch.testing.assert_close(weights, torch.tensor([[0.75, 0.25, 0.0]]))


def test_the_class_token_is_the_first():
    torch.testing.assert_close(ClassTokenPool()(HIDDEN, MASK), HIDDEN[:, 0])


@pytest.mark.parametrize("pool", EVERY_POOLING, ids=lambda pool: type(pool).__name__)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_are_float32_sum_to_1_and_are_exactly_0_on_pads(pool, dtype):
    hidden = torch.randn(16, 9, 2) * 30
    mask = torch.arange(9) < torch.randint(1, 10, (16, 1))
    with torch.autocast("cpu", enabled=dtype == torch.bfloat16):
        weights = pool.weights(hidden, mask)
    assert weights.dtype == torch.float32
    assert (weights[~mask] == 0).all()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(16))


@pytest.mark.parametrize("pool", [SeqPool(2), MeanPool(), MaxPool()], ids=lambda pool: type(pool).__name__)
def test_a_text_without_tokens_becomes_the_zero_vector(pool):
    hidden = torch.randn(2, 3, 2, requires_grad=True)
    mask = torch.tensor([[True, False, True], [False, False, False]])
    pooled = pool(hidden, mask)
    pooled.sum().backward()
    assert (pooled[1] == 0).all()
    assert (pool.weights(hidden, mask)[1] == 0).all()
    assert (hidden.grad[1] == 0).all()
    assert hidden.grad[0].isfinite().all()


def test_seqpool_stands_behind_the_encoder_of_torch():
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1).eval()
    pool = SeqPool(8)
    words = torch.randn(1, 4, 8)
    padded = torch.cat([words, torch.randn(1, 3, 8)], dim=1)
    mask = torch.arange(7).unsqueeze(0) < 4
    alone = pool(encoder(words), torch.ones(1, 4, dtype=torch.bool))
    torch.testing.assert_close(pool(encoder(padded, src_key_padding_mask=~mask), mask), alone, atol=1e-5, rtol=0)
