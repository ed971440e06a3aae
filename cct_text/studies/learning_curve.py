"""Accuracy against the number of training rows: who is ahead where, and where the lines cross."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, pairwise
from typing import Any

from cct_text.errors import UsageError
from cct_text.studies.comparison import Run, paired_difference, seed_luck, too_few
from cct_text.studies.grid import Condition
from cct_text.studies.statistics import ALPHA, Difference, Summary, holm, summarize

ALL = "all"
SIZES = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000)
"""Rows of train when none are asked for, as far as there are more; then all."""


@dataclass(frozen=True)
class Cell:
    """One learner with one number of training rows.

    Attributes:
        learner: what learns, without the number of rows.
        rows: of train; all of them where `condition` names none.
        condition: the two together.
    """

    learner: Condition
    rows: int
    condition: Condition


def sizes(wanted: str | None, available: int) -> list[int]:
    """Numbers of training rows, ascending.

    Args:
        wanted: `100,1000,all`; None for the usual ones.
        available: rows of train.

    Raises:
        UsageError: if one is no number of rows, or larger than there are.
    """
    if wanted is None:
        return [*(size for size in SIZES if size < available), available]
    found = set()
    for item in wanted.split(","):
        text = item.strip().replace("_", "")
        size = available if text == ALL else int(text) if text.isascii() and text.isdigit() else 0
        if not 1 <= size <= available:
            raise UsageError(f"--rows {wanted}: {item.strip()!r} is not a number from 1 to {available:,}, or {ALL}")
        found.add(size)
    return sorted(found)


def cells(learners: Sequence[Condition], rows: Sequence[int], available: int) -> list[Cell]:
    """Each learner with each number of rows; with all rows the option is left out, as nothing is then drawn."""
    return [
        Cell(
            learner,
            size,
            learner
            if size == available
            else Condition({**learner.values, "train_rows": str(size)}, learner.learner, learner.baseline),
        )
        for size in rows
        for learner in learners
    ]


@dataclass(frozen=True)
class Point:
    """Accuracy on test after learning from so many rows."""

    rows: int
    accuracy: Summary


@dataclass(frozen=True)
class Line:
    """The points of a learner, by rows; those whose runs all failed are left out."""

    name: str
    baseline: bool
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Gap:
    """How far one learner is ahead of another with so many rows; `p_holm` is corrected for all gaps of a curve."""

    rows: int
    difference: Difference
    p_holm: float

    @property
    def seen(self) -> bool:
        """Whether the figures allow to call it a difference."""
        return self.p_holm < ALPHA


@dataclass(frozen=True)
class Race:
    """Two learners beside each other.

    Attributes:
        first: name of a learner.
        second: name of another.
        gaps: accuracy of the first less that of the second, by rows.
    """

    first: str
    second: str
    gaps: tuple[Gap, ...]

    @property
    def crossings(self) -> tuple[tuple[float, Gap, Gap], ...]:
        """Where the lead changes: about how many rows, and the gaps before and after; straight over log rows."""
        found = []
        uneven = [gap for gap in self.gaps if gap.difference.mean != 0.0]
        for before, after in pairwise(uneven):
            here, there = before.difference.mean, after.difference.mean
            if here * there < 0.0:
                low, high = math.log(before.rows), math.log(after.rows)
                found.append((math.exp(low + (high - low) * here / (here - there)), before, after))
        return tuple(found)


@dataclass(frozen=True)
class LearningCurve:
    """All of a learning curve.

    Attributes:
        dataset: name.
        test_rows: on which accuracy is measured.
        seeds: of each learner and number of rows; each seed draws its own rows, of which fewer are a part of more.
        lines: the learners, as they were asked for.
        races: each two learners that are no baselines, and each of these with each baseline.
        runs: of all learners, numbers of rows and seeds, with the number of rows.
    """

    dataset: str
    test_rows: int
    seeds: tuple[int, ...]
    lines: tuple[Line, ...]
    races: tuple[Race, ...]
    runs: tuple[tuple[int, Run], ...]

    @classmethod
    def of(cls, dataset: str, planned: Sequence[Cell], runs: Sequence[Run]) -> LearningCurve:
        """What the runs of some cells on the same test rows say."""
        of_condition: dict[str, list[Run]] = {}
        for run in runs:
            of_condition.setdefault(run.condition.folder, []).append(run)
        learners = {cell.learner.name: cell.learner for cell in planned}
        found: dict[str, dict[int, list[Run]]] = {name: {} for name in learners}
        for cell in planned:
            found[cell.learner.name][cell.rows] = of_condition[cell.condition.folder]
        return cls(
            dataset=dataset,
            test_rows=max((len(run.right) for run in runs if run.right is not None), default=0),
            seeds=tuple(sorted({run.seed for run in runs})),
            lines=tuple(Line(name, learner.baseline, _points(found[name])) for name, learner in learners.items()),
            races=_races(learners, found),
            runs=tuple((rows, run) for of_rows in found.values() for rows, own in of_rows.items() for run in own),
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "dataset": self.dataset,
            "test_rows": self.test_rows,
            "seeds": list(self.seeds),
            "lines": [asdict(line) for line in self.lines],
            "races": [
                {
                    "first": race.first,
                    "second": race.second,
                    "gaps": [{**asdict(gap), "seen": gap.seen} for gap in race.gaps],
                    "crossings": [{"rows": rows} for rows, _, _ in race.crossings],
                }
                for race in self.races
            ],
            "statements": statements(self),
            "runs": self.table(),
        }

    def by_rows(self) -> list[tuple[int, list[Summary | None]]]:
        """For each number of rows what each line reached; None where all its runs failed."""
        reached = [{point.rows: point.accuracy for point in line.points} for line in self.lines]
        return [(rows, [line.get(rows) for line in reached]) for rows in sorted({rows for rows, _ in self.runs})]

    def table(self) -> list[dict[str, Any]]:
        """One line a run."""
        return [{**run.row(), "rows": rows} for rows, run in self.runs]


def _points(of_rows: Mapping[int, Sequence[Run]]) -> tuple[Point, ...]:
    reached = {
        rows: [float(run.right.mean()) for run in runs if run.right is not None] for rows, runs in of_rows.items()
    }
    return tuple(Point(rows, summarize(values)) for rows, values in reached.items() if values)


def _races(learners: Mapping[str, Condition], found: Mapping[str, Mapping[int, Sequence[Run]]]) -> tuple[Race, ...]:
    compared = [name for name, learner in learners.items() if not learner.baseline]
    beside = [(one, other) for one in compared for other in learners if other not in compared]
    # As many rows are drawn for all learners of a seed: what is pooled are those of the same number.
    luck = {
        rows: seed_luck([of_rows[rows] for of_rows in found.values() if rows in of_rows])
        for of_rows in found.values()
        for rows in of_rows
    }
    raw = {
        (first, second): [
            (rows, paired[0])
            for rows in found[first]
            if (paired := paired_difference(found[first][rows], found[second][rows], luck[rows])) is not None
        ]
        for first, second in [*combinations(compared, 2), *beside]
    }
    corrected = iter(holm([gap.p for gaps in raw.values() for _, gap in gaps]))
    return tuple(
        Race(first, second, tuple(Gap(rows, gap, next(corrected)) for rows, gap in gaps))
        for (first, second), gaps in raw.items()
        if gaps
    )


def statements(curve: LearningCurve) -> list[str]:
    """What the figures allow to say, in a sentence or two for each race."""
    said = [f"{race.first} and {race.second}: {_lead(race)} {_seen(race)}" for race in curve.races]
    return said + too_few(len(curve.seeds) if curve.races else None, curve.test_rows)


def _lead(race: Race) -> str:
    if crossings := race.crossings:
        overtakings = [
            f"{race.first if after.difference.mean > 0 else race.second} overtakes at about {_rounded(rows):,} rows "
            f"(between {before.rows:,} and {after.rows:,})"
            for rows, before, after in crossings
        ]
        return f"by the means, {'; '.join(overtakings)}."
    total = sum(gap.difference.mean for gap in race.gaps)
    ahead = race.first if total > 0 else race.second
    says = f"by the means, {ahead} is ahead" if total else "neither is ahead"
    return f"the lines do not cross from {race.gaps[0].rows:,} to {race.gaps[-1].rows:,} rows; {says}."


def _seen(race: Race) -> str:
    leads = {race.first: [gap.rows for gap in race.gaps if gap.seen and gap.difference.mean > 0]}
    leads[race.second] = [gap.rows for gap in race.gaps if gap.seen and gap.difference.mean < 0]
    told = [f"at {_listed(rows)} rows ({name} ahead)" for name, rows in leads.items() if rows]
    return f"A difference can be seen {' and '.join(told)}." if told else "No difference can be seen."


def _listed(rows: Sequence[int]) -> str:
    *most, last = [f"{size:,}" for size in rows]
    return f"{', '.join(most)} and {last}" if most else last


def _rounded(rows: float) -> int:
    """Two digits: the crossing of two lines is known no better."""
    unit = 10 ** max(0, math.floor(math.log10(rows)) - 1)
    return int(round(rows / unit) * unit)
