"""The compiled operations against those in NumPy, and those in NumPy against torch."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cct_text.errors import UsageError
from cct_text.inference import native
from cct_text.inference.kernels import Norm, NumPyKernels, gelu
from cct_text.inference.native import PAIRWISE, TILED, NativeKernels, choose_kernels

NUMPY = NumPyKernels()
BFLOAT = 2.0**-8
"""Largest relative error of rounding to bf16."""

LANES = sorted({native._native.choose(lanes) for lanes in (4, 8, 16)})
"""Floats in a register, of each kind of fp32 code that this processor can run; the last is what it runs by itself."""

BF16 = sorted({native._native.choose_bf16(kind) for kind in (0, PAIRWISE, TILED)})
"""How this processor can multiply bf16, and 0 for fp32; the last is what it does by itself."""

compiled = pytest.mark.parametrize("bf16", BF16, ids=["fp32", "pairs", "tiles"].__getitem__)
on_each_kind = pytest.mark.parametrize("lanes", LANES)


@pytest.fixture(autouse=True)
def the_best_of_the_processor_afterwards():
    yield
    native._native.choose(16)
    native._native.choose_bf16(TILED)


def kernels_in(bf16):
    native._native.choose_bf16(bf16 or TILED)
    return NativeKernels(bf16=bool(bf16))


sizes = given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**32 - 1))


def torch_of(*arrays):
    return [torch.from_numpy(array) for array in arrays]


def numbers(rng, *shape):
    return rng.standard_normal(shape, dtype=np.float32)


def test_the_kernels_are_compiled_where_there_is_a_compiler():
    assert isinstance(choose_kernels("fp32"), NativeKernels)


def test_the_widest_registers_of_the_processor_are_used():
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    assert LANES[-1] == (16 if "avx512vl" in flags else 8 if "avx2" in flags else 4)
    assert BF16[-1] == (
        0 if "avx512_bf16" not in flags else TILED if {"amx_tile", "amx_bf16"} <= set(flags) else PAIRWISE
    )


@compiled
@on_each_kind
def test_what_is_no_number_is_not_hidden(bf16, lanes):
    native._native.choose(lanes)
    kernels = kernels_in(bf16)
    x = np.ones((1, 5, 48), np.float32)
    x[0, 2, 20] = np.nan  # in a key, which all queries look at
    assert np.isnan(kernels.attention(x, 1)).all()
    assert np.isnan(kernels.linear(x, kernels.pack(np.ones((3, 48), np.float32), None), with_gelu=True)[0, 2]).all()
    assert np.isnan(kernels.layer_norm(x, Norm(x[0, 0], x[0, 0]))[0, 2]).all()


@compiled
@on_each_kind
@sizes
@settings(deadline=None, max_examples=60)
def test_linear_layers_of_any_size(bf16, lanes, rows, inputs, outputs, seed):
    rng = np.random.default_rng(seed)
    native._native.choose(lanes)
    kernels = kernels_in(bf16)
    x, weight, bias = numbers(rng, rows, inputs), numbers(rng, outputs, inputs), numbers(rng, outputs)
    residual = numbers(rng, rows, outputs)
    if bf16:  # what is multiplied is rounded; the rest is not
        x, weight = (array.bfloat16().float().numpy() for array in torch_of(x, weight))
    for options in ({}, {"residual": residual}, {"with_gelu": True}, {"residual": residual, "with_gelu": True}):
        for offset in (None, bias):
            expected = NUMPY.linear(x, NUMPY.pack(weight, offset), **options)
            found = kernels.linear(x, kernels.pack(weight, offset), **options)
            np.testing.assert_allclose(found, expected, atol=1e-4)


@compiled
@on_each_kind
@given(st.integers(1, 4), st.integers(1, 70), st.integers(1, 4), st.integers(1, 70), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_attention_of_any_size(bf16, lanes, batch, tokens, heads, size, seed):
    native._native.choose(lanes)
    qkv = numbers(np.random.default_rng(seed), batch, tokens, 3 * heads * size)
    found = kernels_in(bf16).attention(qkv, heads)
    np.testing.assert_allclose(found, NUMPY.attention(qkv, heads), atol=0.1 if bf16 else 1e-5)


@compiled
def test_threads_compute_the_same_whatever_lies_on_their_stacks(bf16):
    rng, kernels = np.random.default_rng(0), kernels_in(bf16)
    x, weight, qkv = numbers(rng, 12, 70), numbers(rng, 40, 70), numbers(rng, 2, 5, 96)
    layer = kernels.pack(weight, None)

    def compute(_):
        np.linalg.svd(qkv @ qkv.transpose(0, 2, 1))  # leaves numbers behind on the stack
        return [kernels.linear(x, layer), kernels.attention(qkv, 2)]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(compute, range(40)))
    for linear, attention in results:
        assert np.abs(linear - x @ weight.T).max() <= 2 * BFLOAT * np.abs(x).max() * np.abs(weight).sum(axis=1).max()
        assert np.array_equal(attention, results[0][1])


@compiled
def test_attention_to_one_token_alone_gives_its_value_however_large_the_scores(bf16):
    qkv = np.zeros((1, 40, 3 * 32), np.float32)
    qkv[0, :, :32] = 30
    qkv[0, 17, 32:64] = 30
    qkv[0, 17, 64:] = np.arange(32) / 32
    found = kernels_in(bf16).attention(qkv, 1)
    np.testing.assert_allclose(found, np.broadcast_to(np.arange(32) / 32, (1, 40, 32)), atol=BFLOAT)


@on_each_kind
@given(st.integers(1, 40), st.integers(1, 300), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_layer_norms_of_any_size(lanes, rows, width, seed):
    native._native.choose(lanes)
    rng = np.random.default_rng(seed)
    x, weight, bias = numbers(rng, rows, width) * 3 + 5, numbers(rng, width), numbers(rng, width)
    expected = torch.nn.functional.layer_norm(*torch_of(x), (width,), *torch_of(weight, bias))
    for kernels in (NUMPY, NativeKernels(bf16=False)):
        np.testing.assert_allclose(kernels.layer_norm(x, Norm(weight, bias)), expected.numpy(), atol=2e-5)


@on_each_kind
@pytest.mark.parametrize("rectified", [False, True])
def test_windows_are_sums_of_rows_and_tokens_the_largest_of_them(rectified, lanes):
    native._native.choose(lanes)
    rng = np.random.default_rng(0)
    table, ids = numbers(rng, 9, 3, 21), rng.integers(0, 9, (4, 7))
    places = rng.integers(0, 7, (5, 2, 3))
    expected = np.empty((4, 5, 21), np.float32)
    for text, token in np.ndindex(4, 5):
        windows = [sum(table[ids[text, places[token, u, p]], p] for p in range(3)) for u in range(2)]
        expected[text, token] = np.maximum(*windows).clip(min=0.0 if rectified else None)
    for kernels in (NUMPY, NativeKernels(bf16=False)):
        np.testing.assert_allclose(kernels.gather(table, ids, places, rectified=rectified), expected, atol=1e-5)


@on_each_kind
def test_gelu_is_that_of_the_error_function(lanes):
    native._native.choose(lanes)
    x = np.linspace(-9, 9, 20_001, dtype=np.float32)
    expected = torch.nn.functional.gelu(torch.from_numpy(x).double()).numpy()
    np.testing.assert_allclose(gelu(x), expected, atol=2e-6)
    one = NativeKernels(bf16=False)
    layer = one.pack(np.eye(1, dtype=np.float32), None)
    np.testing.assert_allclose(one.linear(x[:, None], layer, with_gelu=True)[:, 0], expected, atol=2e-6)


# What the compiled functions are given is checked, for a wrong size would read or write over memory.


def test_arrays_smaller_than_they_are_said_to_be_are_refused():
    small, large = np.zeros(10, np.float32), np.zeros(100, np.float32)
    with pytest.raises(ValueError, match="smaller than its sizes say"):
        native._native.layer_norm(small, large, large, large, 2, 10)
    with pytest.raises(ValueError, match="smaller than its sizes say"):
        native._native.layer_norm(large, large, large, small, 2, 10)
    with pytest.raises(ValueError, match="smaller than its sizes say"):
        native._native.attention(large, small, 1, 2, 10, 1, False)
    with pytest.raises(ValueError, match="smaller than its sizes say"):
        native._native.linear(large, small, None, None, large, 2, 10, 10, False, False)


def test_sizes_that_cannot_be_are_refused():
    zeros, ids = np.zeros(100, np.float32), np.zeros(100, np.int64)
    for sizes in ((-1, 10), (0, 10), (1 << 62, 4), (1 << 30, 1 << 30)):
        with pytest.raises(ValueError, match="a size is less than 1 or too large"):
            native._native.layer_norm(zeros, zeros, zeros, zeros, *sizes)
    with pytest.raises(ValueError, match="a size is less than 1"):
        native._native.attention(zeros, zeros, 1, 1, 1, 0, False)
    with pytest.raises(ValueError, match="a size is less than 1"):
        native._native.gather(zeros, ids, ids, zeros, 1, 1, 1, 1, 0, 0, False)
    with pytest.raises(ValueError, match="a size is less than 1"):
        native._native.linear(zeros, zeros, None, None, zeros, 1, 0, 1, False, False)


def test_weights_of_another_type_are_converted():
    weight = np.arange(12.0).reshape(3, 4)
    for kernels in (NUMPY, NativeKernels(bf16=False)):
        layer = kernels.pack(weight, np.ones(3))
        np.testing.assert_array_equal(kernels.linear(np.ones((1, 4), np.float32), layer)[0], weight.sum(axis=1) + 1)


@pytest.mark.parametrize(("ids", "places"), [([[9]], [[[0]]]), ([[-1]], [[[0]]]), ([[1]], [[[1]]]), ([[1]], [[[-1]]])])
def test_words_and_places_outside_the_arrays_are_refused(ids, places):
    table = np.zeros((9, 1, 4), np.float32)
    with pytest.raises(IndexError, match="lies outside"):
        NativeKernels(bf16=False).gather(table, np.array(ids), np.array(places), rectified=False)


def test_arrays_that_are_not_contiguous_are_refused():
    x = np.zeros((4, 8), np.float32)[:, ::2]
    with pytest.raises(ValueError, match="not C-contiguous"):
        NativeKernels(bf16=False).layer_norm(x, Norm(x[0], x[0]))


def test_without_the_compiled_operations_numpy_computes_and_bf16_is_refused(monkeypatch):
    monkeypatch.setattr(native, "_native", None)
    assert isinstance(choose_kernels(), NumPyKernels)
    assert isinstance(choose_kernels("fp32"), NumPyKernels)
    with pytest.raises(UsageError, match="precision bf16: it was installed without a C compiler; use fp32"):
        choose_kernels("bf16")
