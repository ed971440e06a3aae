"""The arithmetic of a network, counted by hand, by torch, and against the product's own masks."""

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.work import ADAMW, operations, per_row, step_bytes
from cct_text.model.architecture import resolve_architecture
from cct_text.model.zoo import build_model


def test_cct_2_1_by_hand():
    # Kernel 1 reads each of 10 words once; the max-pool leaves 5 tokens. E = 300, D = 128, an MLP of 128, 2 blocks.
    assert operations(resolve_architecture("cct-2/1", 300), 4, np.array([10])) == {
        "convolution": 10 * 2 * 300 * 128,
        "query, key, value": 2 * 5 * 2 * 128 * 384,
        "attention": 2 * (5 * 5 * 2 * 128 + 5 * 5 * 2 * 128),
        "projection": 2 * 5 * 2 * 128 * 128,
        "mlp": 2 * 5 * 2 * (2 * 128 * 128),
        "pooling": 5 * 2 * 128 + 5 * 2 * 128,
        "head": 2 * 128 * 4,
    }


@pytest.mark.parametrize(
    ("model", "windows"),
    [("cct-2/1", 10), ("cct-2/2", 20), ("cct-2/4", 39), ("vit-lite-2/2", 10), ("vit-lite-2/4", 10)],
)
def test_the_convolution_multiplies_each_word_once_for_each_window_over_it(model, windows):
    # A kernel of 4 begins two words before the text: its first word lies under three windows, the others under four.
    counted = operations(resolve_architecture(model, 300), 4, np.array([10]))
    assert counted["convolution"] == windows * 2 * 300 * 128


@pytest.mark.parametrize("model", ["cct-2/1", "cct-2/2", "cct-2/4", "cct-2/4x2", "vit-lite-2/4", "transformer-2"])
def test_the_tokens_are_those_that_the_product_holds_real(model):
    network = build_model(model, num_classes=3, vocab_size=10, embedding_dim=64, max_words=40)
    for words in (1, 2, 3, 7, 16, 29):
        mask = torch.arange(60)[None] < words
        _, real = network.tokenizer(torch.zeros(1, 60, 64), mask)
        tokens = int(real.sum()) + (network.class_token is not None)
        counted = operations(network.architecture, 3, np.array([words]))
        assert counted["projection"] == 2 * tokens * 2 * network.architecture.width**2
        assert counted["attention"] == 2 * tokens**2 * 4 * network.architecture.width


@pytest.mark.parametrize("model", ["cvt-2/2", "vit-lite-4/4", "transformer-2"])
def test_torch_counts_the_same_where_nothing_is_padded(model):
    network = build_model(model, num_classes=3, vocab_size=10, embedding_dim=64).eval()
    ids = torch.ones(2, 16, dtype=torch.int64)
    # Of the fused attention on a CPU torch counts nothing.
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        network(ids, ids > 0)
    assert counter.get_total_flops() == sum(operations(network.architecture, 3, np.array([16, 16])).values())


def test_texts_add_up_and_an_empty_one_only_passes_the_head():
    architecture = resolve_architecture("cct-2/2", 100)
    apart = [operations(architecture, 6, np.array([words])) for words in (0, 5, 5, 64)]
    together = operations(architecture, 6, np.array([5, 64, 0, 5]))
    assert together == {stage: sum(one[stage] for one in apart) for stage in together}
    assert {stage for stage, number in apart[0].items() if number} == {"head"}
    assert per_row(together, 4, times=3)["head"] == 3 * 2 * 128 * 6


def test_a_step_moves_the_vectors_of_its_words_alone():
    assert step_bytes(1000, 20, 50, tuned=True) == 4 * ADAMW * (1000 + 20 * 50)
    assert step_bytes(1000, 20, 50, tuned=False) == 4 * (ADAMW * 1000 + 20 * 50)
