"""Position embeddings."""

from __future__ import annotations

import math

import pytest
import torch

from cct_text.config import ModelConfig
from cct_text.errors import UsageError
from cct_text.model import build_model
from cct_text.model.geometry import sine_table
from cct_text.model.positions import LearnablePositions, SinePositions


@pytest.mark.parametrize("width", [8, 7])
def test_sine_positions_equal_the_published_formula(width):
    expected = torch.tensor(
        [
            [
                (math.sin if column % 2 == 0 else math.cos)(row / 10000 ** (2 * (column // 2) / width))
                for column in range(width)
            ]
            for row in range(50)
        ]
    )
    torch.testing.assert_close(torch.from_numpy(sine_table(50, width)), expected, atol=1e-5, rtol=0)


def test_sine_positions_grow_with_the_text_and_are_not_saved():
    positions = SinePositions(4, 6)
    x = torch.zeros(1, 9, 6)
    torch.testing.assert_close(positions(x)[0], torch.from_numpy(sine_table(9, 6)))
    assert not positions.state_dict()
    assert not list(positions.parameters())


def test_learnable_positions_name_max_words_when_a_text_is_too_long():
    positions = LearnablePositions(5, 6, max_words=8)
    assert positions(torch.zeros(1, 5, 6)).shape == (1, 5, 6)
    with pytest.raises(UsageError, match="max_words = 8"):
        positions(torch.zeros(1, 6, 6))


@pytest.mark.parametrize("name", ["cct-2/1", "cct-2/4", "cvt-2/4", "vit-lite-2/4", "transformer-2", "cct-2/3x2"])
@pytest.mark.parametrize("max_words", [1, 5, 8])
def test_learnable_positions_fit_a_text_of_max_words_exactly(name, max_words):
    config = ModelConfig(model=name, positions="learnable")
    model = build_model(config, num_classes=3, vocab_size=9, embedding_dim=12, max_words=max_words).eval()
    ids = torch.ones(2, max_words, dtype=torch.int64)
    assert model(ids, torch.ones_like(ids, dtype=torch.bool)).isfinite().all()
    far_too_long = torch.ones(1, 10 * max_words + 10, dtype=torch.int64)
    with pytest.raises(UsageError, match=f"max_words = {max_words}"):
        model(far_too_long, torch.ones_like(far_too_long, dtype=torch.bool))


@pytest.mark.parametrize("positions", ["none", "sine", "learnable"])
def test_word_order_counts_only_where_there_are_positions(positions):
    config = ModelConfig(model="transformer-2", positions=positions)
    model = build_model(config, num_classes=3, vocab_size=9, embedding_dim=12, vectors=torch.randn(9, 12)).eval()
    mask = torch.ones(1, 4, dtype=torch.bool)
    forward, backward = (model(torch.tensor([ids]), mask) for ids in ([2, 3, 4, 5], [5, 4, 3, 2]))
    assert torch.allclose(forward, backward, atol=1e-6) == (positions == "none")
