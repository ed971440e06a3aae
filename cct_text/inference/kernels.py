"""The few operations that nearly all of prediction's time goes into, on NumPy.

`native.py` has the same operations compiled; a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

EPSILON = np.float32(1e-5)
"""Added to the variance in a layer norm, as torch does."""

# erf(z) = z P(z^2) / Q(z^2) on [-4, 4], coefficients of the highest power first, within 3e-7: the rational approximation
# of Eigen and XLA for float32.
_ERF_P = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
_ERF_Q = (
    -1.45660718464996e-05,
    -2.13374055278905e-04,
    -1.68282697438203e-03,
    -7.37332916720468e-03,
    -1.42647390514189e-02,
)


@dataclass(frozen=True)
class Norm:
    """A layer norm's weight and bias, (D,) each."""

    weight: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class Linear:
    """A linear layer, its weight laid out as the kernels like it.

    Attributes:
        inputs: width of what goes in.
        outputs: width of what comes out.
        weight: as `Kernels.pack` returns it.
        bias: (outputs,) or None.
    """

    inputs: int
    outputs: int
    weight: np.ndarray
    bias: np.ndarray | None


class Kernels(Protocol):
    """What an engine computes with. Arrays are float32 and C-contiguous; results are new arrays."""

    precision: str
    """In which matrices are multiplied: fp32 or bf16."""

    def pack(self, weight: np.ndarray, bias: np.ndarray | None) -> Linear:
        """A layer of a weight (outputs, inputs), as it is saved."""

    def linear(
        self, x: np.ndarray, layer: Linear, *, residual: np.ndarray | None = None, with_gelu: bool = False
    ) -> np.ndarray:
        """(..., inputs) to (..., outputs); then x Phi(x) of it, if wanted; then the residual added."""

    def layer_norm(self, x: np.ndarray, norm: Norm) -> np.ndarray:
        """(..., D) to (..., D)."""

    def attention(self, qkv: np.ndarray, heads: int) -> np.ndarray:
        """(B, T, D), from query, key and value (B, T, 3 D); all tokens are real."""

    def gather(self, table: np.ndarray, ids: np.ndarray, places: np.ndarray, *, rectified: bool) -> np.ndarray:
        """Tokens (B, T, D) from windows of words whose taps are rows of a table.

        Args:
            table: (V, P, D), what each word adds to a window by its place in it.
            ids: (B, S) int64.
            places: (T, U, P) int64, where in a text the words of the U windows stand whose largest sums make a token.
            rectified: nothing is less than 0.
        """


class NumPyKernels:
    """The operations in NumPy, a pass over memory for each step; what `Kernels` says of each."""

    precision = "fp32"

    def pack(self, weight: np.ndarray, bias: np.ndarray | None) -> Linear:
        """As `Kernels.pack`."""
        outputs, inputs = weight.shape
        return Linear(inputs, outputs, np.ascontiguousarray(weight.T, np.float32), bias)

    def linear(
        self, x: np.ndarray, layer: Linear, *, residual: np.ndarray | None = None, with_gelu: bool = False
    ) -> np.ndarray:
        """As `Kernels.linear`."""
        output: np.ndarray = x @ layer.weight
        if layer.bias is not None:
            output += layer.bias
        if with_gelu:
            output = gelu(output)
        if residual is not None:
            output += residual
        return output

    def layer_norm(self, x: np.ndarray, norm: Norm) -> np.ndarray:
        """As `Kernels.layer_norm`."""
        output: np.ndarray = x - x.mean(axis=-1, keepdims=True)
        variance = np.einsum("...d,...d->...", output, output)[..., None]
        variance /= x.shape[-1]
        variance += EPSILON
        output /= np.sqrt(variance, out=variance)
        output *= norm.weight
        output += norm.bias
        return output

    def attention(self, qkv: np.ndarray, heads: int) -> np.ndarray:
        """As `Kernels.attention`."""
        batch, tokens, width = qkv.shape
        value = _split_heads(qkv, heads)[2]
        output = np.matmul(attention_weights(qkv, heads), value)  # (B, H, T, D / H)
        together: np.ndarray = output.transpose(0, 2, 1, 3).reshape(batch, tokens, width // 3)
        return together

    def gather(self, table: np.ndarray, ids: np.ndarray, places: np.ndarray, *, rectified: bool) -> np.ndarray:
        """As `Kernels.gather`."""
        first, *others = (self._sums(table, ids[:, places[:, window]]) for window in range(places.shape[1]))
        for other in others:
            np.maximum(first, other, out=first)
        return np.maximum(first, 0.0, out=first) if rectified else first

    @staticmethod
    def _sums(table: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """(B, T, D): the sums of the rows of words (B, T, P), each by its place."""
        taps, width = table.shape[1:]
        rows = table.reshape(-1, width)
        total: np.ndarray = rows[ids[..., 0] * taps]
        for tap in range(1, taps):
            total += rows[ids[..., tap] * taps + tap]
        return total


def gelu(x: np.ndarray) -> np.ndarray:
    """X Phi(x) by the error function, as `torch.nn.GELU`; any shape."""
    z = np.clip(x * np.float32(0.5**0.5), -4.0, 4.0)
    squared = z * z
    ratio = _polynomial(squared, _ERF_P)
    ratio *= z
    ratio /= _polynomial(squared, _ERF_Q)
    ratio += np.float32(1.0)
    ratio *= x
    ratio *= np.float32(0.5)
    return ratio


def _polynomial(x: np.ndarray, coefficients: tuple[float, ...]) -> np.ndarray:
    """By Horner's rule, in place."""
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value *= x
        value += np.float32(coefficient)
    return value


def softmax(scores: np.ndarray) -> np.ndarray:
    """Over the last axis, in place."""
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-scores)), of the type of the scores, without overflow."""
    small = np.exp(-np.abs(scores))
    value: np.ndarray = np.where(scores >= 0, 1, small) / (1 + small)
    return value


def attention_weights(qkv: np.ndarray, heads: int) -> np.ndarray:
    """How much each token attends to each other: (B, H, T, T), from query, key and value (B, T, 3 D)."""
    query, key, _ = _split_heads(qkv, heads)
    scores = np.matmul(query, key.swapaxes(-1, -2))  # (B, H, T, T)
    scores *= np.float32(query.shape[-1] ** -0.5)
    return softmax(scores)


def _split_heads(qkv: np.ndarray, heads: int) -> np.ndarray:
    """(3, B, H, T, D / H)."""
    batch, tokens, width = qkv.shape
    return qkv.reshape(batch, tokens, 3, heads, width // 3 // heads).transpose(2, 0, 3, 1, 4)
