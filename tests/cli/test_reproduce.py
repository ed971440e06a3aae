"""`cct-text reproduce` and what it prints."""

import json

import pytest

from tests.support.official_files import QUESTIONS, write_trec

FAST = ("train_rows=60", "epochs=1", "width=16", "max_words=16", "embeddings=learned", "embedding_dim=16")


@pytest.fixture
def arguments(tmp_path):
    write_trec(tmp_path / "data" / "trec", QUESTIONS)
    options = [part for option in FAST for part in ("--set", option)]
    return ("reproduce", "--datasets", "trec", "--data-dir", tmp_path / "data", *options, "--out", tmp_path / "out")


def test_ours_stand_beside_the_published_figures_at_80_columns(cct_text, arguments):
    outcome = cct_text(*arguments, "--models", "cct-2/1", "--seeds", 1)
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[1].split()[:3] == ["trec", "cct-2/1", "60"]
    assert "91.00" in outcome.out
    assert "cannot be told" in outcome.out
    assert max(map(len, outcome.out.splitlines()[:-1])) <= 80


def test_quick_takes_the_three_smallest_models_and_three_seeds(cct_text, arguments, tmp_path):
    outcome = cct_text(*arguments, "--quick", "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert [cell["model"] for cell in found["cells"]] == ["cct-2/1", "cct-2/2", "cct-2/4"]
    assert [cell["published"] for cell in found["cells"]] == pytest.approx([0.91, 0.918, 0.91])
    assert [run["seed"] for run in found["runs"]] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_data_set_without_published_figures_is_refused(cct_text):
    outcome = cct_text("reproduce", "--datasets", "imdb")
    assert outcome.code == 2
    assert "imdb" in outcome.err


def test_recipes_stand_beside_baselines_at_80_columns(cct_text, arguments):
    options = ("--recipes", "--baseline", "majority", "--seeds", 1)
    outcome = cct_text(*arguments, *options)
    assert outcome.code == 0, outcome.err
    (line,) = (line for line in outcome.out.splitlines() if line.startswith("trec"))
    assert "majority 33.33" in line
    assert max(map(len, outcome.out.splitlines()[:-1])) <= 80
    found = json.loads(cct_text(*arguments, *options, "--json").out)
    assert [side["name"] for side in found["datasets"][0]["conditions"]][1:] == ["majority"]


@pytest.mark.parametrize(
    "options",
    [
        ("--recipes", "--quick"),
        ("--recipes", "--models", "cct-2/1"),
        ("--baseline", "majority"),
        ("--quick", "--models", "cct-6/4"),
        ("--quick", "--seeds", "5"),
    ],
)
def test_options_that_do_not_go_together_are_told(cct_text, options):
    outcome = cct_text("reproduce", *options)
    assert outcome.code == 2
    assert options[0] in outcome.err
