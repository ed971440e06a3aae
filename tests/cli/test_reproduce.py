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


def test_ours_stand_beside_the_published_figures_and_json_is_one_object(cct_text, arguments):
    outcome = cct_text(*arguments, "--models", "cct-2/1", "--seeds", 2)
    assert outcome.code == 0, outcome.err
    (line,) = (line for line in outcome.out.splitlines() if line.lstrip().startswith("trec "))
    assert "cct-2/1" in line
    assert "91.00" in line
    again = cct_text(*arguments, "--models", "cct-2/1", "--seeds", 2, "--json")
    (cell,) = json.loads(again.out)["cells"]
    assert (cell["model"], cell["published"], cell["accuracy"]["seeds"]) == ("cct-2/1", 0.91, 2)


def test_quick_takes_the_three_smallest_models_and_three_seeds(cct_text, arguments, tmp_path):
    outcome = cct_text(*arguments, "--quick", "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert [cell["model"] for cell in found["cells"]] == ["cct-2/1", "cct-2/2", "cct-2/4"]
    assert [run["seed"] for run in found["runs"]] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_data_set_without_published_figures_is_refused(cct_text):
    outcome = cct_text("reproduce", "--datasets", "imdb")
    assert outcome.code == 2
    assert "imdb" in outcome.err
