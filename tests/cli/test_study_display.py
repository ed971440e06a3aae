import time

import pytest

from cct_text.studies.comparison import Run
from cct_text.studies.grid import Condition
from cct_text.studies.study import plan
from cct_text_cli.study_display import StudyDisplay


@pytest.fixture
def display(tmp_path):
    """A display whose study has two of four runs behind it: one of an earlier time, one that took a second."""
    shown = StudyDisplay()
    shown.started(four(tmp_path))
    shown.ended(failed(0), earlier=True)
    shown.begun = time.monotonic() - 1
    shown.ended(failed(1), earlier=False)
    return shown


def four(folder):
    return plan("questions", [Condition({"pooling": pooling}) for pooling in ("mean", "max")], seeds=2, out=folder)


def failed(seed):
    return Run(Condition({"pooling": "mean"}), seed, metrics=None, right=None, error="no vectors")


def test_the_time_left_is_that_of_the_runs_of_this_time(display):
    assert (display.done, display.left) == (2, "2 s left")


def test_minutes_are_whole(display):
    display.begun = time.monotonic() - 59.9  # two more of these: 119.8 seconds
    assert display.left == "2 min 0 s left"


def test_another_study_begins_to_count_anew(display, tmp_path):
    display.started(four(tmp_path))
    assert (display.done, display.left) == (0, "4 runs left")
