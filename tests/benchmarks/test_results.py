"""What is kept of `cct-text reproduce --recipes`."""

import json

import pytest

from benchmarks import results
from cct_text.config import Config
from cct_text.training.recipes import resolve_config


def test_a_result_with_a_failed_run_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "KEPT", tmp_path / "recipes.json")
    runs = [{"condition": "nb-svm", "error": None}, {"condition": "cct-2/2", "error": "killed"}]
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"datasets": [{"runs": runs}]}))
    with pytest.raises(SystemExit, match=r"results.json: not kept, for runs failed: cct-2/2$"):
        results.keep(path)
    assert not results.KEPT.exists()


def test_what_was_measured_again_takes_the_place_of_what_was_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "KEPT", tmp_path / "recipes.json")
    for name, datasets in [("first", ["trec", "imdb"]), ("second", ["trec"])]:
        found = [{"dataset": dataset, "runs": [], "seeds": name} for dataset in datasets]
        (tmp_path / "results.json").write_text(json.dumps({"command": "any", "datasets": found}))
        results.keep(tmp_path / "results.json")
    kept = results.load()
    assert [(one["dataset"], one["seeds"]) for one in kept["datasets"]] == [("trec", "second"), ("imdb", "first")]


def test_what_was_measured_is_what_the_recipes_are():
    for found in results.load()["datasets"]:
        # An option that came later is as it was when there was none: at its default.
        options = {f"{section}.{name}": value for section, of in found["recipe"].items() for name, value in of.items()}
        assert Config().with_values(options) == resolve_config(found["dataset"]), found["dataset"]


def test_a_goal_is_reached_from_its_figure_on():
    assert results._reached({"accuracy": {"mean": 0.96}}, 96.0) == "reached"
    assert results._reached({"accuracy": {"mean": 0.9597}}, 96.0) == "0.03 points short"
