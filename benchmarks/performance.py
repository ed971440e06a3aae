"""Write docs/performance.md, and a table of README.md, from docs/results/performance.json alone.

python -m benchmarks.performance
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from benchmarks.markdown import rewritten, table
from benchmarks.measurement import PRODUCT, REFERENCE, Goal, Measurement
from benchmarks.parts import MACHINE, PARTS
from benchmarks.peers import FASTTEXT, TFIDF
from cct_text.atomic_writes import write_atomically

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "docs" / "results" / "performance.json"
PAGE = ROOT / "docs" / "performance.md"
README = ROOT / "README.md"
IN_README = ("predict-ag_news", "predict-imdb", "training-trec", "training-imdb")
"""Parts whose rates stand in the README."""

HEAD = """# Performance

Written by `python -m benchmarks.performance` from `docs/results/performance.json`, which `make bench` measures; not
edited by hand. The sides of a measurement take turns in one run (A B A B ...); a figure is the median of its rounds,
beside it the lowest and the highest. A goal was set before measuring; `8x reference` compares the medians of two sides.
"""

LIMITS = """
## The work and the limit

What each measurement asks for, whoever does it and however: the floating-point operations of the matrix products of
real words and tokens (a pad is no work, and the convolution counts as a product also where it is looked up), and the
bytes that have to go through memory at least. The limit is what the machine's measured rates allow, in fp32 and in
bf16: the rate of matrix products or that of memory, whichever is less. The share is the side's median of that limit.
Between the two lies all that is no matrix product: norms, softmax, GELU, dropout, lookups, and the reading and writing
of texts.

"""

REASONS = """
## Where a goal is missed

- Training of short texts: the matrix products run close to the machine's rate, but a step has hundreds of small operations
  between them (norms, dropout, copies, the optimizer), which one thread works through one after another while the other
  waits. The share rises with the words of a batch, from SST to IMDb, and falls where bf16 makes the products cheaper.
- Five seeds at once: three workers share two cores, their caches and their memory bandwidth, and each reads data and vectors.
- Rates over 10,000 lines: most of that fraction of a second is the start of the worker processes and their first batches.
- Memory over 10,000 lines: the workers' buffers are not full yet; from 100,000 lines on it is flat.
"""


@dataclass(frozen=True)
class Rates:
    """What the machine can do.

    Attributes:
        fp32: floating-point operations a second of matrix products, on all threads that were measured.
        bf16: likewise.
        memory: bytes a second.
    """

    fp32: float
    bf16: float
    memory: float

    @classmethod
    def of(cls, results: Mapping[str, Any]) -> Self | None:
        """The best of all rounds, as a limit should be; None where the machine was not measured."""
        if MACHINE not in results:
            return None
        products, memory = measurements(results, [MACHINE])

        def best(measurement: Measurement, precision: str) -> float:
            return 1e9 * max(max(rates) for name, rates in measurement.sides.items() if name.startswith(precision))

        return cls(best(products, "fp32"), best(products, "bf16"), best(memory, ""))


def load() -> dict[str, Any]:
    """The figures that are kept, by part."""
    return dict(json.loads(RESULT.read_text(encoding="utf-8"))) if RESULT.exists() else {}


def save(results: Mapping[str, Any]) -> None:
    """Keep the figures."""
    with write_atomically(RESULT) as path:
        path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def replaced(results: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """The figures by part, in the order of the parts, those that were just measured in place of older ones."""
    together = {**results, **measured}
    return {part: together[part] for part in PARTS if part in together}


def measurements(results: Mapping[str, Any], parts: Iterable[str]) -> Iterator[Measurement]:
    """The measurements of some parts, in order."""
    for part in parts:
        yield from map(Measurement.from_dict, results[part]["measurements"])


def page(results: Mapping[str, Any]) -> str:
    """The text of docs/performance.md."""
    rates = Rates.of(results)
    return (
        HEAD
        + _conditions(results)
        + figures(results, results)
        + (_limits(results, rates) if rates else "")
        + REASONS
        + _details(results)
    )


def readme(text: str, results: Mapping[str, Any]) -> str:
    """The README with its table of rates written anew."""
    sides = {
        "cct-text": PRODUCT,
        "TF-IDF + LR": TFIDF.name,
        "fastText": FASTTEXT.name,
        "the plain pipeline": REFERENCE,
    }
    rows = [
        (
            measurement.title,
            *(f"{_number(measurement.median(side))}" if side in measurement.sides else "" for side in sides.values()),
        )
        for measurement in measurements(results, [part for part in IN_README if part in results])
        if measurement.unit == "rows/s"
    ]
    return rewritten(text, "performance", table(("rows/s", *sides), rows))


def figures(results: Mapping[str, Any], parts: Iterable[str]) -> str:
    """The one table: every side of every measurement of some parts, and the goals."""
    rates = Rates.of(results)
    rows = []
    for measurement in measurements(results, parts):
        for side in measurement.sides:
            first = side == next(iter(measurement.sides))
            goals = [*map(_goal, measurement.goals), *_share_goal(measurement, rates)] if first else []
            low, high = min(measurement.sides[side]), max(measurement.sides[side])
            rows.append(
                (
                    measurement.title if first else "",
                    side,
                    f"{_number(measurement.median(side))} {measurement.unit}",
                    f"{_number(low)} to {_number(high)}" if low < high else "",
                    "; ".join(goals),
                )
            )
    return table(("", "side", "median", "from, to", "reached (goal)"), rows)


def _goal(goal: Goal) -> str:
    sign = "at most " if goal.at_most else ""
    return f"{goal.reached:.3g}{goal.unit} {goal.title} ({sign}{goal.wanted:.3g}{goal.unit}: {'met' if goal.met else 'missed'})"


def _share_goal(measurement: Measurement, rates: Rates | None) -> list[str]:
    if rates is None or measurement.share is None:
        return []
    products = replace(rates, memory=math.inf)  # the goal is about matrix products alone
    told = []
    for side, precision in measurement.precisions.items():
        share = _share(measurement, side, products, rates.fp32 if precision == "fp32" else rates.bf16)
        met = "met" if share >= measurement.share else "missed"
        told.append(f"{side}: {_percent(share)} of the {precision} rate ({100 * measurement.share:.0f} %: {met})")
    return told


def _limits(results: Mapping[str, Any], rates: Rates) -> str:
    rows = []
    for measurement in measurements(results, results):
        work = measurement.work
        if work is None:
            continue
        total = sum(work.operations.values())
        each = "row" if measurement.unit == "rows/s" else "all"
        for side in measurement.sides:
            first = side == next(iter(measurement.sides))
            facts = (
                f"{measurement.title}, {each}",
                _scaled(total, "flop"),
                f"{work.operations['convolution'] / total:.0%}" if total else "",
                _scaled(work.bytes, "B"),
                *(_limit(measurement, rates, rate) for rate in (rates.fp32, rates.bf16)),
            )
            shares = (_percent(_share(measurement, side, rates, rate)) for rate in (rates.fp32, rates.bf16))
            rows.append((*(facts if first else ("",) * len(facts)), side, *shares))
    header = (
        "",
        "products",
        "of these convolution",
        "bytes",
        "limit fp32",
        "limit bf16",
        "side",
        "share fp32",
        "share bf16",
    )
    return LIMITS + table(header, rows)


def _limit(measurement: Measurement, rates: Rates, rate: float) -> str:
    assert measurement.work is not None
    seconds = measurement.work.seconds(rate, rates.memory)
    return f"{_number(1 / seconds if measurement.unit == 'rows/s' else seconds)} {measurement.unit}"


def _share(measurement: Measurement, side: str, rates: Rates, rate: float) -> float:
    """The least time as a share of the measured one."""
    assert measurement.work is not None
    seconds = measurement.work.seconds(rate, rates.memory)
    reached = measurement.median(side)
    return seconds * reached if measurement.unit == "rows/s" else seconds / reached


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _details(results: Mapping[str, Any]) -> str:
    rows = [
        f"- {measurement.title}: {measurement.conditions}; {_rounds(measurement)}.\n"
        for measurement in measurements(results, results)
    ]
    return "\n## Conditions\n\n" + "".join(rows)


def _rounds(measurement: Measurement) -> str:
    number = max(len(values) for values in measurement.sides.values())
    return "1 round" if number == 1 else f"{number} rounds"


def _conditions(results: Mapping[str, Any]) -> str:
    """Machine and versions, as far as the parts share them."""
    told: dict[str, list[str]] = {}
    dates, commits, loads = set[str](), set[str](), list[float]()
    for part, result in results.items():
        facts = result["conditions"]
        versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
        dates.add(facts["date"])
        commits.add(facts["commit"])
        loads.append(facts["load"])
        line = (
            f"{facts['processor']}, {facts['cores']} cores ({', '.join(facts['instructions'])}), {facts['threads']} threads; "
            f"prediction with {facts['prediction']}; {versions}"
        )
        told.setdefault(line, []).append(part)
    when = (
        f"Measured on {', '.join(sorted(dates))} at {', '.join(sorted(commits))}; "
        f"the load of the machine before a part was {max(loads, default=0.0):.1f} at most.\n\n"
    )
    if len(told) == 1:
        return f"\n{next(iter(told))}. {when}"
    return "\n" + "".join(f"- {', '.join(parts)}: {line}.\n" for line, parts in told.items()) + f"\n{when}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _scaled(value: float, unit: str) -> str:
    """`1.23 Mflop`, `34.5 kB`."""
    for prefix, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= factor:
            return f"{value / factor:.3g} {prefix}{unit}"
    return f"{value:.3g} {unit}"


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(page(load()), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8"), load()), encoding="utf-8")
