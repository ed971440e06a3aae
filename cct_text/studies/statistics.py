"""What a few runs say about an accuracy, and about the difference between two.

Notation: S seeds, R test rows. Whether a run is right on a row is 1 or 0; a run's accuracy is its mean over the rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
"""Of all intervals."""
ALPHA = 1.0 - CONFIDENCE
"""A difference whose p, corrected, is below this is called one."""


@dataclass(frozen=True)
class Summary:
    """A figure over seeds.

    Attributes:
        mean: of the seeds.
        std: standard deviation with S - 1; None for one seed.
        low: lower end of the 95 % interval of the mean; None for one seed.
        high: upper end likewise.
        seeds: S.
    """

    mean: float
    std: float | None
    low: float | None
    high: float | None
    seeds: int


def summarize(values: Sequence[float]) -> Summary:
    """Mean, standard deviation and Student's interval of S values, at least one.

    The interval tells how far another set of seeds may move the mean; the rows stay the same.
    """
    from scipy.stats import t

    mean, seeds = float(np.mean(values)), len(values)
    if seeds == 1:
        return Summary(mean, None, None, None, 1)
    std = float(np.std(values, ddof=1))
    reach = float(t.ppf(0.5 + CONFIDENCE / 2, seeds - 1)) * std / math.sqrt(seeds)
    return Summary(mean, std, mean - reach, mean + reach, seeds)


@dataclass(frozen=True)
class Difference:
    """How much more often one side is right than another.

    Attributes:
        mean: the first side's accuracy less the second's.
        low: lower end of the 95 % interval.
        high: upper end likewise.
        p: probability of so large a difference, in either direction, where there is none.
    """

    mean: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Spread:
    """An estimated variance over seeds and its degrees of freedom."""

    variance: float
    freedom: float


@dataclass(frozen=True)
class SeedLuck:
    """How much the seed moves accuracies, estimated over all conditions of a study together.

    Two conditions and a few seeds tell little: by chance the seeds of some pair of many agree, and that pair would look
    better than it is.

    Attributes:
        of_pair: of the difference of two conditions with the same seed.
        of_one: of the accuracy of one condition.
    """

    of_pair: Spread | None
    of_one: Spread

    @classmethod
    def of(cls, accuracies: np.ndarray) -> SeedLuck:
        """By the analysis of variance of accuracies (K, S) of K conditions with the same S seeds, S at least 2.

        The mean square of conditions by seeds is half the variance of a difference, for what a seed does to all
        conditions alike is no part of it.
        """
        conditions, seeds = accuracies.shape
        of_one = Spread(float(accuracies.var(axis=1, ddof=1).mean()), conditions * (seeds - 1.0))
        if conditions < 2:
            return cls(None, of_one)
        shared, own = accuracies.mean(axis=0), accuracies.mean(axis=1, keepdims=True)
        rest = accuracies - shared - own + accuracies.mean()  # (K, S)
        freedom = (conditions - 1.0) * (seeds - 1.0)
        return cls(Spread(2.0 * float(np.square(rest).sum()) / freedom, freedom), of_one)


def difference(right: np.ndarray, other: np.ndarray, *, luck: Spread | None = None) -> Difference:
    """Difference of two sides that saw the same seeds and the same rows, both of which might have been others.

    The rows of a run share its luck and the runs of a row its difficulty, so neither S x R independent pairs nor S nor R
    may be counted. The paired differences are taken as a random-effects layout, seeds crossed with rows, whose mean has
    the variance

        (MS_seeds + max(MS_rows - MS_rest, 0)) / (S R)

    by its mean squares, with Hillis' degrees of freedom: the analysis that radiology uses for readers crossed with cases
    (Hillis 2007, "A comparison of denominator degrees of freedom methods for multiple observer ROC analysis", Statistics
    in Medicine 26, 596-619). MS_seeds is the largest of this pair's own, of what `luck` says, and of MS_rest: a few seeds
    agree by chance, and are no proof then. A permutation of five seeds cannot give a p below 0.06, and one of rows alone
    takes the luck of the seeds for a difference.

    With one seed the rows alone vary: the paired t-test, which says nothing about other seeds. No p is less than that of
    a sign test in which each row on which the sides differ speaks for the same side.

    Args:
        right: (S, R) of 0 and 1 or bool.
        other: (S, R) likewise, the same seeds and rows in the same order.
        luck: variance of such a difference over seeds by all conditions of the study; this pair's own alone when None.

    Raises:
        ValueError: if the shapes differ, or there are not at least one seed and two rows.
    """
    from scipy.stats import t

    if right.shape != other.shape or right.ndim != 2 or right.shape[0] < 1 or right.shape[1] < 2:
        raise ValueError(f"shapes {right.shape} and {other.shape}: expected (S, R) twice, with S >= 1 and R >= 2")
    pairs = right.astype(np.float64) - other.astype(np.float64)  # (S, R)
    mean = float(pairs.mean())
    # 1 where no row differs; 0 where there are too many to count.
    least = math.ldexp(1.0, 1 - max(1, int(np.any(pairs != 0.0, axis=0).sum())))
    variance, freedom = _variance_of_mean(pairs, luck)
    if variance == 0.0:
        return Difference(mean, mean, mean, least if mean != 0.0 else 1.0)
    error = math.sqrt(variance)
    reach = float(t.ppf(0.5 + CONFIDENCE / 2, freedom)) * error
    p = float(2 * t.sf(abs(mean) / error, freedom))
    return Difference(mean, mean - reach, mean + reach, max(p, least))


def _variance_of_mean(pairs: np.ndarray, luck: Spread | None) -> tuple[float, float]:
    """Variance of the grand mean of (S, R) and its degrees of freedom."""
    seeds, rows = pairs.shape
    of_rows = pairs.mean(axis=0)  # (R,)
    if seeds == 1:
        return float(of_rows.var(ddof=1)) / rows, rows - 1.0
    of_seeds = pairs.mean(axis=1)  # (S,)
    rest = pairs - of_seeds[:, None] - of_rows[None, :] + pairs.mean()  # (S, R)
    luck = luck or Spread(0.0, seeds - 1.0)
    by_row = seeds * float(of_rows.var(ddof=1))
    by_rest = float(np.square(rest).sum()) / ((seeds - 1) * (rows - 1))
    by_seed = max(rows * float(of_seeds.var(ddof=1)), rows * luck.variance, by_rest)
    total = by_seed + max(by_row - by_rest, 0.0)
    freedom = luck.freedom * (total / by_seed) ** 2 if by_seed > 0.0 else math.inf
    return total / (seeds * rows), freedom


def holm(p_values: Sequence[float]) -> list[float]:
    """Values of p of several tests, so corrected that a single false alarm among them is as rare as one of them says.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
