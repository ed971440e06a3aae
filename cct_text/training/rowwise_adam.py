"""Adam for the word vectors: a step costs what its words cost, not what the vocabulary costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from cct_text.training.optimization import WeightAverage

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
"""As torch's AdamW has them."""
FORGOTTEN = 300
"""Steps after which a mean has shrunk by 2e-14, less than what float32 can add to another gradient."""
ROWS_AT_ONCE = 1 << 16
"""Rows that `settle` brings up to date together: bounds its memory."""


class RowwiseAdam:
    """Adam (Kingma and Ba 2015, arXiv 1412.6980) over a table of which a step touches a few rows.

    The result is that of the dense algorithm, in which a row goes on moving by its momentum after the step that touched
    it. Without a gradient the steps 1 to k that a row has missed only shrink its moments, so that they add up to

        -(sum over j of rate_j * beta1^j / sqrt(beta2^j)) * m / sqrt(v)

    (rate_j with both bias corrections), a factor that is the same for all columns and follows from the schedule alone.
    A row is brought up to date in this way when it is next touched, and all are before the weights are read (`settle`).
    What is neglected is that epsilon weighs a little more in the missed steps than in their first. Weight decay there is
    none.

    torch.optim.SparseAdam, in contrast, drops the missed steps: a rare word then learns a tenth of what dense Adam
    teaches it.

    Args:
        table: (V, E) float32; updated in place.
        rates: learning rate of each step of the run.
        average: moving average of the table, or None.
    """

    def __init__(self, table: Tensor, rates: Sequence[float], average: WeightAverage | None = None) -> None:
        self.table = table
        self.average = average
        self.averaged = None if average is None else average.table
        self.means = torch.zeros_like(table)  # m
        self.squares = torch.zeros_like(table)  # v
        # The step that a row is up to date with.
        self.seen = torch.zeros(len(table), dtype=torch.int64, device=table.device)
        self.step = 0
        self.rates = [_corrected(rate, step) for step, rate in enumerate(rates, start=1)]
        self.missed = torch.tensor(_missed(self.rates), dtype=torch.float64, device=table.device)
        self.taken: tuple[Tensor, ...] = ()

    def take(self, rows: Tensor) -> Tensor:
        """The vectors (U, E) of rows (U,), all different, as they stand before the next step."""
        self.taken = (rows, *self._present(rows))
        return self.taken[1]

    def update(self, gradient: Tensor) -> None:
        """The step that follows `take`: `gradient` (U, E) float32 is that of the rows taken. Their vectors move in place."""
        rows, vectors, means, squares, *averaged = self.taken
        self.step += 1
        means.lerp_(gradient, 1 - BETA1)
        squares.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
        epsilon = EPSILON * math.sqrt(1 - BETA2**self.step)
        vectors.addcdiv_(means, _root(squares).add_(epsilon), value=-self.rates[self.step - 1])
        if self.average is not None:
            averaged[0].lerp_(vectors, 1 - self.average.decay_at(self.step))
        self._put(rows, vectors, means, squares, *averaged)

    def settle(self) -> None:
        """Bring all rows up to date: before weights are evaluated, kept or saved."""
        behind = ((self.seen > 0) & (self.seen < self.step)).nonzero().squeeze(1)
        for rows in torch.split(behind, ROWS_AT_ONCE):
            self._put(rows, *self._present(rows))

    def _present(self, rows: Tensor) -> list[Tensor]:
        """Vectors, both moments and, if there is one, the average of some rows, up to date."""
        seen = self.seen.index_select(0, rows)
        gap = (self.step - seen).unsqueeze(1)  # (U, 1)
        moved = self.missed.index_select(0, seen).unsqueeze(1) - _RATIO**gap * self.missed[self.step]
        vectors, means, squares = (x.index_select(0, rows) for x in (self.table, self.means, self.squares))  # (U, E)
        epsilon = EPSILON * (1 - BETA2 ** (seen + 1.0)).sqrt().unsqueeze(1)
        vectors.addcdiv_(means * moved.float(), _root(squares).add_(epsilon), value=-1.0)
        # Numbers that float32 holds with few bits only would slow all that follows down.
        means.mul_((BETA1**gap).masked_fill(gap > FORGOTTEN, 0.0))
        squares.mul_(BETA2**gap)
        present = [vectors, means, squares]
        if self.average is not None and self.averaged is not None:
            # A row is averaged as if it had stood where it stands now since it was seen last.
            kept = self.average.kept(seen, self.step).unsqueeze(1)
            present.append(torch.lerp(vectors, self.averaged[rows], kept))
        return present

    def _put(self, rows: Tensor, vectors: Tensor, means: Tensor, squares: Tensor, *averaged: Tensor) -> None:
        self.table.index_copy_(0, rows, vectors)
        self.means.index_copy_(0, rows, means)
        self.squares.index_copy_(0, rows, squares)
        self.seen.index_fill_(0, rows, self.step)
        if self.averaged is not None:
            self.averaged.index_copy_(0, rows, averaged[0])

    def state_dict(self) -> dict[str, Any]:
        """Steps done, moments, and how far each row is."""
        return {"step": self.step, "means": self.means, "squares": self.squares, "seen": self.seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.step = state["step"]
        self.means.copy_(state["means"])
        self.squares.copy_(state["squares"])
        self.seen.copy_(state["seen"])


_RATIO = BETA1 / math.sqrt(BETA2)
"""By which the move of a row without a gradient shrinks from step to step, at a constant rate."""


def _root(squares: Tensor) -> Tensor:
    """Square roots. What is added is too little to be seen; the root of exactly 0 takes a processor ten times as long."""
    return squares.add(1e-36).sqrt_()


def _corrected(rate: float, step: int) -> float:
    """The learning rate of a step with the bias corrections of both moments."""
    return rate * math.sqrt(1 - BETA2**step) / (1 - BETA1**step)


def _missed(rates: Sequence[float]) -> list[float]:
    """For each number of steps done, 0 included: by how many m / sqrt(v) a row moves in all steps that follow."""
    missed = [0.0]
    for rate in reversed(rates):
        missed.append(_RATIO * (rate + missed[-1]))
    return missed[::-1]
