"""The pages of studies say what the figures say."""

import re

import numpy as np
import pytest

from cct_text.studies.compare import write_comparison
from cct_text.studies.comparison import Comparison, Run, statements
from cct_text.studies.grid import Condition
from cct_text.studies.learning_curve import LearningCurve, cells
from cct_text.studies.reports import DIFFERENCES, INTERVALS, ONE_SEED, comparison_report, curve_report
from tests.report.test_page import EVIL, Reader

METRICS = {
    "test": {"macro_f1": 0.5, "ece": 0.0162},
    "coverage": {"tokens": 0.991},
    "parameters": 225_159,
    "seconds": 27.4,
    "examples_per_second": 5_123.4,
    "versions": {"torch": "2.13.0"},
    "data_sha256": "abc123",
    "train_rows": 100,
}


def run(condition, seed, right, **metrics):
    test = {**METRICS["test"], "accuracy": float(np.mean(right))}
    return Run(condition, seed, {**METRICS, "test": test, **metrics}, np.asarray(right), None)


def read_report(comparison, svg=None, command=None):
    return Reader(comparison_report(comparison, svg=svg, command=command))


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
    read = read_report(comparison)
    shared = ["50.00", "1.62", "99.1%", "225,159", "27", "5,123"]
    for side in comparison.sides[:2]:
        of = side.accuracy
        assert [
            side.name,
            f"{100 * of.mean:.2f} ± {100 * of.std:.2f}",
            f"{100 * of.low:.2f} to {100 * of.high:.2f}",
            *shared,
        ] in read.rows
    for pair in comparison.pairs:
        of = pair.difference
        assert [
            f"{pair.first} − {pair.second}",
            f"{100 * of.mean:+.2f}",
            f"{100 * of.low:+.2f} to {100 * of.high:+.2f}",
            "0.001 or less",
            "seen",
            "5",
        ] in read.rows
    for one in comparison.runs[:10]:
        accuracy = f"{100 * one.metrics['test']['accuracy']:.2f}"
        assert [one.condition.name, str(one.seed), accuracy, "50.00", "27"] in read.rows
    assert {*statements(comparison), INTERVALS, DIFFERENCES} <= set(read.text)
    assert ONE_SEED not in read.text


def test_a_difference_that_is_not_seen_is_called_so_in_words():
    runs = [run(Condition({"model": name}), seed, np.arange(400) % 2 == seed % 2) for name in "ab" for seed in range(3)]
    found = Comparison.of("data", runs)
    assert ["a − b", "+0.00", "+0.00 to +0.00", "1.000", "not seen", "3"] in read_report(found).rows


def test_the_p_of_a_difference_is_the_corrected_one():
    rng = np.random.default_rng(0)
    runs = [
        run(Condition({"model": name}), seed, rng.random(400) < share)
        for name, share in (("a", 0.8), ("b", 0.75), ("c", 0.7))
        for seed in range(3)
    ]
    found = Comparison.of("data", runs)
    told = {row[0]: row[3] for row in read_report(found).rows if "−" in row[0]}
    assert told == {f"{pair.first} − {pair.second}": f"{pair.p_holm:.3f}" for pair in found.pairs}
    assert any(f"{pair.p_holm:.3f}" != f"{pair.difference.p:.3f}" for pair in found.pairs)


def test_commit_and_processor_are_told_where_they_are_known(comparison):
    known = run(Condition({"model": "good"}), 9, np.arange(400) < 340, commit="0a1b2c3", processor="A Processor")
    page = comparison_report(Comparison.of("data", [*comparison.runs, known]), svg=None, command=None)
    assert page.count("commit 0a1b2c3") == page.count("on A Processor") == 1
    assert "commit None" not in page


def test_all_versions_that_runs_were_made_with_are_told_once(comparison):
    later = run(Condition({"model": "good"}), 9, np.arange(400) < 340, versions={"torch": "2.14.0"})
    found = Comparison.of("data", [*comparison.runs, later])
    lines = "cct-text compare data --seeds 5\ntorch 2.13.0\ntorch 2.14.0\ndata sha256 of the data set abc123"
    assert lines in read_report(found, command="cct-text compare data --seeds 5").text


def test_hours_of_training_are_written_out():
    found = Comparison.of("data", [run(Condition({"model": "slow"}), 0, [True, False], seconds=12_345.6)])
    assert ["slow", "0", "50.00", "50.00", "12,346"] in read_report(found).rows


def test_the_plot_brings_nothing_from_elsewhere_and_no_element_of_a_name(tmp_path):
    runs = [
        run(Condition({"model": name}), seed, np.arange(400) < 300 + seed) for name in ("a", EVIL) for seed in (0, 1)
    ]
    write_comparison(tmp_path, Comparison.of(f"data {EVIL}", runs))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    read = Reader(page)
    assert "svg" in {tag for tag, _ in read.elements}
    assert "script" not in {tag for tag, _ in read.elements}
    links = [value for _, attributes in read.elements for name, value in attributes.items() if name.endswith("href")]
    assert links + re.findall(r"url\((.*?)\)", page) != []
    assert [link for link in links + re.findall(r"url\((.*?)\)", page) if not link.startswith("#")] == []
    assert not [
        name for _, attributes in read.elements for name in attributes if name == "src" or name.startswith("on")
    ]
    assert read.open == []


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


def test_one_run_has_no_interval_no_difference_and_no_word_about_them():
    read = read_report(Comparison.of("data", [run(Condition({"model": "only"}), 0, [True, False])]))
    assert ["only", "50.00", "", "50.00", "1.62", "99.1%", "225,159", "27", "5,123"] in read.rows
    assert {"Differences", "What can be said", "What the figures are"} & set(read.text) == set()


def test_a_difference_over_one_seed_is_said_to_be_of_rows_only():
    runs = [run(Condition({"model": name}), 0, np.arange(400) < count) for name, count in (("a", 300), ("b", 310))]
    read = read_report(Comparison.of("data", runs))
    assert ONE_SEED in read.text
    assert INTERVALS not in read.text


def test_where_all_runs_failed_the_page_names_them_and_has_no_empty_parts():
    read = read_report(Comparison.of("data", [Run(Condition({"model": "a"}), 0, None, None, "out of memory")]))
    assert "a, seed 0: out of memory" in read.text
    assert [text for text in ("Accuracy", "Failed runs", "Each run", "To repeat it") if text in read.text] == [
        "Accuracy",
        "Failed runs",
    ]


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
