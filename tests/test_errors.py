"""The exceptions a user can meet: exit codes and the form of their messages."""

from __future__ import annotations

import doctest
import pickle
from pathlib import Path

import pytest

from cct_text import errors
from cct_text.errors import CCTTextError, DataError, ResourceError, UsageError, unknown_name


@pytest.mark.parametrize(
    ("kind", "exit_code"), [(CCTTextError, 1), (UsageError, 2), (DataError, 3), (ResourceError, 4)]
)
def test_each_kind_of_error_has_the_exit_code_that_the_design_promises(kind, exit_code):
    assert kind.exit_code == exit_code
    assert kind("what was wrong").exit_code == exit_code


def test_every_error_of_the_module_can_be_caught_as_one():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) == 4
    assert all(issubclass(kind, CCTTextError) for kind in kinds)


@pytest.mark.parametrize(
    ("path", "line", "message"),
    [
        ("reviews.csv", 12, "reviews.csv:12: a row without a label"),
        (Path("reviews.csv"), 12, "reviews.csv:12: a row without a label"),
        ("reviews.csv", None, "reviews.csv: a row without a label"),
        (None, None, "a row without a label"),
        ("-", 1, "-:1: a row without a label"),
    ],
)
def test_a_data_error_opens_with_file_and_line_as_far_as_they_are_known(path, line, message):
    error = DataError("a row without a label", path=path, line=line)
    assert str(error) == message
    assert (error.path, error.line) == (path, line)


def test_a_data_error_survives_the_way_out_of_a_worker_process():
    error = pickle.loads(pickle.dumps(DataError("a row without a label", path="reviews.csv", line=12)))
    assert str(error) == "reviews.csv:12: a row without a label"
    assert (error.path, error.line) == ("reviews.csv", 12)


def test_what_a_message_quotes_of_a_file_cannot_act_on_a_terminal():
    assert str(DataError("saw \x1b[2J\x07, \ud800\u202e", path="a.csv")) == r"a.csv: saw \x1b[2J\x07, \ud800\u202e"
    assert str(ResourceError("not here\nget it")) == "not here\nget it"


def test_a_message_that_quotes_a_megabyte_keeps_the_file_and_the_way_out():
    message = str(DataError(f"saw {'x' * 1_000_000}; quote it", path="a.csv", line=3))
    assert len(message) <= errors.LONGEST_MESSAGE
    assert message.startswith("a.csv:3: saw xxx")
    assert message.endswith("xxx; quote it")
    assert str(pickle.loads(pickle.dumps(DataError(message)))) == message


def test_an_unknown_name_is_answered_with_the_nearest_ones_best_first():
    known = ["questions", "trec", "trec-fine", "ag_news"]
    assert unknown_name("data set", "trec-fin", known) == "unknown data set 'trec-fin'; did you mean trec-fine or trec?"


def test_an_unknown_name_that_is_near_nothing_is_answered_with_all_names():
    assert unknown_name("pooling", "zzz", iter(["seqpool", "mean"])) == (
        "unknown pooling 'zzz'; known are: seqpool, mean"
    )


def test_an_unknown_name_is_quoted_so_that_control_characters_cannot_break_the_line():
    assert "\n" not in unknown_name("model", "cct-2\n/1", ["cct-2/1"])


def test_the_examples_in_the_docstrings_are_true():
    outcome = doctest.testmod(errors)
    assert outcome.attempted > 0
    assert outcome.failed == 0
