import time

import pytest

from cct_text.config import Config
from cct_text.studies.trials import Trial
from cct_text.studies.tuning_plan import plan_tuning
from cct_text.studies.tuning_result import DevSplit
from cct_text_cli.tuning_display import TuningDisplay


@pytest.fixture
def display(tmp_path):
    """Of four trials over three splits one was scored earlier; another, now, on two splits in four seconds."""
    shown = TuningDisplay()
    tuning = plan_tuning("questions", trials=4, splits=3, out=tmp_path)
    shown.started(tuning, DevSplit(60, is_cut=False), [trial(0, "complete", 0.8, 0.8, 0.9)])
    for scores in [(), (0.7,), (0.7, 0.8)]:
        shown.changed(trial(1, "running", *scores))
    shown.begun = time.monotonic() - 4
    return shown


def trial(number, state, *scores):
    error = "no memory" if state == "failed" else None
    return Trial(number, state, number == 0, Config(), scores, 1.0, error)


def test_the_time_left_is_that_of_the_splits_that_are_not_behind(display):
    assert (display.done, display.left) == (1, "14 s left")


def test_a_trial_that_is_given_up_leaves_no_splits_to_do(display, capfd):
    display.changed(trial(1, "pruned", 0.7, 0.8))
    display.begun = time.monotonic() - 3
    assert (display.done, display.left) == (2, "6 s left")


def test_each_trial_that_ends_is_a_line(tmp_path, capfd):
    shown = TuningDisplay()
    shown.started(plan_tuning("questions", trials=4, splits=3, out=tmp_path), DevSplit(42, is_cut=True), [])
    for ended in (
        trial(0, "complete", 0.8, 0.8, 0.8),
        trial(1, "pruned", 0.6),
        trial(2, "failed"),
    ):
        shown.changed(trial(ended.number, "running"))
        shown.changed(ended)
    lines = [line.partition("; at most")[0] for line in capfd.readouterr().err.splitlines()]
    assert lines == [
        f"questions: 4 trials over 3 dev splits of 42 rows in {tmp_path}",
        "1/4 trial 0: accuracy 80.00 ± 0.00",
        "2/4 trial 1: accuracy 60.00, given up after 1 split",
        "trial 2: failed: no memory",
    ]
