"""What a part of the benchmark measured, and how it goes to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Self

PRODUCT = "cct-text"
"""The side that the others are compared with."""
REFERENCE = "reference"
"""The plain pipeline of `benchmarks.reference`."""


@dataclass(frozen=True)
class Work:
    """What has to be done for one row, or for the whole where seconds are measured, whoever does it and however.

    Attributes:
        operations: floating-point operations of matrix products by stage; see `benchmarks.work.operations`.
        bytes: that have to go through memory at least.
    """

    operations: Mapping[str, float]
    bytes: float

    def seconds(self, operations_per_second: float, bytes_per_second: float) -> float:
        """The least time on a machine of these rates."""
        return max(sum(self.operations.values()) / operations_per_second, self.bytes / bytes_per_second)


@dataclass(frozen=True)
class Goal:
    """A figure that the project set itself before measuring.

    Attributes:
        title: what it is about, behind the figure: `8x`, `reference`.
        reached: what was measured.
        wanted: the goal.
        at_most: whether less is better.
        unit: behind both figures.
    """

    title: str
    reached: float
    wanted: float
    at_most: bool = False
    unit: str = "x"

    @property
    def met(self) -> bool:
        """Whether the goal was reached."""
        return self.reached <= self.wanted if self.at_most else self.reached >= self.wanted


@dataclass(frozen=True)
class Measurement:
    """One quantity, measured of several sides in turns.

    Attributes:
        title: what was measured.
        unit: of the figures: `rows/s`, `s`, `MB`, `%`, `Gflop/s` or `GB/s`.
        sides: one figure a round of each side.
        conditions: what one has to know to repeat it.
        goals: what was wanted of it.
        work: what the sides had to do; None where it is no matter of work.
        share: wanted share of the machine's matrix-product rate; None where there is no such goal.
        precisions: the precision, and so the rate, that a side of such a goal is held against.
    """

    title: str
    unit: str
    sides: Mapping[str, list[float]]
    conditions: str
    goals: tuple[Goal, ...] = field(default=())
    work: Work | None = None
    share: float | None = None
    precisions: Mapping[str, str] = field(default_factory=dict)

    def median(self, side: str) -> float:
        """The side's figure."""
        return median(self.sides[side])

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What `to_dict` returned."""
        goals = tuple(Goal(**goal) for goal in values["goals"])
        work = None if values["work"] is None else Work(**values["work"])
        return cls(**{**values, "goals": goals, "work": work})


def ratio(rates: Mapping[str, list[float]], side: str, other: str) -> float:
    """How many times the median of one side is that of another."""
    return median(rates[side]) / median(rates[other])
