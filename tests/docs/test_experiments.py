"""docs/experiments.md is what the files under docs/results/experiments/ say."""

import json

import numpy as np
import pytest

from benchmarks import experiment_log
from benchmarks.experiments import RESULTS, Experiment


def test_the_page_is_what_the_experiments_found():
    assert experiment_log.PAGE.read_text(encoding="utf-8") == experiment_log.page()


def test_the_difference_is_taken_split_by_split():
    kept = json.loads((RESULTS / "trec-kernels.json").read_text(encoding="utf-8"))
    recipe, *_, last = kept["variants"]
    gaps = [100 * (a["accuracy"] - b["accuracy"]) for a, b in zip(last["splits"], recipe["splits"], strict=True)]
    told = experiment_log.row(last, recipe, kept)[3]
    mean, error = (float(part) for part in told.split(" ± "))
    assert mean == pytest.approx(np.mean(gaps), abs=0.005)
    assert error == pytest.approx(np.std(gaps, ddof=1) / np.sqrt(len(gaps)), abs=0.005)


def test_a_change_is_taken_if_the_recipe_has_it_and_not_if_its_option_is_gone():
    recipe = {"model": {"model": "cct-2/2"}, "training": {"epochs": 30, "keep": "accuracy"}}
    kernels, no_pool, gone = {"model": "cct-2/1+2+3"}, {"max_pool": False}, {"no_more": 1.0}
    variants = [{"options": options} for options in (kernels, {**kernels, **no_pool}, {**kernels, **gone})]
    trec = {"dataset": "trec", "base": {"epochs": 30}, "recipe": recipe, "variants": variants}
    assert experiment_log.is_taken(trec, {**kernels, **no_pool})  # `keep` is not what they were about
    assert not experiment_log.is_taken(trec, kernels)  # it had a max-pool, by the recipe of that day
    assert not experiment_log.is_taken(trec, {**kernels, **no_pool, **gone})
    assert not experiment_log.is_taken(
        {**trec, "base": {"batch_size": 1}, "recipe": {"training": {"batch_size": 1}}}, kernels
    )


def test_two_variants_that_are_one_configuration_are_refused():
    asked = {"a table less": {"vectors": "glove.6B.50d"}, "epochs": {"epochs": 3}}
    assert list(Experiment("trec-new", "As elsewhere.", "trec", asked, splits=2).configs()) == ["recipe", *asked]
    taken = Experiment("trec-old", "As elsewhere.", "trec", {**asked, "no max-pool": {"max_pool": False}}, splits=2)
    with pytest.raises(ValueError, match="trec-old: 'no max-pool' is the same configuration as 'recipe'"):
        taken.configs()
