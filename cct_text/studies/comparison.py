"""The answer of a study: what each condition reached over its seeds, and which differences can be seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from cct_text.studies.grid import Condition
from cct_text.studies.statistics import ALPHA, Difference, SeedLuck, Spread, Summary, difference, holm, summarize
from cct_text.studies.wording import counted, p_value, percent

FEW_ROWS = 20
"""Test rows; on fewer a difference is a matter of single texts."""


@dataclass(frozen=True)
class Run:
    """A run of a condition with one seed.

    Attributes:
        condition: what it tried.
        seed: of the run.
        metrics: the content of its `metrics.json`; None where it failed.
        right: (R,) bool, whether it was right on each test row; None where it failed.
        error: what went wrong; None where nothing did.
    """

    condition: Condition
    seed: int
    metrics: Mapping[str, Any] | None
    right: np.ndarray | None
    error: str | None

    def row(self) -> dict[str, Any]:
        """The run as one line of a tidy table; what is not known is None."""
        metrics = self.metrics or {}
        dev, test = metrics.get("dev") or {}, metrics.get("test") or {}
        unseen = test.get("without_rows_in_train") or {}
        coverage = metrics.get("coverage") or {}
        return {
            "condition": self.condition.name,
            "model": metrics.get("model"),
            "embeddings": metrics.get("embeddings"),
            **self.condition.values,
            "seed": self.seed,
            "test_accuracy": test.get("accuracy"),
            "test_macro_f1": test.get("macro_f1"),
            "test_loss": test.get("loss"),
            "test_ece": test.get("ece"),
            "test_ece_by_chance": test.get("ece_by_chance"),
            "test_ece_uncalibrated": test.get("ece_uncalibrated"),
            "test_accuracy_unseen": unseen.get("accuracy"),
            "dev_accuracy": dev.get("accuracy"),
            "train_rows": metrics.get("train_rows"),
            "dev_rows": metrics.get("dev_rows"),
            "test_rows": metrics.get("test_rows"),
            "coverage": coverage.get("tokens"),
            "parameters": metrics.get("parameters"),
            "embedding_parameters": metrics.get("embedding_parameters"),
            "epochs": metrics.get("epochs"),
            "best_epoch": metrics.get("best_epoch"),
            "seconds": metrics.get("seconds"),
            "rows_per_second": metrics.get("examples_per_second"),
            "threads": metrics.get("threads"),
            "precision": metrics.get("precision"),
            "chosen": ", ".join(f"{name} = {value}" for name, value in (metrics.get("chosen") or {}).items()) or None,
            "temperature": metrics.get("temperature"),
            "commit": metrics.get("commit"),
            "processor": metrics.get("processor"),
            "error": self.error,
        }


@dataclass(frozen=True)
class Side:
    """What a condition reached.

    Attributes:
        name: of the condition.
        values: its options.
        baseline: whether it only stands beside what is compared.
        accuracy: on test; None where all its runs failed, as all that follows.
        dev_accuracy: mean; None where there is no dev split.
        macro_f1: on test.
        ece: expected calibration error on test; None where the scores are no probabilities.
        ece_by_chance: what it would be on as many rows if each probability were true, mean.
        accuracy_unseen: on the test rows that do not stand in train or dev as well; None where none do, or all.
        accuracies: on test, seed by seed.
        coverage: share of the running words of train with a vector; None without pre-trained vectors.
        parameters: trained ones, without word vectors and positions.
        embedding_parameters: of the word vectors.
        seconds: of training, mean.
        rows_per_second: of training, mean; None where it is no training of a network.
        failed: runs that failed.
    """

    name: str
    values: Mapping[str, str]
    baseline: bool
    accuracy: Summary | None
    dev_accuracy: float | None
    macro_f1: Summary | None
    ece: Summary | None
    ece_by_chance: float | None
    accuracy_unseen: Summary | None
    accuracies: Mapping[int, float]
    coverage: float | None
    parameters: int | None
    embedding_parameters: int | None
    seconds: float | None
    rows_per_second: float | None
    failed: int


@dataclass(frozen=True)
class Pair:
    """Two conditions beside each other, over the seeds that both have.

    Attributes:
        first: name of a condition.
        second: name of another.
        difference: accuracy of the first less that of the second.
        p_holm: its p after Holm's correction for all pairs.
        seeds: that both have.
    """

    first: str
    second: str
    difference: Difference
    p_holm: float
    seeds: int

    @property
    def seen(self) -> bool:
        """Whether the figures allow to call it a difference."""
        return self.p_holm < ALPHA


@dataclass(frozen=True)
class Comparison:
    """All of a study.

    Attributes:
        dataset: name.
        test_rows: R; 0 where all runs failed.
        seeds: of each condition.
        sides: the conditions, as they were asked for.
        chosen: name of the one that dev chooses, baselines left out; None where all their runs failed.
        pairs: each two of them that have runs; a baseline is paired with what dev chooses only.
        runs: of all conditions and seeds.
    """

    dataset: str
    test_rows: int
    seeds: tuple[int, ...]
    sides: tuple[Side, ...]
    chosen: str | None
    pairs: tuple[Pair, ...]
    runs: tuple[Run, ...]

    @property
    def test_rows_in_train(self) -> int | None:
        """Test rows that stand word for word in train or dev as well; None where runs learned from different rows."""
        counts = {run.metrics.get("test_rows_in_train") for run in self.runs if run.metrics is not None}
        return counts.pop() if len(counts) == 1 else None

    @classmethod
    def of(cls, dataset: str, runs: Sequence[Run]) -> Comparison:
        """What some runs on the same test rows say; a condition with one run is the same for all seeds of another."""
        conditions: dict[str, list[Run]] = {}
        for run in runs:
            conditions.setdefault(run.condition.name, []).append(run)
        sides = tuple(_side(own) for own in conditions.values())
        chosen = _chosen(sides)
        return cls(
            dataset=dataset,
            test_rows=max((len(run.right) for run in runs if run.right is not None), default=0),
            seeds=tuple(sorted({run.seed for run in runs})),
            sides=sides,
            chosen=chosen,
            pairs=_pairs(conditions, chosen),
            runs=tuple(runs),
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; the runs are lines of the tidy table."""
        return {
            "dataset": self.dataset,
            "test_rows": self.test_rows,
            "test_rows_in_train": self.test_rows_in_train,
            "seeds": list(self.seeds),
            "conditions": [asdict(side) for side in self.sides],
            "chosen_by_dev": self.chosen,
            "differences": [{**asdict(pair), "seen": pair.seen} for pair in self.pairs],
            "statements": statements(self),
            "runs": [run.row() for run in self.runs],
        }


def _side(runs: Sequence[Run]) -> Side:
    condition = runs[0].condition
    done = {run.seed: run.row() for run in runs if run.metrics is not None}
    tests = [row for row in done.values() if row["test_accuracy"] is not None]

    def known(name: str) -> list[float]:
        return [row[name] for row in done.values() if row[name] is not None]

    def mean(name: str) -> float | None:
        return float(np.mean(known(name))) if known(name) else None

    def summary(name: str) -> Summary | None:
        return summarize(known(name)) if known(name) else None

    first: dict[str, Any] = next(iter(done.values()), {})
    return Side(
        name=condition.name,
        values=dict(condition.values),
        baseline=condition.baseline,
        dev_accuracy=mean("dev_accuracy"),
        accuracy=summary("test_accuracy"),
        macro_f1=summary("test_macro_f1"),
        ece=summary("test_ece"),
        ece_by_chance=mean("test_ece_by_chance"),
        accuracy_unseen=summary("test_accuracy_unseen"),
        accuracies={row["seed"]: row["test_accuracy"] for row in tests},
        coverage=first.get("coverage"),
        parameters=first.get("parameters"),
        embedding_parameters=first.get("embedding_parameters"),
        seconds=mean("seconds"),
        rows_per_second=mean("rows_per_second"),
        failed=len(runs) - len(done),
    )


def _chosen(sides: Sequence[Side]) -> str | None:
    """The condition with the best mean on dev, the first of equals; the first of all where there is no dev split."""
    compared = [side for side in sides if not side.baseline and side.accuracy is not None]
    return max(compared, key=lambda side: side.dev_accuracy or 0.0).name if compared else None


def _pairs(conditions: Mapping[str, Sequence[Run]], chosen: str | None) -> tuple[Pair, ...]:
    compared = [name for name, runs in conditions.items() if not runs[0].condition.baseline]
    beside = [(chosen, name) for name in conditions if name not in compared and chosen is not None]
    luck = seed_luck(conditions.values())
    found = [
        (first, second, *paired)
        for first, second in [*combinations(compared, 2), *beside]
        if (paired := paired_difference(conditions[first], conditions[second], luck)) is not None
    ]
    corrected = holm([found_difference.p for _, _, found_difference, _ in found])
    return tuple(
        Pair(first, second, found_difference, p, seeds)
        for (first, second, found_difference, seeds), p in zip(found, corrected, strict=True)
    )


def seed_luck(conditions: Iterable[Sequence[Run]]) -> SeedLuck | None:
    """How much the seeds move accuracies, by all conditions that have several; None where no two seeds are shared."""
    reached = [own for runs in conditions if len(own := _right_by_seed(runs)) > 1]
    seeds = sorted(set.intersection(*(set(own) for own in reached))) if reached else []
    if len(seeds) < 2:
        return None
    return SeedLuck.of(np.array([[own[seed].mean() for seed in seeds] for own in reached]))


def paired_difference(
    first: Sequence[Run], second: Sequence[Run], luck: SeedLuck | None
) -> tuple[Difference, int] | None:
    """Accuracy of the first condition's runs less that of the second's, and over how many seeds; None without any.

    Args:
        first: runs of a condition; where it is one, it stands for every seed.
        second: of another, likewise.
        luck: of the seeds, by all conditions of the study.
    """
    left, right = _right_by_seed(first), _right_by_seed(second)
    spread: Spread | None = None
    if len(first) == 1:
        left = {seed: own for seed in right for own in left.values()}
    elif len(second) == 1:
        right = {seed: own for seed in left for own in right.values()}
    if luck is not None:
        spread = luck.of_pair if min(len(first), len(second)) > 1 else luck.of_one
    seeds = sorted(left.keys() & right.keys())
    if not seeds:
        return None
    sides = [np.stack([side[seed] for seed in seeds]) for side in (left, right)]  # (S, R) each
    return difference(*sides, luck=spread), len(seeds)


def _right_by_seed(runs: Sequence[Run]) -> dict[int, np.ndarray]:
    return {run.seed: run.right for run in runs if run.right is not None}


def statements(comparison: Comparison) -> list[str]:
    """What the figures allow to say, in a sentence for each pair; the larger accuracy comes first.

    Where test rows stand word for word in train, what each condition reached on the others is told as well.
    """
    corrected = f", corrected for {len(comparison.pairs)} comparisons" if len(comparison.pairs) > 1 else ""
    said = []
    for pair in comparison.pairs:
        found, names = pair.difference, (pair.first, pair.second)
        points, ends = 100 * found.mean, (100 * found.low, 100 * found.high)
        if points < 0:
            names, points, ends = names[::-1], -points, (-ends[1], -ends[0])
        interval = f"95 % interval {ends[0]:.1f} to {ends[1]:.1f}" + (" by itself" if corrected else "")
        figures = f"{interval}; p = {p_value(pair.p_holm)}{corrected}; {counted(pair.seeds, 'seed')}"
        if pair.seen:
            said.append(f"{names[0]} is {points:.1f} points better than {names[1]} ({figures}).")
        else:
            said.append(
                f"No difference can be seen between {names[0]} and {names[1]}: {points:+.1f} points ({figures})."
            )
    return (
        said
        + _on_unseen_rows(comparison)
        + too_few(min((pair.seeds for pair in comparison.pairs), default=None), comparison.test_rows)
    )


def _on_unseen_rows(comparison: Comparison) -> list[str]:
    """Accuracies on the test rows that do not stand in train as well, where some do."""
    seen = comparison.test_rows_in_train
    if not seen:
        return []
    if seen == comparison.test_rows:
        return ["All test rows stand word for word in train: these accuracies tell nothing of new texts."]
    told = [f"{side.name} {percent(side.accuracy_unseen)}" for side in comparison.sides if side.accuracy_unseen]
    rows = "test row that stands" if seen == 1 else f"{seen:,} test rows that stand"
    return [f"Without the {rows} word for word in train: {'; '.join(told)}."] if told else []


def too_few(seeds: int | None, test_rows: int) -> list[str]:
    """What differences cannot tell, for want of seeds or of test rows.

    Args:
        seeds: of the difference with the fewest; None where there is none.
        test_rows: R.
    """
    if seeds is None:
        return []
    return [
        *(["One seed says nothing about other seeds: add --seeds 5."] if seeds == 1 else []),
        *([f"{test_rows} test rows are too few to tell a difference from luck."] if test_rows < FEW_ROWS else []),
    ]
