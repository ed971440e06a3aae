"""What a study says of its runs."""

import numpy as np
import pytest

from cct_text.studies.comparison import Comparison, Run, statements, too_few
from cct_text.studies.grid import Condition


def run(name, seed, right, error=None):
    metrics = None
    if error is None:
        test = {"accuracy": float(np.mean(right)), "macro_f1": 0.5, "loss": 1.0, "ece": 0.1}
        metrics = {
            "test": test,
            "dev": None,
            "coverage": None,
            "parameters": 7,
            "seconds": 2.0,
            "examples_per_second": 9.0,
        }
    return Run(Condition({"model": name}), seed, metrics, None if error else np.asarray(right), error)


def sides(gap, seeds=5, rows=400):
    """Runs of `good` and `bad`, of which `good` is right on `gap` more rows; runs differ by a row."""
    runs = []
    for seed in range(seeds):
        right = np.arange(rows) < 300
        better = np.arange(rows) < 300 + gap
        right[seed], better[10 + seed] = False, False
        runs += [run("bad", seed, right), run("good", seed, better)]
    return runs


def test_a_difference_that_is_seen_is_told_with_the_better_side_first():
    (said,) = statements(Comparison.of("trec", sides(40)))
    assert said.startswith("good is 10.0 points better than bad (95 % interval 7.")
    assert said.endswith("; p = 0.001 or less; 5 seeds).")


def test_what_is_reached_on_test_rows_that_do_not_stand_in_train_is_told():
    runs = sides(40, seeds=2)
    for one in runs:
        one.metrics["test_rows_in_train"] = 10
        one.metrics["test"]["without_rows_in_train"] = {"rows": 390, "accuracy": one.right[10:].mean()}
    comparison = Comparison.of("trec", runs)
    assert comparison.test_rows_in_train == comparison.to_dict()["test_rows_in_train"] == 10
    said = statements(comparison)[-1]
    bad, good = (
        f"{100 * one.accuracy_unseen.mean:.2f} ± {100 * one.accuracy_unseen.std:.2f}" for one in comparison.sides
    )
    assert said == f"Without the 10 test rows that stand word for word in train: bad {bad}; good {good}."


def test_where_all_test_rows_stand_in_train_that_is_told_and_where_runs_differ_in_it_nothing_is():
    runs = sides(40, seeds=2)
    for one in runs:
        one.metrics["test_rows_in_train"] = 400
    assert statements(Comparison.of("trec", runs))[-1].startswith("All test rows stand word for word in train")
    runs[0].metrics["test_rows_in_train"] = 7
    comparison = Comparison.of("trec", runs)
    assert comparison.test_rows_in_train is None
    assert "word for word" not in " ".join(statements(comparison))


def test_what_dev_chose_and_where_a_run_was_made_stand_in_its_line():
    one = run("good", 0, np.arange(9) < 5)
    one.metrics.update(chosen={"C": 4.0}, commit="abc", processor="a fast one")
    assert {"chosen": "C = 4.0", "commit": "abc", "processor": "a fast one"}.items() <= one.row().items()
    assert run("good", 0, np.arange(9) < 5).row()["chosen"] is None


def test_what_cannot_be_seen_is_told_so():
    comparison = Comparison.of("trec", sides(1))
    (said,) = statements(comparison)
    assert said.startswith("No difference can be seen between good and bad: +0.2 points (95 % interval -0.")
    assert not comparison.pairs[0].seen


def test_one_seed_is_told_to_say_nothing_of_others_and_a_few_rows_to_be_too_few():
    assert statements(Comparison.of("trec", sides(40, seeds=1)))[-1].startswith("One seed says nothing")
    assert too_few(3, 7) == ["7 test rows are too few to tell a difference from luck."]
    assert too_few(3, 500) == too_few(None, 7) == []


def test_the_seeds_of_all_conditions_count_in_a_difference():
    rng = np.random.default_rng(0)

    def runs(name, rights):
        return [run(name, seed, rng.permutation(1000) < right) for seed, right in enumerate(rights)]

    agreeing = [*runs("a", (800, 801, 800)), *runs("b", (840, 841, 840))]
    alone = Comparison.of("trec", agreeing).pairs[0]
    beside = Comparison.of("trec", [*agreeing, *runs("c", (700, 820, 900))])
    (together,) = (pair for pair in beside.pairs if (pair.first, pair.second) == ("a", "b"))
    assert together.difference.p > 2 * alone.difference.p  # the seeds of c move it by ten points


def test_the_line_of_a_run_shows_what_calibration_did():
    metrics = {
        "temperature": 0.8,
        "test": {"accuracy": 0.9, "ece": 0.02, "ece_by_chance": 0.01, "ece_uncalibrated": 0.07},
    }
    row = Run(Condition({"model": "cct-2/1"}), 0, metrics, np.ones(9, bool), None).row()
    assert (row["temperature"], row["test_ece"], row["test_ece_uncalibrated"]) == (0.8, 0.02, 0.07)
    assert row["test_ece_by_chance"] == 0.01


def test_a_condition_whose_runs_failed_says_nothing_of_the_seeds():
    failed = [run("broken", seed, None, error="no") for seed in range(5)]
    whole, beside = (Comparison.of("trec", runs).pairs for runs in (sides(4), [*sides(4), *failed]))
    lucky = [run("lucky", seed, np.arange(400) < 200 + 20 * seed) for seed in range(5)]
    unsure = Comparison.of("trec", [*sides(4), *lucky, *failed]).pairs[0]
    assert [pair.difference for pair in beside] == [pair.difference for pair in whole]
    assert unsure.difference.p > whole[0].difference.p


def test_the_figures_of_a_side():
    comparison = Comparison.of("trec", sides(40))
    bad, good = comparison.sides
    assert (bad.name, good.name) == ("bad", "good")
    assert good.accuracy.mean == pytest.approx(339 / 400)
    assert good.accuracy.std == pytest.approx(0.0)
    assert good.accuracies == dict.fromkeys(range(5), pytest.approx(339 / 400))
    assert (good.parameters, good.seconds, good.failed, comparison.test_rows) == (7, 2.0, 0, 400)


def test_several_pairs_are_corrected_together():
    runs = [*sides(4), *(run("third", seed, np.arange(400) < 290) for seed in range(5))]
    comparison = Comparison.of("trec", runs)
    assert [(pair.first, pair.second) for pair in comparison.pairs] == [
        ("bad", "good"),
        ("bad", "third"),
        ("good", "third"),
    ]
    assert all(pair.p_holm >= pair.difference.p for pair in comparison.pairs)
    assert all("corrected for 3 comparisons" in said for said in statements(comparison))


def test_a_failed_run_leaves_the_others_and_their_pairs():
    runs = [
        run("good", 0, [], error="no memory") if (one.condition.name, one.seed) == ("good", 0) else one
        for one in sides(40)
    ]
    comparison = Comparison.of("trec", runs)
    good = comparison.sides[1]
    assert (good.failed, good.accuracy.seeds, comparison.pairs[0].seeds) == (1, 4, 4)
    assert [row["error"] for row in comparison.to_dict()["runs"]].count("no memory") == 1


def test_where_all_failed_nothing_is_said():
    comparison = Comparison.of("trec", [run("a", 0, [], error="no"), run("b", 0, [], error="no")])
    assert (statements(comparison), comparison.test_rows, comparison.sides[0].accuracy) == ([], 0, None)


def with_dev(one, dev):
    return Run(one.condition, one.seed, {**one.metrics, "dev": {"accuracy": dev}}, one.right, None)


def beside(name, right, seeds=1):
    metrics = {**run("x", 0, right).metrics, "model": name}
    return [
        Run(Condition(learner=name, baseline=True), seed, metrics, np.asarray(right), None) for seed in range(seeds)
    ]


def test_baselines_are_compared_with_what_dev_chooses_only():
    # Dev prefers the one that is worse on test: it chooses all the same.
    runs = [with_dev(one, {"bad": 0.9, "good": 0.8}[one.condition.name]) for one in sides(40)]
    runs += [*beside("majority", np.arange(400) < 100), *beside("tfidf-lr", np.arange(400) < 350)]
    comparison = Comparison.of("trec", runs)
    assert comparison.chosen == "bad"
    assert [(pair.first, pair.second) for pair in comparison.pairs] == [
        ("bad", "good"),
        ("bad", "majority"),
        ("bad", "tfidf-lr"),
    ]
    assert [side.baseline for side in comparison.sides] == [False, False, True, True]
    assert comparison.sides[0].dev_accuracy == pytest.approx(0.9)


def test_a_condition_with_one_run_stands_for_every_seed_of_another():
    comparison = Comparison.of("trec", [*sides(40)[::2], *beside("tfidf-lr", np.arange(400) < 200)])
    (pair,) = comparison.pairs
    assert pair.seeds == 5
    assert pair.difference.mean == pytest.approx(299 / 400 - 200 / 400)
    assert comparison.sides[1].accuracy.std is None


def test_two_conditions_with_one_run_each_are_compared_by_row():
    first, second = beside("a", np.arange(400) < 300), beside("b", np.arange(400) < 320)
    runs = [Run(Condition({"model": one.condition.learner}), 0, one.metrics, one.right, None) for one in first + second]
    (pair,) = Comparison.of("trec", runs).pairs
    assert (pair.seeds, pair.seen) == (1, True)


def test_a_baseline_whose_only_run_failed_is_paired_with_nothing():
    failed = Run(Condition(learner="fasttext", baseline=True), 0, None, None, "not installed")
    comparison = Comparison.of("trec", [*sides(40), failed])
    assert [(pair.first, pair.second) for pair in comparison.pairs] == [("bad", "good")]
    assert comparison.sides[-1].failed == 1
