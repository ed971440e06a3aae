"""How the large weights lie in an ONNX file, and what is multiplied with them: float32, float16 or int8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from cct_text.errors import UsageError
from cct_text.export.graph import Graph

TABLE_STEPS = 127
"""Largest number in an int8 table of word vectors; the least is its opposite."""
PRODUCT_STEPS = 63
"""The same of a weight that is multiplied in int8. Processors without VNNI add two products of 8 by 8 bits in 16 bits, which
could overflow; 255 * 63 * 2 cannot."""


class Storage(Protocol):
    """A way to keep weights."""

    def rows(self, graph: Graph, name: str, table: np.ndarray, ids: str) -> str:
        """Rows (..., E) float32 of a table (V, E)."""

    def product(self, graph: Graph, name: str, x: str, weight: np.ndarray) -> str:
        """The product of x (..., I) float32 and a weight (I, O): (..., O) float32."""


class Float32:
    """As they were trained."""

    def rows(self, graph: Graph, name: str, table: np.ndarray, ids: str) -> str:
        """As `Storage.rows`."""
        return graph.op("Gather", graph.weight(name, table), ids)

    def product(self, graph: Graph, name: str, x: str, weight: np.ndarray) -> str:
        """As `Storage.product`."""
        return graph.op("MatMul", x, graph.weight(name, weight))


class Float16:
    """Half as large. What is computed is float32: on a CPU ONNX Runtime multiplies no bf16, and float16 by way of float32."""

    def rows(self, graph: Graph, name: str, table: np.ndarray, ids: str) -> str:
        """As `Storage.rows`."""
        return graph.cast(graph.op("Gather", graph.weight(name, _halved(name, table)), ids), np.float32)

    def product(self, graph: Graph, name: str, x: str, weight: np.ndarray) -> str:
        """As `Storage.product`."""
        return graph.op("MatMul", x, graph.cast(graph.weight(name, _halved(name, weight)), np.float32))


class Int8:
    """A quarter as large: a word vector by its own largest element, a weight by that of each of its columns.

    Products are those of integers. What goes into one is rounded to 256 steps of a range that is fixed beforehand, and
    not to that of the batch at hand, as ONNX Runtime's dynamic quantization does: a text's label would then depend on
    the texts beside it.

    Args:
        ranges: least and largest number that goes into each product, by its name; what lies beyond is cut off.
    """

    def __init__(self, ranges: Mapping[str, tuple[float, float]]) -> None:
        self.ranges = ranges

    def rows(self, graph: Graph, name: str, table: np.ndarray, ids: str) -> str:
        """As `Storage.rows`."""
        integers, scale = _quantized(table, axis=1, steps=TABLE_STEPS)
        rows = graph.cast(graph.op("Gather", graph.weight(name, integers), ids), np.float32)
        return graph.op("Mul", rows, graph.op("Gather", graph.weight(f"{name}.scale", scale), ids))

    def product(self, graph: Graph, name: str, x: str, weight: np.ndarray) -> str:
        """As `Storage.product`."""
        low, high = self.ranges[name]
        step = np.float32((high - low) / 255 or 1.0)  # nothing but zeros: any will do
        zero = graph.weight(f"{name}.input_zero", np.array(round(-low / step), np.uint8))
        integers, scale = _quantized(weight, axis=0, steps=PRODUCT_STEPS)
        x = graph.op("QuantizeLinear", x, graph.number(float(step)), zero)
        sums = graph.cast(graph.op("MatMulInteger", x, graph.weight(name, integers), zero), np.float32)
        return graph.op("Mul", sums, graph.weight(f"{name}.scale", step * scale[0]))


def _halved(name: str, array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        halved = array.astype(np.float16)
    if not np.isfinite(halved).all():
        raise UsageError(f"{name} holds {np.abs(array).max():g}, which float16 cannot: leave --precision fp16 out")
    return halved


def _quantized(array: np.ndarray, *, axis: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Integers from -steps to steps and the float32 numbers to multiply them with: one for each row (axis 1) or column."""
    scale = np.abs(array).max(axis=axis, keepdims=True) / np.float32(steps)
    integers = np.rint(array / np.where(scale > 0, scale, 1)).astype(np.int8)
    return integers, scale
