"""The arithmetic that a network asks for, counted by formula; what the machine's rates are divided by."""

from __future__ import annotations

import numpy as np

from cct_text.model.architecture import Architecture
from cct_text.model.geometry import Span, Windows

TRAINING = 3
"""Forward, gradient of the inputs, gradient of the weights: each multiplies as much."""
FLOAT = 4
"""Bytes of a float32, and of a word id in a file or in memory."""
ADAMW = 7
"""Numbers through memory for one parameter: weight, gradient and two moments read, all but the gradient written."""


def operations(architecture: Architecture, num_classes: int, lengths: np.ndarray) -> dict[str, float]:
    """Floating-point operations of the forward pass over N texts, by stage; a multiplication and an addition are two.

    Only matrix products count, and only of real words and tokens: a pad is no work. The embedding is a lookup; the
    convolution counts as a product also where it is looked up.

    Args:
        architecture: the sizes.
        num_classes: C.
        lengths: (N,) words of each text, as far as they are read.
    """
    width, layers = architecture.width, architecture.layers
    convolution = tokens = squares = 0.0
    for length, texts in zip(*np.unique(lengths, return_counts=True), strict=True):
        performed, real = _through_convolutions(architecture, int(length))
        real += architecture.pooling == "class-token"
        convolution, tokens, squares = (
            convolution + texts * performed,
            tokens + texts * real,
            squares + texts * real**2,
        )
    return {
        "convolution": float(convolution),
        "query, key, value": float(layers * tokens * 2 * width * 3 * width),
        "attention": float(layers * squares * (2 * width + 2 * width)),
        "projection": float(layers * tokens * 2 * width * width),
        "mlp": float(layers * tokens * 2 * (2 * width * architecture.mlp_width)),
        "pooling": float(tokens * (2 * width + 2 * width)) if architecture.pooling == "seqpool" else 0.0,
        "head": float(len(lengths) * 2 * width * num_classes),
    }


def _through_convolutions(architecture: Architecture, words: int) -> tuple[int, int]:
    """Operations of the convolutions over one text, and the real tokens that come out of them."""
    performed, real = 0, Span(0, words - 1)
    if words == 0:
        return 0, 0
    for layer in range(architecture.conv_layers):
        read = architecture.width if layer else architecture.embedding_dim
        performed += 2 * read * architecture.width * _windows_over(architecture.windows, real)
        real = architecture.windows.after(real)
    return performed, len(real)


def _windows_over(windows: Windows, real: Span) -> int:
    """Pairs of a window and a real position in it."""
    positions = np.arange(real.first, real.last + 1) + windows.padding
    opening = np.maximum(0, -((windows.kernel - 1 - positions) // windows.stride))
    return int((positions // windows.stride - opening + 1).sum())


def per_row(counted: dict[str, float], rows: int, *, times: float = 1) -> dict[str, float]:
    """Operations of many texts as those of one."""
    return {stage: number * times / rows for stage, number in counted.items()}


def step_bytes(parameters: int, words: float, embedding_dim: int, *, tuned: bool) -> float:
    """Bytes that one step of training moves at least: AdamW over the network and over the vectors of its words.

    Args:
        parameters: of the network without its word vectors.
        words: distinct words of a batch.
        embedding_dim: E.
        tuned: whether the word vectors are trained too; otherwise they are only read.
    """
    return FLOAT * (ADAMW * parameters + words * embedding_dim * (ADAMW if tuned else 1))
