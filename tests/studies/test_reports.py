"""The pages of studies say what the figures say."""

import numpy as np
import pytest

from cct_text.studies.comparison import Comparison, Run
from cct_text.studies.grid import Condition
from cct_text.studies.learning_curve import LearningCurve, cells
from cct_text.studies.reports import comparison_report, curve_report
from tests.report.test_page import EVIL, Reader

METRICS = {
    "test": {"macro_f1": 0.5},
    "coverage": {"tokens": 0.991},
    "parameters": 225_159,
    "seconds": 27.4,
    "examples_per_second": 5_123.4,
    "versions": {"torch": "2.13.0"},
    "data_sha256": "abc123",
    "train_rows": 100,
}


def run(condition, seed, right):
    test = {**METRICS["test"], "accuracy": float(np.mean(right))}
    return Run(condition, seed, {**METRICS, "test": test}, np.asarray(right), None)


@pytest.fixture
def comparison():
    runs = [
        run(Condition({"model": name}), seed, np.arange(400) < count + seed)
        for name, count in (("good", 340), ("bad", 300))
        for seed in range(5)
    ]
    failed = Run(Condition(learner=EVIL, baseline=True), 0, None, None, f"no {EVIL}")
    return Comparison.of(f"data {EVIL}", [*runs, failed])


def test_every_figure_of_the_comparison_stands_on_the_page(comparison):
    text = Reader(comparison_report(comparison, svg=None, command="cct-text compare data --seeds 5")).text
    good, difference = comparison.sides[0].accuracy, comparison.pairs[0].difference
    assert f"{100 * good.mean:.2f} ± {100 * good.std:.2f}" in text
    assert f"{100 * good.low:.2f} to {100 * good.high:.2f}" in text
    assert {"99.1%", "225,159", "27", "5,123", "50.00"} <= set(text)
    assert f"+{100 * difference.mean:.2f}" in text
    assert "seen" in text
    assert any("cct-text compare data --seeds 5\ntorch 2.13.0\ndata sha256 abc123" in line for line in text)


def test_failed_runs_are_named_and_names_are_only_text(comparison):
    read = Reader(comparison_report(comparison, svg=None, command=None))
    assert f"{EVIL}, seed 0: no {EVIL}" in read.text
    assert f"{EVIL} (baseline)" in read.text
    assert "1 failed" in read.text
    assert "script" not in {tag for tag, _ in read.elements}


def test_the_same_comparison_gives_the_same_page(comparison):
    assert comparison_report(comparison, svg=None, command=None) == comparison_report(
        comparison, svg=None, command=None
    )


def test_one_seed_has_no_interval():
    alone = Comparison.of("data", [run(Condition({"model": "only"}), 0, [True, False])])
    text = Reader(comparison_report(alone, svg=None, command=None)).text
    assert "50.00" in text
    assert "Differences" not in text


def test_a_curve_has_a_row_for_each_number_of_rows():
    network, ngrams = Condition({"model": "cct-2/2"}), Condition(learner="tfidf-lr", baseline=True)
    planned = cells([network, ngrams], (100, 1_000), available=1_000)
    runs = [
        run(cell.condition, seed, np.arange(400) < 200 + seed + cell.rows / 10 * (cell.learner == network))
        for cell in planned
        for seed in range(3)
    ]
    text = Reader(curve_report(LearningCurve.of("imdb", planned, runs), svg=None, command=None)).text
    assert {"Learning curve on imdb", "100", "1,000", "cct-2/2", "tfidf-lr", "cct-2/2 − tfidf-lr, 1,000 rows"} <= set(
        text
    )
    assert "52.75 ± 0.25" in text  # 210, 211 and 212 of 400
