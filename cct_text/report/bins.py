"""Rows in groups of a kind, and what is true of each group: by probability, by length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RELIABILITY_BINS = 10
LENGTH_BINS = 6
FEWEST_ROWS = 5
"""Of a bin of lengths, where there are so many in all."""


@dataclass(frozen=True)
class Bin:
    """Rows that have something in common.

    Attributes:
        name: what they have in common.
        rows: how many there are; at least one.
        accuracy: share of them that is right.
        confidence: mean probability of their predictions; None where there are no probabilities.
    """

    name: str
    rows: int
    accuracy: float
    confidence: float | None = None


def reliability_bins(said: np.ndarray, right: np.ndarray) -> Sequence[Bin]:
    """What probabilities (N,) say, beside how often what they are of is right, (N,) bool; in bins of equal width."""
    edges = np.clip(np.ceil(said * RELIABILITY_BINS).astype(np.int64) - 1, 0, RELIABILITY_BINS - 1)
    return [
        Bin(f"{edge / RELIABILITY_BINS:.0%}", int(rows.sum()), float(right[rows].mean()), float(said[rows].mean()))
        for edge in np.unique(edges)
        for rows in [edges == edge]
    ]


def length_bins(lengths: np.ndarray, right: np.ndarray) -> Sequence[Bin]:
    """Texts (N) by their number of words, in bins of about as many rows each, from short to long."""
    wanted = max(1, min(LENGTH_BINS, len(lengths) // FEWEST_ROWS))
    ends = np.unique(np.quantile(lengths, np.linspace(0, 1, wanted + 1)[1:], method="inverted_cdf"))
    of = np.searchsorted(ends, lengths)
    bins = []
    for number, end in enumerate(ends):
        rows = of == number
        first = int(lengths[rows].min())
        name = f"{first}" if first == end else f"{first} to {int(end)}"
        bins.append(Bin(name, int(rows.sum()), float(right[rows].mean())))
    return bins
