"""What a learning curve says of its runs."""

import numpy as np
import pytest

from cct_text.errors import UsageError
from cct_text.studies.comparison import Run
from cct_text.studies.grid import Condition
from cct_text.studies.learning_curve import Gap, LearningCurve, Race, cells, sizes, statements
from cct_text.studies.statistics import Difference

NETWORK, NGRAMS = Condition({"model": "cct-2/2"}), Condition(learner="tfidf-lr", baseline=True)
ROWS = (100, 1_000, 10_000)


def curve(network, ngrams, seeds=4, test_rows=1_000):
    """A curve of two learners that are right on so many of the test rows, each seed on one more; None: it failed."""
    planned = cells([NETWORK, NGRAMS], ROWS, available=ROWS[-1])
    right = {("cct-2/2", rows): count for rows, count in zip(ROWS, network, strict=True)}
    right |= {("tfidf-lr", rows): count for rows, count in zip(ROWS, ngrams, strict=True)}
    runs = []
    for seed in range(seeds):
        for cell in planned:
            count = right[cell.learner.name, cell.rows]
            if count is None:
                runs.append(Run(cell.condition, seed, None, None, "no memory"))
            elif cell.condition != NGRAMS or seed == 0:  # with all rows n-grams do not depend on the seed
                runs.append(Run(cell.condition, seed, {}, np.arange(test_rows) < count + seed, None))
    return LearningCurve.of("imdb", planned, runs)


def test_each_learner_with_each_number_of_rows_and_all_rows_draw_nothing():
    planned = cells([NETWORK, NGRAMS], (100, 4_907), available=4_907)
    assert [cell.condition.folder for cell in planned] == [
        "model=cct-2_2,train_rows=100",
        "baseline=tfidf-lr,train_rows=100",
        "model=cct-2_2",
        "baseline=tfidf-lr",
    ]
    assert [cell.condition.baseline for cell in planned] == [False, True, False, True]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, [100, 300, 1_000, 3_000, 4_907]),
        ("300, all,50", [50, 300, 4_907]),
        ("1_000,1000", [1_000]),
        ("4907", [4_907]),
    ],
)
def test_numbers_of_rows(wanted, found):
    assert sizes(wanted, 4_907) == found


@pytest.mark.parametrize("wanted", ["", "0", "5000", "100,,300", "1e3", "half", "-5", "²"])
def test_what_is_no_number_of_rows_is_told(wanted):
    with pytest.raises(UsageError, match="is not a number from 1 to 4,907, or all"):
        sizes(wanted, 4_907)


def test_the_crossing_lies_where_the_lines_meet_on_the_log_scale():
    found = curve(network=(600, 700, 900), ngrams=(700, 800, 800))
    # From -100 of a thousand at 1,000 rows to about +101.5 at 10,000: half-way between the logarithms.
    ((rows, before, after),) = found.races[0].crossings
    assert (before.rows, after.rows) == (1_000, 10_000)
    assert rows == pytest.approx(10**3.5, rel=0.03)
    (said,) = statements(found)
    assert said == (
        "cct-2/2 and tfidf-lr: by the means, cct-2/2 overtakes at about 3,100 rows (between 1,000 and 10,000). "
        "A difference can be seen at 10,000 rows (cct-2/2 ahead) and at 100 and 1,000 rows (tfidf-lr ahead)."
    )


def test_lines_that_do_not_cross_are_told_so():
    (said,) = statements(curve(network=(700, 800, 900), ngrams=(600, 700, 800)))
    assert "the lines do not cross from 100 to 10,000 rows; by the means, cct-2/2 is ahead." in said


def test_lines_that_are_the_same_have_nobody_ahead():
    race = Race("a", "b", tuple(Gap(rows, Difference(0.0, 0.0, 0.0, 1.0), 1.0) for rows in (100, 300)))
    assert statements(LearningCurve("trec", 500, (0, 1, 2), (), (race,), ())) == [
        "a and b: the lines do not cross from 100 to 300 rows; neither is ahead. No difference can be seen."
    ]


def test_small_gaps_are_no_differences():
    (said,) = statements(curve(network=(701, 800, 901), ngrams=(700, 801, 900)))
    assert said.endswith("No difference can be seen.")


def test_the_points_are_means_over_seeds_and_one_run_stands_for_all():
    found = curve(network=(600, 700, 900), ngrams=(700, 800, 800))
    network, ngrams = found.lines
    assert [point.rows for point in network.points] == list(ROWS)
    assert network.points[0].accuracy.mean == pytest.approx(0.6015)
    assert (ngrams.points[2].accuracy.seeds, ngrams.points[2].accuracy.std) == (1, None)
    assert found.races[0].gaps[2].difference.mean == pytest.approx(0.9015 - 0.8)
    assert (network.baseline, ngrams.baseline) == (False, True)


def test_failed_runs_leave_a_gap_in_the_line():
    found = curve(network=(600, None, 900), ngrams=(700, 800, 800))
    assert [point.rows for point in found.lines[0].points] == [100, 10_000]
    assert [gap.rows for gap in found.races[0].gaps] == [100, 10_000]
    assert sum(row["error"] == "no memory" for row in found.to_dict()["runs"]) == 4
    assert {row["rows"] for row in found.table()} == set(ROWS)


def test_all_gaps_are_corrected_together():
    found = curve(network=(600, 700, 810), ngrams=(700, 800, 800))
    raw = [gap.difference.p for gap in found.races[0].gaps]
    assert [gap.p_holm for gap in found.races[0].gaps] == pytest.approx(
        [min(1.0, p * (3 - sorted(raw).index(p))) for p in raw], abs=1e-3
    )
