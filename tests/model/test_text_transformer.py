"""The whole network: shapes, word weights, precision, saving."""

from __future__ import annotations

import pytest
import torch

from cct_text.config import ModelConfig
from cct_text.model import MODEL_NAMES, build_model

IDS = torch.tensor([[2, 3, 4, 5, 6], [7, 8, 0, 0, 0], [2, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
MASK = IDS != 0


def model_of(model, **options):
    torch.manual_seed(0)
    return build_model(model, **{"num_classes": 3, "vocab_size": 9, "embedding_dim": 12, **options}).eval()


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_every_named_model_reads_texts_of_any_length_with_vectors_of_any_width(name):
    for width in (4, 52):
        assert model_of(name, embedding_dim=width)(IDS, MASK).shape == (4, 3)


@pytest.mark.parametrize("name", ["cct-2/1", "cvt-2/2", "transformer-2"])
@pytest.mark.parametrize("words", [0, 1, 3])
def test_a_batch_of_empty_texts_has_logits_and_no_weights(name, words):
    model = model_of(name)
    ids, mask = torch.zeros(2, words, dtype=torch.int64), torch.zeros(2, words, dtype=torch.bool)
    assert model(ids, mask).isfinite().all()
    assert torch.equal(model.token_weights(ids, mask), torch.zeros(2, words))


def test_the_logits_are_head_of_pooling_of_encoder_of_tokens():
    model = model_of(ModelConfig(model="cct-2/1", positions="sine"))
    tokens, real = model.tokenizer(model.embedding(IDS, MASK), MASK)
    tokens = tokens + model.position_embedding.positions[: tokens.shape[1]]
    expected = model.head(model.pooling(model.encoder(tokens, real), real))
    torch.testing.assert_close(model(IDS, MASK), expected)


def test_a_class_token_stands_first_is_always_real_and_has_a_position():
    model = model_of(ModelConfig(model="vit-lite-2/1", positions="learnable"), max_words=5)
    model.class_token.data.normal_()
    assert model.position_embedding.positions.shape == (1 + 5, 128)
    tokens, real = model.tokenizer(model.embedding(IDS, MASK), MASK)
    tokens = torch.cat([model.class_token.expand(4, 1, 128), tokens], dim=1) + model.position_embedding.positions
    real = torch.cat([torch.ones(4, 1, dtype=torch.bool), real], dim=1)
    torch.testing.assert_close(model(IDS, MASK), model.head(model.encoder(tokens, real)[:, 0]))


def test_a_token_shares_its_weight_equally_among_its_real_words():
    model = model_of("cvt-2/2")
    model.pooling.score.weight.data.normal_()
    ids, mask = torch.nn.functional.pad(IDS, (0, 1)), torch.nn.functional.pad(MASK, (0, 1))
    tokens, real = model.tokenizer(model.embedding(ids, mask), mask)
    weights = model.pooling.weights(model.encoder(model.position_embedding(tokens), real), real)
    (a, b, c), (d, *_), (e, *_) = weights[:3].tolist()
    assert (d, e) == pytest.approx((1, 1))
    expected = [[a / 2, a / 2, b / 2, b / 2, c], [0.5, 0.5, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    torch.testing.assert_close(model.token_weights(IDS, MASK), torch.tensor(expected))


def test_overlapping_windows_add_up_in_the_words_they_share():
    model = model_of(ModelConfig(model="cct-2/2", pooling="mean"))
    # Two words: windows (.a)(ab)(b.) are pooled as (a)(ab): half the weight to a, half to both.
    ids = torch.tensor([[2, 3]])
    torch.testing.assert_close(model.token_weights(ids, ids > 0), torch.tensor([[0.75, 0.25]]))


def test_under_a_class_token_words_weigh_what_it_attends_to_them():
    model = model_of("transformer-2")
    tokens, real = model._tokens(IDS, MASK)
    first, last = model.encoder.blocks
    x = last.norm1(first(tokens, real[:, None, None, :]))  # (B, T, D)
    attended = last.attention.weights(x, real[:, None, None, :]).mean(dim=1)[:, 0, 1:]
    expected = attended[:3] / attended[:3].sum(dim=1, keepdim=True)
    torch.testing.assert_close(model.token_weights(IDS, MASK)[:3], expected)


@pytest.mark.parametrize("pooling", ["seqpool", "class-token", "mean", "max"])
def test_bf16_stays_close_to_float32(pooling):
    model = model_of(ModelConfig(model="cct-2/2", pooling=pooling), vectors=torch.randn(9, 12))
    model.head.weight.data.normal_(std=0.1)
    exact = model(IDS, MASK)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        close = model(IDS, MASK)
        model.train()(IDS, MASK).float().sum().backward()
    torch.testing.assert_close(close.float(), exact, atol=0.05, rtol=0)
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize("positions", ["sine", "learnable"])
def test_saved_weights_give_the_same_logits(positions):
    config = ModelConfig(model="cct-2/2", positions=positions)
    model, other = model_of(config), build_model(config, num_classes=3, vocab_size=9, embedding_dim=12).eval()
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(IDS, MASK), model(IDS, MASK))


def test_every_weight_learns():
    for name in ("cct-2/1", "vit-lite-2/2", "transformer-2"):
        model = model_of(ModelConfig(model=name, positions="learnable"), max_words=5).train()
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
        model(IDS, MASK)[:, 0].sum().backward()
        still = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 1e-6]
        # A softmax does not change with a number added to all scores.
        assert still == (["pooling.score.bias"] if name == "cct-2/1" else [])
