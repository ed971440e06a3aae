"""Tables of studies at 80 columns, a pipe's width, by the figures they show."""

import re
from dataclasses import replace

import pytest

from cct_text.studies.comparison import Comparison, Side
from cct_text.studies.learning_curve import LearningCurve, Line, Point
from cct_text.studies.statistics import Summary, summarize
from cct_text_cli.study_answer import print_comparison, print_curve

LONG = [f"embeddings={kind}, pooling={how}" for kind in ("glove-frozen", "learned") for how in ("seqpool", "mean")]
SIZES = (60, 1_000, 120_000)


@pytest.fixture(autouse=True)
def _narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def curve_of(names, sizes=SIZES):
    points = tuple(Point(rows, Summary(0.5625 + 0.1 * place, 0.1179, 0.4, 0.7, 2)) for place, rows in enumerate(sizes))
    lines = tuple(Line(name, baseline=False, points=points) for name in names)
    runs = tuple((rows, None) for rows in sizes)
    return LearningCurve(dataset="questions", test_rows=60, seeds=(0, 1), lines=lines, races=(), runs=runs)


def shown_curve(curve, folder, monkeypatch, capsys):
    monkeypatch.setattr(LearningCurve, "to_dict", lambda self: {})
    print_curve(curve, folder, as_json=False)
    return capsys.readouterr().out.split("accuracy in %")[0].splitlines()


def test_a_curve_of_few_learners_has_a_column_for_each(tmp_path, monkeypatch, capsys):
    head, first, *_ = shown_curve(curve_of(["cct-2/2", "majority"]), tmp_path, monkeypatch, capsys)
    assert head.split() == ["rows", "of", "train", "cct-2/2", "majority"]
    assert re.split(r"\s{2,}", first.strip()) == ["60", "56.25 ± 11.79", "56.25 ± 11.79"]


@pytest.mark.parametrize("sizes", [SIZES, tuple(100 * 3**power for power in range(9))])
def test_no_number_of_five_learners_with_long_names_is_broken_over_lines(sizes, tmp_path, monkeypatch, capsys):
    lines = shown_curve(curve_of([*LONG, "kim-cnn-static"], sizes), tmp_path, monkeypatch, capsys)
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for place, rows in enumerate(sizes):
        assert f" {rows:,}" in text
        assert text.count(f" {56.25 + 10 * place:.2f}") >= 5
    assert text.count("± 11.79") == 5 * len(sizes)
    assert not re.search(r"±\s*$", text, re.MULTILINE)


def side(name, **changes):
    accuracy = Summary(0.55, 0.1179, -0.509, 1.609, 2)
    figures = Side(
        name=name,
        values={},
        baseline=False,
        accuracy=accuracy,
        dev_accuracy=0.5,
        macro_f1=accuracy,
        ece=None,
        ece_by_chance=None,
        accuracy_unseen=None,
        accuracies={0: 0.4, 1: 0.7},
        coverage=1.0,
        parameters=22_713_217,
        embedding_parameters=0,
        seconds=1234,
        rows_per_second=12345678.0,
        failed=0,
    )
    return replace(figures, **changes)


def shown_comparison(sides, folder, monkeypatch, capsys):
    monkeypatch.setattr(Comparison, "to_dict", lambda self: {})
    found = Comparison(
        dataset="questions", test_rows=60, seeds=(0, 1), sides=tuple(sides), pairs=(), runs=(), chosen=None
    )
    print_comparison(found, folder, as_json=False)
    return capsys.readouterr().out.split("accuracy in %")[0]


def test_figures_of_a_comparison_are_whole_whatever_the_names(tmp_path, monkeypatch, capsys):
    text = shown_comparison([side(name) for name in LONG], tmp_path, monkeypatch, capsys)
    assert max(map(len, text.splitlines())) <= 80
    for figure in ("55.00", "± 11.79", "0.0", "to 100.0", "55.0", "100.0%", "22.7M", "1,234", "12.3M"):
        assert len(re.findall(rf"(?<!\S){re.escape(figure)}(?!\S)", text)) == len(LONG), figure


def test_an_interval_of_an_accuracy_ends_at_0_and_100(tmp_path, monkeypatch, capsys):
    text = shown_comparison([side("mean", parameters=11, rows_per_second=9.0)], tmp_path, monkeypatch, capsys)
    assert "55.00 ± 11.79" in text
    assert "0.0 to 100.0" in text
    assert "9" in text.split()
    none = shown_comparison([side("mean", parameters=11, rows_per_second=None)], tmp_path, monkeypatch, capsys)
    assert not {"9", "0", "None"} & set(none.split())
    one = shown_comparison([side("mean", accuracy=summarize([0.5]))], tmp_path, monkeypatch, capsys)
    assert " to " not in one
