"""Word vectors to tokens: shapes, values and masks."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from tests.support.conv_tokenizers import conv_tokenizer

KINDS = [(True, True), (True, False), (False, False)]
"""Windows of CCT, the same without max-pool, patches: (overlapping, max_pool)."""


def tokenize(mask, kernel, *, overlapping, layers=1):
    """Mask of the tokens, and the tokens, of random words."""
    real = torch.tensor([[digit == "1" for digit in mask]])
    tokenizer = conv_tokenizer(5, 3, kernel, layers=layers, overlapping=overlapping)
    tokens, token_mask = tokenizer(torch.randn(1, len(mask), 5), real)
    return "".join("01"[int(value)] for value in token_mask[0]), tokens


@pytest.mark.parametrize(("words", "kernel", "tokens"), [(64, 1, 34), (64, 2, 33), (64, 4, 33), (200, 1, 102)])
def test_cct_makes_the_published_number_of_tokens(words, kernel, tokens):
    tokenizer = conv_tokenizer(5, 3, kernel, overlapping=True)
    hidden, mask = tokenizer(torch.randn(2, words, 5), torch.ones(2, words, dtype=torch.bool))
    assert hidden.shape == (2, tokens, 3)
    assert mask.shape == (2, tokens)
    assert tokenizer.windows.tokens(words) == tokens


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("overlapping", [True, False])
def test_tokens_equal_the_published_convolution_over_a_one_channel_image(kernel, overlapping):
    tokenizer = conv_tokenizer(10, 6, kernel, overlapping=overlapping)
    stride = max(1, kernel // 2 - 1) if overlapping else kernel
    padding = max(1, kernel // 2) if overlapping else 0
    published = nn.Conv2d(1, 6, (kernel, 10), stride=(stride, 1), padding=(padding, 0), bias=False)
    published.weight.data = tokenizer.layers[0].weight.data.transpose(1, 2).unsqueeze(1)  # (D, 1, P, E)
    words = torch.randn(3, 21, 10)
    expected = published(words.unsqueeze(1))  # (B, D, T, 1)
    if overlapping:
        expected = nn.MaxPool2d((2, 1), (2, 1), (1, 0))(nn.ReLU()(expected))
    tokens, _ = tokenizer(words, torch.ones(3, 21, dtype=torch.bool))
    torch.testing.assert_close(tokens, expected.squeeze(3).transpose(1, 2))


@pytest.mark.parametrize(
    ("words", "kernel", "overlapping", "layers", "tokens"),
    [
        # Kernel 1, padding 1: tokens .1100. in windows, pooled as (.0)(12)(34)(5.).
        ("1100", 1, True, 1, "0100"),
        ("1010", 1, True, 1, "0110"),
        ("0000", 1, True, 1, "0000"),
        # Kernel 2: windows (.0)(01)(12)(23)(3.) are 11100, pooled as (.0)(12)(34).
        ("1100", 2, True, 1, "110"),
        ("1000", 2, True, 1, "110"),
        # Kernel 4: windows from -2, -1, 0, 1, 2 are 11110 of two words.
        ("1100", 4, True, 1, "111"),
        ("100000", 4, True, 1, "1100"),
        # Patches.
        ("111000", 2, False, 1, "110"),
        ("100001", 3, False, 1, "11"),
        ("000100", 1, False, 1, "000100"),
        # Two layers of kernel 1: 0110 becomes .0110. in windows and 0110 again.
        ("1111", 1, True, 2, "0110"),
        ("11110000", 2, False, 2, "10"),
        # No layer: the words themselves.
        ("1101", 1, False, 0, "1101"),
    ],
)
def test_masks_equal_those_worked_out_by_hand(words, kernel, overlapping, layers, tokens):
    mask, values = tokenize(words, kernel, overlapping=overlapping, layers=layers)
    assert mask == tokens
    assert all((value == 0).all() for value, real in zip(values[0], mask, strict=True) if real == "0")


@given(
    kernel=st.integers(1, 9),
    layers=st.integers(0, 3),
    kind=st.sampled_from(KINDS),
    real=st.integers(1, 24),
    further=st.integers(0, 30),
)
def test_real_tokens_do_not_depend_on_what_follows_the_text(kernel, layers, kind, real, further):
    tokenizer = conv_tokenizer(4, 4, kernel, layers=layers, overlapping=kind[0], max_pool=kind[1])
    words = torch.randn(1, real, 4)

    def tokens(length):
        length += tokenizer.windows.room(length)
        padded = torch.full((1, length, 4), torch.nan)  # whatever pads hold must not be seen
        padded[:, :real] = words
        hidden, mask = tokenizer(padded, torch.arange(length).unsqueeze(0) < real)
        assert hidden.shape[1] == tokenizer.windows.tokens(length)
        return hidden[mask]

    torch.testing.assert_close(tokens(real), tokens(real + further))


@pytest.mark.parametrize(("kernel", "room"), [(1, 0), (2, 0), (4, 1)])
def test_a_cct_needs_room_for_kernel_4_only(kernel, room):
    tokenizer = conv_tokenizer(2, 2, kernel, overlapping=True)
    assert {tokenizer.windows.room(words) for words in range(1, 70)} == {room}


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 7])
def test_patches_are_filled_up(kernel):
    tokenizer = conv_tokenizer(2, 2, kernel, overlapping=False)
    assert [tokenizer.windows.room(words) for words in range(1, 30)] == [-words % kernel for words in range(1, 30)]


@given(kernel=st.integers(1, 9), layers=st.integers(0, 3), kind=st.sampled_from(KINDS), words=st.integers(1, 24))
def test_the_receptive_field_of_a_token_holds_the_words_that_make_it_real(kernel, layers, kind, words):
    tokenizer = conv_tokenizer(2, 2, kernel, layers=layers, overlapping=kind[0], max_pool=kind[1])
    length = words + tokenizer.windows.room(words)
    one_word_each = torch.eye(length, dtype=torch.bool)[:words]  # row w: only word w is real
    _, mask = tokenizer(torch.zeros(words, length, 2), one_word_each)
    field = torch.from_numpy(tokenizer.windows.words_of_tokens(mask.shape[1], words))
    assert torch.equal(field.bool(), mask.T)


def test_without_max_pool_each_window_is_a_token():
    tokenizer = conv_tokenizer(5, 3, 2, max_pool=False)
    words = torch.randn(2, 9, 5)
    tokens, mask = tokenizer(words, torch.ones(2, 9, dtype=torch.bool))
    expected = F.relu(F.conv1d(words.transpose(1, 2), tokenizer.layers[0].weights[0], padding=1)).transpose(1, 2)
    assert mask.all()
    torch.testing.assert_close(tokens, expected)  # (2, 10, 3)


@pytest.mark.parametrize("max_pool", [True, False])
def test_several_kernels_each_make_a_share_of_the_features_around_the_same_words(max_pool):
    tokenizer = conv_tokenizer(6, 8, 1, 2, 5, max_pool=max_pool)
    one, two, five = tokenizer.layers[0].weights
    assert [tuple(weight.shape) for weight in (one, two, five)] == [(3, 6, 1), (3, 6, 2), (2, 6, 5)]
    words = torch.randn(2, 11, 6)
    tokens, mask = tokenizer(words, torch.ones(2, 11, dtype=torch.bool))
    padded = F.pad(words, (0, 0, 2, 2)).transpose(1, 2)  # (B, E, S + 4): the window of token t is t to t + 4
    features = torch.cat(
        [F.conv1d(padded[:, :, 2:-2], one), F.conv1d(padded[:, :, 1:-2], two), F.conv1d(padded, five)], dim=1
    )
    features = F.relu(features)  # (B, D, S)
    expected = F.max_pool1d(features, 2, 2, 1) if max_pool else features
    assert mask.all()
    torch.testing.assert_close(tokens, expected.transpose(1, 2))


def test_each_kernel_begins_with_the_spread_of_its_own_windows():
    for kernel, weight in zip((1, 4), conv_tokenizer(300, 800, 1, 4).layers[0].weights, strict=True):
        assert weight.std().item() == pytest.approx((2 / (kernel * 300)) ** 0.5, rel=0.02)
