"""Names, sizes and parameter counts."""

from __future__ import annotations

import pytest
import torch

from cct_text.config import ModelConfig
from cct_text.errors import UsageError
from cct_text.model import MODEL_NAMES, build_model, parameter_counts, resolve_architecture

# PAPER.md, 4 classes, E = 300; word embeddings and positions not counted. Columns: kernels 1, 2, 4.
PUBLISHED = {
    "vit-lite-2": (237_700, 276_100, 352_900),
    "vit-lite-4": (436_100, 474_500, 551_300),
    "vit-lite-6": (3_236_612, 3_313_412, 3_467_012),
    "cvt-2": (237_701, 276_101, 352_901),
    "cvt-4": (436_101, 474_501, 551_301),
    "cvt-6": (831_877, 870_277, 947_077),
    "cct-2": (237_701, 276_101, 352_901),
    "cct-4": (436_101, 474_501, 551_301),
    "cct-6": (3_236_613, 3_313_413, 3_467_013),
}
COUNTS = {
    "transformer-2": 1_086_304,
    "transformer-4": 2_170_504,
    "transformer-6": 4_336_504,
    **{
        f"{name}/{kernel}": count
        for name, row in PUBLISHED.items()
        for kernel, count in zip((1, 2, 4), row, strict=True)
    },
}


def test_the_named_models_are_the_30_of_the_paper():
    assert set(MODEL_NAMES) == set(COUNTS)
    assert len(MODEL_NAMES) == 30


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_every_named_model_has_exactly_the_published_parameters(name):
    model = build_model(name, num_classes=4, vocab_size=7, embedding_dim=300)
    assert parameter_counts(model) == (COUNTS[name], 7 * 300)


def test_neither_positions_nor_frozen_vectors_are_counted():
    config = ModelConfig(model="cct-2/1", positions="learnable")
    model = build_model(config, num_classes=4, vocab_size=7, embedding_dim=300, freeze_vectors=True)
    assert parameter_counts(model) == (COUNTS["cct-2/1"], 0)


def test_several_kernels_have_a_name_and_only_the_weights_of_their_own_windows():
    assert resolve_architecture("cct-2/1+3+5", 300).kernels == (1, 3, 5)
    assert resolve_architecture("cct-2/1+3+5", 300).windows.kernel == 5
    one, several = (
        parameter_counts(build_model(name, num_classes=4, vocab_size=7, embedding_dim=300))[0]
        for name in ("cct-2/1", "cct-2/1+3+5")
    )
    assert several - one == 300 * (43 * 1 + 43 * 3 + 42 * 5 - 128)


def test_one_conv_layer_may_be_written_out():
    assert resolve_architecture("cct-2/1x1", 300) == resolve_architecture("cct-2/1", 300)


def test_a_second_conv_layer_maps_the_width_to_itself():
    one, two = (
        parameter_counts(build_model(name, num_classes=4, vocab_size=7, embedding_dim=300))[0]
        for name in ("cct-2/2", "cct-2/2x2")
    )
    assert two - one == 2 * 128 * 128


@pytest.mark.parametrize(("name", "like"), [("cct-3/5", "cct-2/5"), ("cvt-1/3", "cvt-2/3"), ("cct-12/2", "cct-6/2")])
def test_other_numbers_of_layers_take_their_sizes_from_the_next_smaller_named_one(name, like):
    ours, named = resolve_architecture(name, 50), resolve_architecture(like, 50)
    assert (ours.width, ours.heads, ours.mlp_ratio) == (named.width, named.heads, named.mlp_ratio)
    assert ours.layers == int(name.split("-")[1].split("/")[0])


def test_options_go_before_what_the_name_says():
    config = ModelConfig(
        model="cct-2/1",
        layers=3,
        heads=8,
        width=64,
        mlp_ratio=1.5,
        kernel=(2, 5),
        conv_layers=2,
        max_pool=False,
        positions="none",
        pooling="mean",
        dropout=0.2,
        attention_dropout=0.3,
        stochastic_depth=0.4,
    )
    architecture = resolve_architecture(config, 50)
    for option in ("layers", "heads", "width", "mlp_ratio", "conv_layers", "positions", "pooling"):
        assert getattr(architecture, option) == getattr(config, option)
    assert (architecture.kernels, architecture.max_pool) == ((2, 5), False)
    assert (architecture.dropout, architecture.attention_dropout, architecture.stochastic_depth) == (0.2, 0.3, 0.4)
    model = build_model(config, num_classes=3, vocab_size=9, embedding_dim=50).eval()
    assert model(torch.tensor([[2, 3, 4]]), torch.ones(1, 3, dtype=torch.bool)).shape == (1, 3)


@pytest.mark.parametrize(
    ("model", "embedding_dim", "words"),
    [
        ("cct-2/3x0", 300, "did you mean"),
        ("cct-2", 300, "give cct-2/1 or cct-2/2 or cct-2/4"),
        ("transformer-2/1", 300, "transformer-2"),
        ("cct-0/1", 300, "did you mean"),
        ("CCT-2/1", 300, "unknown model 'CCT-2/1'"),
        ("", 300, "known are: transformer-2"),
        ("cct-2/1\n", 300, "unknown model"),
        (
            "transformer-6",
            50,
            "heads = 4 does not divide the word vectors' width = 50; set heads to one of 1, 2, 5, 10",
        ),
        (ModelConfig(model="cct-2/1", heads=3), 300, "heads = 3 does not divide width = 128"),
        (ModelConfig(model="transformer-2", width=128), 300, "width = 128"),
        (ModelConfig(model="transformer-2", kernel=(2,)), 300, "no convolution"),
        (ModelConfig(model="transformer-2", max_pool=True), 300, "no convolution"),
        (ModelConfig(model="cvt-2/1", max_pool=True), 300, "patches are not pooled"),
        (ModelConfig(model="cct-2/1+2+3", width=2), 300, "more kinds of windows than width = 2"),
        ("cct-2/1+", 300, "did you mean"),
        (ModelConfig(model="cct-2/1", mlp_ratio=0.01, width=32), 300, "mlp_ratio = 0.01"),
    ],
)
def test_what_cannot_be_built_is_answered_with_the_value_seen_and_the_way_out(model, embedding_dim, words):
    with pytest.raises(UsageError) as error:
        build_model(model, num_classes=4, vocab_size=7, embedding_dim=embedding_dim)
    assert words in str(error.value)


@pytest.mark.parametrize(
    "option",
    [{"num_classes": 0}, {"vocab_size": 1}, {"embedding_dim": 0}, {"max_words": 0}, {"vectors": torch.zeros(7, 5)}],
)
def test_sizes_outside_the_architecture_are_checked_too(option):
    with pytest.raises(UsageError):
        build_model("cct-2/1", **{"num_classes": 4, "vocab_size": 7, "embedding_dim": 6, **option})


def test_weights_start_as_published():
    config = ModelConfig(model="vit-lite-6/4", positions="learnable")
    model = build_model(config, num_classes=4, vocab_size=7, embedding_dim=300)
    block = model.encoder.blocks[0]
    assert block.attention.qkv.bias is None
    assert block.attention.qkv.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert block.mlp[0].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert block.attention.projection.bias.abs().max() == 0
    assert model.class_token.abs().max() == 0
    assert model.position_embedding.positions.std().item() == pytest.approx(0.2, rel=0.05)
    assert model.tokenizer.layers[0].weights[0].std().item() == pytest.approx((2 / (4 * 300)) ** 0.5, rel=0.02)
