"""The faults of the published text code that concern the model (PAPER.md lists them), each shown to be absent."""

from __future__ import annotations

import pytest
import torch

from cct_text.config import ModelConfig
from cct_text.model import SeqPool, build_model
from tests.support.conv_tokenizers import conv_tokenizer

IDS = torch.tensor([[2, 3, 4, 5, 6, 7], [8, 2, 3, 0, 0, 0]])
MASK = IDS != 0


@pytest.mark.parametrize("name", ["transformer-2", "vit-lite-2/1", "cvt-2/1", "cct-2/1"])
@pytest.mark.parametrize("positions", ["sine", "learnable"])
def test_1_there_are_as_many_positions_as_tokens(name, positions):
    config = ModelConfig(model=name, positions=positions)
    model = build_model(config, num_classes=3, vocab_size=9, embedding_dim=12, max_words=6).eval()
    tokens = {"transformer-2": 7, "vit-lite-2/1": 7, "cvt-2/1": 6, "cct-2/1": 5}[name]
    assert model.position_embedding.positions.shape[0] == tokens
    assert model(IDS, MASK).shape == (2, 3)


def test_2_the_mask_of_the_tokens_is_flat_and_attention_takes_it():
    tokens, mask = conv_tokenizer(12, 8, 2, overlapping=True)(torch.randn(2, 6, 12), MASK)
    assert mask.shape == tokens.shape[:2]
    assert mask.dtype == torch.bool


def test_3_seqpool_gives_pads_no_weight():
    hidden = torch.randn(2, 6, 8)
    pool = SeqPool(8)
    assert (pool.weights(hidden, MASK)[~MASK] == 0).all()
    torch.testing.assert_close(pool(hidden, MASK)[1], pool(hidden[1:, :3], MASK[1:, :3])[0])


@pytest.mark.parametrize("width", [25, 50, 100, 301])
def test_4_word_vectors_may_have_any_width(width):
    model = build_model("cct-2/2", num_classes=3, vocab_size=9, embedding_dim=width).eval()
    assert model(IDS, MASK).shape == (2, 3)


def test_5_a_tuned_pad_vector_does_not_drift():
    vectors = torch.randn(9, 12)
    model = build_model("cct-2/1", num_classes=3, vocab_size=9, embedding_dim=12, vectors=vectors)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    for _ in range(3):
        model(IDS, MASK).square().sum().backward()
        optimizer.step()
    assert (model.embedding.weight[0] == 0).all()
