"""A trial of a search: some options, and what they reached on the dev splits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cct_text.config import Config

State = Literal["running", "complete", "pruned", "failed"]


@dataclass(frozen=True)
class Trial:
    """What was tried, and what it reached.

    Attributes:
        number: in the journal, from 0; one that was interrupted and repeated has none of its own any more.
        state: complete: scored on all splits; pruned: given up after some; failed: see `error`.
        recipe: whether it is the recipe as it is.
        config: its options.
        scores: on the splits so far.
        seconds: of training, all splits together.
        error: what went wrong; None where nothing did.
    """

    number: int
    state: State
    recipe: bool
    config: Config
    scores: tuple[float, ...]
    seconds: float
    error: str | None

    @property
    def score(self) -> float | None:
        """The mean over the splits so far; None before the first."""
        return float(np.mean(self.scores)) if self.scores else None

    @property
    def standard_error(self) -> float | None:
        """Of that mean; None with fewer than two splits."""
        return standard_error(self.scores)


@dataclass(frozen=True)
class SplitScore:
    """What a trial reached on one split.

    Attributes:
        number: of the trial.
        score: None where it failed.
        seconds: of training.
        error: what went wrong; None where nothing did.
    """

    number: int
    score: float | None
    seconds: float
    error: str | None


def standard_error(values: Sequence[float]) -> float | None:
    """Of the mean of some values; None for fewer than two."""
    return float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else None
