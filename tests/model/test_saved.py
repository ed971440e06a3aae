"""What is known of a network without torch, against the network itself."""

import numpy as np
import pytest
import torch

from cct_text.config import ModelConfig
from cct_text.model import MODEL_NAMES, build_model, resolve_architecture
from cct_text.model.architecture import weight_shapes
from cct_text.model.geometry import Span, sine_table
from tests.support.conv_tokenizers import conv_tokenizer

VARIANTS = [
    *(ModelConfig(model=name) for name in MODEL_NAMES),
    *(ModelConfig(model="cct-3/2", pooling=pooling, positions="learnable") for pooling in ("seqpool", "class-token")),
    *(ModelConfig(model="cvt-2/4x2", pooling=pooling, positions="none") for pooling in ("mean", "max")),
    ModelConfig(model="cct-2/2", width=24, heads=3, mlp_ratio=1.5, conv_layers=3),
    ModelConfig(model="cct-2/1+2+5x2", max_pool=False),
]


@pytest.mark.parametrize("config", VARIANTS, ids=lambda config: f"{config.model}-{config.pooling}-{config.positions}")
def test_names_and_shapes_of_the_weights_are_those_of_the_network(config):
    network = build_model(config, num_classes=5, vocab_size=11, embedding_dim=12, max_words=30)
    shapes = weight_shapes(resolve_architecture(config, 12), vocab_size=11, num_labels=5, max_words=30)
    assert shapes == {name: tuple(weight.shape) for name, weight in network.state_dict().items()}


@pytest.mark.parametrize(("overlapping", "max_pool"), [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("layers", [0, 1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5, 6, 7, 8])
def test_the_real_tokens_of_a_text_are_those_that_the_network_masks_as_real(kernel, layers, overlapping, max_pool):
    tokenizer = conv_tokenizer(3, 3, kernel, layers=layers, overlapping=overlapping, max_pool=max_pool)
    windows = tokenizer.windows
    for words in range(1, 40):
        mask = torch.zeros(1, 60 + windows.room(60), dtype=torch.bool)
        mask[0, :words] = True
        _, real = tokenizer(torch.randn(*mask.shape, 3), mask)
        found = torch.nonzero(real[0]).flatten().tolist()
        assert windows.real(words) == Span(found[0], found[-1])
        assert len(windows.real(words)) == len(found)


def test_sine_positions_are_sines_and_cosines_of_falling_frequency():
    table = sine_table(50, 6)
    assert table.dtype == np.float32
    np.testing.assert_allclose(table[7, 2], np.sin(7 / 10000 ** (2 / 6)), rtol=1e-6)
    np.testing.assert_allclose(table[7, 5], np.cos(7 / 10000 ** (4 / 6)), rtol=1e-6)
