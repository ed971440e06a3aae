"""The default recipes beside the baselines."""

import json

import pytest

from cct_text.errors import DataError, UsageError
from cct_text.provenance import processor
from cct_text.studies.recipe_results import plan_recipes, reproduce_recipes, results_page
from cct_text.studies.study import StudyObserver
from cct_text.training.recipes import resolve_config
from tests.support.official_files import QUESTIONS, write_trec

SMALL = {"epochs": 1, "min_epoch_steps": 1, "width": 16, "embeddings": "learned", "embedding_dim": 16}


@pytest.fixture
def values(tmp_path):
    write_trec(tmp_path / "data" / "trec", QUESTIONS)
    return {**SMALL, "data_dir": str(tmp_path / "data")}


def test_every_recipe_has_its_seeds_and_what_is_installed_beside_it(tmp_path):
    studies = {study.dataset: study for study in plan_recipes([], seeds=None, out=tmp_path)}
    assert {name: len(study.seeds) for name, study in studies.items()} == {
        "trec": 5, "sst2": 5, "sst3": 5, "sst5": 5, "ag_news": 3, "imdb": 3
    }  # fmt: skip
    for name, study in studies.items():
        assert study.configs[0] == resolve_config(name)
        learners = [condition.learner for condition in study.conditions]
        assert learners[0] is None
        assert {"majority", "tfidf-lr", "nb-svm", "fasttext", "kim-cnn-tuned"} <= set(learners[1:])


def test_a_data_set_that_is_named_twice_is_run_once_with_relatives_of_the_model_that_is_given(tmp_path):
    values = {"model.model": "cct-4/1"}
    (study,) = plan_recipes(["trec", "trec"], seeds=1, out=tmp_path, beside=["cvt"], values=values)
    assert [condition.name for condition in study.conditions] == ["cct-4/1", "cvt-4/1"]


def test_figures_of_the_runs_stand_on_the_page(tmp_path, values):
    studies = plan_recipes(["trec"], seeds=2, out=tmp_path / "out", beside=["majority", "nb-svm"], values=values)
    results = reproduce_recipes(studies, tmp_path / "out", command="cct-text reproduce --recipes", workers=1)
    page = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert page == results_page(json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8")))
    recipe, majority, svm = results.comparisons[0].sides
    assert f"| **{recipe.name}** | {100 * recipe.accuracy.mean:.2f} ± {100 * recipe.accuracy.std:.2f} |" in page
    assert f"| majority (baseline) | {100 * majority.accuracy.mean:.2f} |" in page
    ece = f"{100 * recipe.ece.mean:.2f} ± {100 * recipe.ece.std:.2f} ({100 * recipe.ece_by_chance:.2f})"
    assert f"| {ece} | 108 |" in page
    assert svm.ece is None  # its scores are no probabilities
    assert "12 rows of dev, 12 of test" in page
    assert all(f"| 108 | {side.parameters:,} |" in page for side in (recipe, majority, svm))  # rows it learned from
    assert "cct-text reproduce --recipes" in page
    assert (tmp_path / "out" / "trec" / "report.html").exists()


def test_test_rows_that_stand_in_train_are_told_apart(tmp_path, values):
    rows = {**QUESTIONS, "test": [*QUESTIONS["test"], QUESTIONS["train"][0]]}
    write_trec(tmp_path / "data" / "trec", rows)
    studies = plan_recipes(["trec"], seeds=1, out=tmp_path / "out", beside=[], values={**values, "dev_fraction": 0})
    results = reproduce_recipes(studies, tmp_path / "out", command="", workers=1)
    (run,) = results.comparisons[0].runs
    unseen = run.metrics["test"]["without_rows_in_train"]["accuracy"]
    assert run.row()["test_accuracy_unseen"] == unseen
    assert f"reaches {100 * unseen:.2f} (1 seed)." in results_page(results.to_dict())


def test_outside_of_a_checkout_the_page_names_no_commit(tmp_path, values):
    studies = plan_recipes(["trec"], seeds=1, out=tmp_path / "out", beside=[], values=values)
    results = reproduce_recipes(studies, tmp_path / "out", command="", workers=1)
    for run in (found := results.to_dict())["datasets"][0]["runs"]:
        run["commit"] = None
    assert f"of dev, 12 of test; {processor()}. Train" in results_page(found)


def test_a_part_of_an_official_data_set_is_told(tmp_path, values):
    studies = plan_recipes(["trec"], seeds=1, out=tmp_path / "out", beside=["majority"], values=values)
    results = reproduce_recipes(studies, tmp_path / "out", command="", workers=1)
    assert "Train and dev are 120 of the official 5,452 train rows." in results_page(results.to_dict())


def test_what_a_later_data_set_lacks_is_told_before_the_first_run(tmp_path, values):
    write_trec(tmp_path / "empty" / "trec", {**QUESTIONS, "test": []})
    studies = [
        *plan_recipes(["trec"], seeds=1, out=tmp_path / "out" / "a", beside=[], values=values),
        *plan_recipes(
            ["trec"],
            seeds=1,
            out=tmp_path / "out" / "b",
            beside=[],
            values={**values, "data_dir": str(tmp_path / "empty")},
        ),
    ]
    with pytest.raises(DataError):
        reproduce_recipes(studies, tmp_path / "out", command="", workers=1)
    assert not (tmp_path / "out" / "a" / "trec" / "runs").exists()


def test_the_results_of_a_data_set_are_kept_when_a_later_one_is_stopped(tmp_path, values):
    class Stop(StudyObserver):
        def started(self, study):
            if study is studies[1]:
                raise KeyboardInterrupt

    studies = [plan_recipes(["trec"], seeds=1, out=tmp_path / name, beside=[], values=values)[0] for name in "ab"]
    with pytest.raises(KeyboardInterrupt):
        reproduce_recipes(studies, tmp_path / "out", command="", workers=1, observer=Stop())
    kept = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert [found["dataset"] for found in kept["datasets"]] == ["trec"]


def test_a_data_set_that_is_not_known_is_told(tmp_path):
    with pytest.raises(UsageError, match="unknown data set 'trek'; did you mean trec"):
        plan_recipes(["sst2", "trek"], seeds=1, out=tmp_path)


def test_a_baseline_that_is_not_known_is_told(tmp_path):
    with pytest.raises(UsageError, match="unknown baseline 'svm'"):
        plan_recipes(["trec"], seeds=1, out=tmp_path, beside=["svm"])
