"""Statistics against scipy, against formulas by hand, and against data whose truth is known."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cct_text.studies.statistics import SeedLuck, Spread, difference, holm, summarize


def simulated(rng, seeds, rows, *, effect=0.0, luck=0.3):
    """Two sides on the same rows: rows differ in difficulty, in which side they suit, and runs in their luck."""
    difficulty = rng.normal(2.2, 2.0, rows)
    sides = []
    for shift in (effect, 0.0):
        suits, runs, rest = rng.normal(0, 0.5, rows), rng.normal(0, luck, (seeds, 1)), rng.normal(0, 1, (seeds, rows))
        sides.append(rng.random((seeds, rows)) < 1 / (1 + np.exp(-(difficulty + suits + runs + rest + shift))))
    return sides


def test_a_summary_is_that_of_scipy():
    values = [0.91, 0.92, 0.905, 0.93, 0.915]
    found = summarize(values)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.mean, found.std, found.seeds) == pytest.approx((np.mean(values), stats.tstd(values), 5))


def test_one_value_has_no_spread():
    found = summarize([0.9])
    assert (found.mean, found.std, found.low, found.high) == (0.9, None, None, None)


def test_with_one_seed_the_difference_is_scipys_paired_t_test():
    right, other = simulated(np.random.default_rng(0), 1, 200, effect=0.6)
    expected = stats.ttest_rel(right[0].astype(float), other[0].astype(float))
    interval = expected.confidence_interval(0.95)
    found = difference(right, other)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_with_one_seed_a_permutation_of_the_rows_says_the_same():
    right, other = simulated(np.random.default_rng(3), 1, 400, effect=0.35)
    permuted = stats.permutation_test(
        (right[0].astype(float), other[0].astype(float)),
        lambda a, b, axis: (a - b).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=4000,
        rng=np.random.default_rng(0),
    )
    assert 0.001 < permuted.pvalue < 0.9
    assert difference(right, other).p == pytest.approx(permuted.pvalue, abs=0.03)


def test_where_all_rows_agree_only_the_seeds_count_as_in_scipys_paired_t_test():
    # The rows' own differences cancel: every seed has the same number of rows right, in another place.
    rng = np.random.default_rng(1)
    gains = np.array([30, 10, 25, 5, 20])
    right = np.zeros((5, 1000))
    for seed, gain in enumerate(gains):
        right[seed, rng.permutation(1000)[:gain]] = 1
    found = difference(right, np.zeros((5, 1000)))
    assert found.p == pytest.approx(stats.ttest_1samp(gains / 1000, 0.0).pvalue, rel=0.1)


def test_the_variance_by_hand():
    # Differences (2 seeds, 2 rows) 1 0 / 0 0: mean 1/4; MS_seeds = MS_rows = MS_rest = 1/4; variance 1/4 / 4, 1 degree.
    found = difference(np.array([[1, 0], [0, 0]]), np.zeros((2, 2)))
    assert found.mean == 0.25
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 1) * np.sqrt(0.25 / 4))


def test_what_the_other_conditions_say_of_the_seeds_counts_where_it_is_more():
    right, other = simulated(np.random.default_rng(2), 5, 200)
    alone = difference(right, other)
    wide = difference(right, other, luck=Spread(0.01, 12.0))  # a standard deviation of ten points
    pairs = right.astype(float) - other
    rest = pairs - pairs.mean(axis=0) - pairs.mean(axis=1, keepdims=True) + pairs.mean()
    by_rest = np.square(rest).sum() / (4 * 199)
    total = 200 * 0.01 + max(0.0, 5 * pairs.mean(axis=0).var(ddof=1) - by_rest)
    reach = stats.t.ppf(0.975, 12.0 * (total / 2.0) ** 2) * np.sqrt(total / 1000)
    assert wide.high - wide.mean == pytest.approx(reach)
    assert difference(right, other, luck=Spread(0.0, 4.0)) == alone


def test_the_luck_of_seeds_is_that_of_an_analysis_of_variance():
    accuracies = np.array([[0.90, 0.92, 0.91], [0.88, 0.93, 0.89], [0.80, 0.84, 0.85]])
    luck = SeedLuck.of(accuracies)
    assert luck.of_one.variance == pytest.approx(accuracies.var(axis=1, ddof=1).mean())
    pairs = [accuracies[a] - accuracies[b] for a, b in ((0, 1), (0, 2), (1, 2))]
    assert luck.of_pair.variance == pytest.approx(np.mean([pair.var(ddof=1) for pair in pairs]))
    assert (luck.of_pair.freedom, luck.of_one.freedom) == (4.0, 6.0)
    assert SeedLuck.of(accuracies[:1]).of_pair is None


def test_no_difference_is_more_certain_than_its_rows_allow():
    everything = difference(np.ones((3, 3)), np.zeros((3, 3)))
    assert (everything.mean, everything.p) == (1.0, 0.25)  # three rows, all for the same side: 2 / 2^3
    ahead = np.zeros((5, 1000))
    ahead[:, :4] = 1
    assert difference(ahead, np.zeros((5, 1000))).p >= 2 / 2**4


@pytest.mark.parametrize(
    ("seeds", "rows", "luck"),
    [(1, 300, 0.0), (3, 300, 0.0), (3, 300, 0.3), (5, 500, 0.0), (5, 500, 0.3), (10, 200, 0.1)],
)
def test_where_there_is_no_difference_one_is_seen_no_more_often_than_claimed(seeds, rows, luck):
    rng = np.random.default_rng(7)
    alarms = np.mean([difference(*simulated(rng, seeds, rows, luck=luck)).p < 0.05 for _ in range(600)])
    assert alarms < 0.07  # at most 0.05, which 600 trials tell to 0.009


@pytest.mark.parametrize(
    ("seeds", "lucks"),
    [
        (2, (0.2, 0.2, 0.2, 0.2)),
        (3, (0.3, 0.3, 0.3, 0.3)),
        (3, (0.05, 0.05, 0.4, 0.4)),
        (5, (0.15, 0.15, 0.15, 0.15)),
        (5, (0.05, 0.05, 0.05, 0.4)),
    ],
)
def test_among_all_pairs_of_equal_conditions_a_difference_is_seen_no_more_often_than_claimed(seeds, lucks):
    rng = np.random.default_rng(5)
    alarms = np.mean([min(corrected(equal_conditions(rng, seeds, 500, lucks))) < 0.05 for _ in range(200)])
    assert alarms < 0.08  # at most 0.05, which 200 trials tell to 0.015


def equal_conditions(rng, seeds, rows, lucks, effect=0.0):
    """Conditions (S, R) of which the first is better by `effect`, and whose runs have so much luck."""
    difficulty = rng.normal(2.2, 2.0, rows)
    conditions = []
    for number, luck in enumerate(lucks):
        suits, runs, rest = rng.normal(0, 0.5, rows), rng.normal(0, luck, (seeds, 1)), rng.normal(0, 1, (seeds, rows))
        scores = difficulty + suits + runs + rest + (0.0 if number else effect)
        conditions.append(rng.random((seeds, rows)) < 1 / (1 + np.exp(-scores)))
    return conditions


def corrected(conditions):
    luck = SeedLuck.of(np.array([one.mean(axis=1) for one in conditions]))
    return holm([difference(*pair, luck=luck.of_pair).p for pair in combinations(conditions, 2)])


def test_a_known_difference_among_several_conditions_is_seen():
    rng = np.random.default_rng(5)
    seen = np.mean([corrected(equal_conditions(rng, 5, 1000, (0.15,) * 4, 0.6))[0] < 0.05 for _ in range(60)])
    assert seen > 0.8


def test_a_known_difference_is_seen_and_lies_in_the_interval_as_often_as_claimed():
    rng = np.random.default_rng(11)
    truth = np.mean([difference(*simulated(rng, 5, 4000, effect=0.8)).mean for _ in range(60)])
    found = [difference(*simulated(rng, 5, 500, effect=0.8)) for _ in range(400)]
    assert 0.92 < np.mean([one.low < truth < one.high for one in found]) < 0.98
    assert np.mean([one.p < 0.05 for one in found]) > 0.7


def test_sides_that_never_differ_show_no_difference():
    same = np.random.default_rng(0).random((5, 50)) < 0.8
    found = difference(same, same)
    assert (found.mean, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_turned_round_the_difference_is_its_negative():
    right, other = simulated(np.random.default_rng(5), 5, 100, effect=0.5)
    one, two = difference(right, other), difference(other, right)
    assert (one.mean, one.low, one.high, one.p) == pytest.approx((-two.mean, -two.high, -two.low, two.p))


@pytest.mark.parametrize("shapes", [((5, 10), (4, 10)), ((0, 10), (0, 10)), ((5, 1), (5, 1)), ((10,), (10,))])
def test_sides_that_cannot_be_compared_are_refused(shapes):
    with pytest.raises(ValueError, match=r"expected \(S, R\) twice"):
        difference(*map(np.zeros, shapes))


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.6, 0.7]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_corrects_upwards_keeps_the_order_and_at_most_as_bonferroni(p_values):
    found = holm(p_values)
    for p, corrected in zip(p_values, found, strict=True):
        assert p <= corrected <= min(1.0, len(p_values) * p)
    assert sorted(found) == [found[index] for index in sorted(range(len(found)), key=p_values.__getitem__)]
