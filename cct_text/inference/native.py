"""The operations of `kernels.py` compiled (`_native.c`), and the choice among them."""

from __future__ import annotations

from typing import get_args

import numpy as np

from cct_text.config import Precision
from cct_text.errors import UsageError, unknown_name
from cct_text.inference.kernels import Kernels, Linear, Norm, NumPyKernels

try:
    import cct_text.inference._native as _native
except ImportError:  # installed where there was no C compiler
    _native = None  # type: ignore[assignment]

PAIRWISE, TILED = 1, 2
"""How a processor multiplies bf16, in `_native.choose_bf16`: two numbers and two (AVX512-BF16), or whole tiles (AMX)."""

_WIDEST = 16
"""Floats in the widest register that there is."""
_CACHE_LINE = 64


def choose_kernels(precision: str = "auto") -> Kernels:
    """What this machine computes fastest with.

    Args:
        precision: `auto`: bf16 where the processor multiplies it (AMX or AVX512-BF16), else fp32; or as named.

    Raises:
        UsageError: if there is no such precision, or bf16 is asked for and the processor, or an installation without a C
            compiler, has it not.
    """
    if precision not in get_args(Precision):
        raise UsageError(unknown_name("precision", precision, get_args(Precision)))
    has_bf16 = _native is not None and _native.choose_bf16(TILED) > 0
    if precision == "bf16" and not has_bf16:
        why = "this processor has neither AMX nor AVX512-BF16" if _native else "it was installed without a C compiler"
        raise UsageError(f"precision bf16: {why}; use fp32")
    return NumPyKernels() if _native is None else NativeKernels(bf16=has_bf16 and precision != "fp32")


def instructions() -> tuple[int, str | None]:
    """What the compiled operations compute with on this processor.

    Returns:
        floats in a register in fp32, 16, 8 or 4, and 0 where nothing is compiled; `AMX` or `AVX512-BF16` for bf16, or None.
    """
    if _native is None:
        return 0, None
    return _native.choose(_WIDEST), {PAIRWISE: "AVX512-BF16", TILED: "AMX"}.get(_native.choose_bf16(TILED))


class NativeKernels:
    """The operations compiled; what `Kernels` says of each.

    Args:
        bf16: multiply matrices in bf16, adding up in fp32; everything else is fp32 either way.
    """

    def __init__(self, *, bf16: bool) -> None:
        self.bf16 = bf16
        self.precision = "bf16" if bf16 else "fp32"

    def pack(self, weight: np.ndarray, bias: np.ndarray | None) -> Linear:
        """As `Kernels.pack`."""
        outputs, inputs = weight.shape
        packed = _aligned(_native.packed_floats(outputs, inputs, self.bf16))
        _native.pack(np.ascontiguousarray(weight, np.float32), packed, outputs, inputs, self.bf16)
        return Linear(inputs, outputs, packed, None if bias is None else np.ascontiguousarray(bias, np.float32))

    def linear(
        self, x: np.ndarray, layer: Linear, *, residual: np.ndarray | None = None, with_gelu: bool = False
    ) -> np.ndarray:
        """As `Kernels.linear`."""
        output = np.empty((*x.shape[:-1], layer.outputs), np.float32)
        rows = x.size // layer.inputs
        _native.linear(
            x, layer.weight, layer.bias, residual, output, rows, layer.inputs, layer.outputs, with_gelu, self.bf16
        )
        return output

    def layer_norm(self, x: np.ndarray, norm: Norm) -> np.ndarray:
        """As `Kernels.layer_norm`."""
        output = np.empty_like(x)
        _native.layer_norm(x, norm.weight, norm.bias, output, x.size // x.shape[-1], x.shape[-1])
        return output

    def attention(self, qkv: np.ndarray, heads: int) -> np.ndarray:
        """As `Kernels.attention`."""
        batch, tokens, width = qkv.shape
        output = np.empty((batch, tokens, width // 3), np.float32)
        _native.attention(qkv, output, batch, tokens, width // 3, heads, self.bf16)
        return output

    def gather(self, table: np.ndarray, ids: np.ndarray, places: np.ndarray, *, rectified: bool) -> np.ndarray:
        """As `Kernels.gather`."""
        (batch, words), (tokens, windows, taps), width = ids.shape, places.shape, table.shape[2]
        output = np.empty((batch, tokens, width), np.float32)
        _native.gather(table, ids, places, output, batch, words, tokens, windows, taps, width, rectified)
        return output


def _aligned(floats: int) -> np.ndarray:
    """Room that begins with a cache line."""
    room = np.empty(floats + _CACHE_LINE // 4, np.float32)
    return room[-room.ctypes.data % _CACHE_LINE // 4 :][:floats]
