"""What a model says about a text depends on that text alone."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from cct_text.config import ModelConfig
from cct_text.model import MODEL_NAMES, build_model

FURTHER = [f"{family}-2/{kernel}" for family in ("cct", "cvt", "vit-lite") for kernel in (3, 5, 6, 8)]
TWO_LAYERS = [f"{family}-2/{kernel}x2" for family in ("cct", "cvt", "vit-lite") for kernel in (1, 2, 3, 4)]
OPTIONS = [
    ModelConfig(model=name, pooling=pooling, positions=positions)
    for name in ("cct-2/4", "vit-lite-2/3", "transformer-2")
    for pooling in ("seqpool", "class-token", "mean", "max")
    for positions in ("none", "sine", "learnable")
]
SEVERAL = [
    ModelConfig(model=f"cct-2/{kernels}", max_pool=pooled) for kernels in ("1+3+5", "2+3x2") for pooled in (True, False)
]
CASES = [ModelConfig(model=name) for name in (*MODEL_NAMES, *FURTHER, *TWO_LAYERS)] + OPTIONS + SEVERAL
LENGTHS = (0, 1, 2, 3, 5, 8, 13)


def random_model(config):
    """A model whose blocks and pooling have a say and whose logits are of size 1: 1e-5 then means something."""
    torch.manual_seed(0)
    model = build_model(config, num_classes=4, vocab_size=60, embedding_dim=20, vectors=torch.randn(60, 20) / 2)
    with torch.no_grad():
        for module in (model.encoder.blocks, model.head, model.pooling):
            for parameter in module.parameters():
                if parameter.ndim > 1:
                    parameter.normal_(std=parameter.shape[-1] ** -0.5)
    return model.eval()


def padded(texts, length):
    ids = torch.stack([F.pad(text, (0, length - len(text))) for text in texts])
    mask = torch.arange(length) < torch.tensor([[len(text)] for text in texts])
    return ids, mask


def label(config):
    return "-".join(part for part in (config.model, config.pooling, config.positions) if part)


@pytest.mark.parametrize("config", CASES, ids=label)
def test_a_text_has_the_same_logits_and_weights_alone_padded_by_50_and_in_any_batch(config):
    model = random_model(config)
    texts = [torch.randint(2, 60, (length,)) for length in LENGTHS]
    with torch.inference_mode():
        batch = model(*padded(texts, max(LENGTHS)))
        weights = model.token_weights(*padded(texts, max(LENGTHS)))
        far = model(*padded(texts, max(LENGTHS) + 50))
        assert batch.std(dim=0).min() > 0.01  # texts differ, so that equality below is a fact about them
        torch.testing.assert_close(far, batch, atol=1e-5, rtol=0)
        for row, text in enumerate(texts):
            alone = padded([text], len(text))
            torch.testing.assert_close(model(*alone)[0], batch[row], atol=1e-5, rtol=0)
            torch.testing.assert_close(model.token_weights(*alone)[0], weights[row, : len(text)], atol=1e-5, rtol=0)
            assert (weights[row, len(text) :] == 0).all()
            assert weights[row].sum().item() == pytest.approx(1 if len(text) else 0, abs=1e-5)


@pytest.mark.parametrize("name", ["cct-2/4", "vit-lite-2/4", "transformer-2"])
def test_what_stands_under_a_pad_does_not_matter(name):
    model = random_model(ModelConfig(model=name))
    ids, mask = padded([torch.randint(2, 60, (length,)) for length in (3, 6)], 11)
    junk = torch.where(mask, ids, torch.randint(2, 60, ids.shape))
    torch.testing.assert_close(model(junk, mask), model(ids, mask), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_gradients_do_not_depend_on_padding_either(name):
    model = random_model(ModelConfig(model=name))
    text = torch.randint(2, 60, (6,))

    def gradient(length):
        model.zero_grad()
        model(*padded([text], length)).square().sum().backward()
        return model.embedding.weight.grad.clone()

    torch.testing.assert_close(gradient(6), gradient(31), atol=1e-5, rtol=1e-3)
