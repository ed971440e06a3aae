"""The paper's table."""

import json

import pytest

from cct_text.datasets.registry import ENTRIES
from cct_text.errors import UsageError
from cct_text.model.architecture import MODEL_NAMES
from cct_text.studies.reproduce import plan_reproduction, reproduce
from cct_text.studies.reproduction import (
    ModelOnDataset,
    Reproduction,
    official_train_rows,
    published,
    statements,
)
from cct_text.studies.statistics import summarize
from cct_text.training.recipes import resolve_config
from tests.support.official_files import QUESTIONS, write_trec

SMALL = {"width": 16, "epochs": 1, "max_words": 16, "embeddings": "learned", "embedding_dim": 16, "train_rows": 100}


def cell(values, figure, dev_rows=545):
    return ModelOnDataset("trec", "cct-2/1", summarize(values) if values else None, figure, 4_907, dev_rows)


def test_the_published_figures_are_those_of_named_models_on_registered_data_sets():
    known = published()
    assert known["trec"]["cct-4/2"] == 93.60
    assert known["ag_news"]["cct-6/4"] == 92.95
    assert all(len(models) == 9 and models.keys() <= set(MODEL_NAMES) for models in known.values())
    assert known.keys() == official_train_rows().keys() <= set(ENTRIES)


def test_two_standard_errors_of_the_difference_by_hand():
    # Standard deviation 0.01 over 4 seeds: two standard errors are 0.02 sqrt(1 + 1/4) = 0.0224.
    values = [0.92 - 0.0123, 0.92 + 0.0123, 0.92, 0.92]
    assert cell(values, 0.92).accuracy.std == pytest.approx(0.01, rel=0.01)
    assert [cell(values, figure).differs for figure in (0.92, 0.942, 0.943, 0.898, 0.897)] == [
        False,
        False,
        True,
        False,
        True,
    ]


def test_what_cannot_be_told_is_not_told():
    assert cell([0.9], 0.8).differs is None
    assert cell([0.9, 0.91], None).differs is None
    assert cell([], 0.8).differs is None
    assert statements(Reproduction((cell([0.9], 0.8),), 1, ()))[0].endswith("it takes two seeds of ours or more.")


def test_what_lies_apart_is_named():
    near, far = cell([0.90, 0.91], 0.91), cell([0.90, 0.91], 0.80)
    assert statements(Reproduction((near,), 2, ())) == [
        "No figure is more than 2 standard errors from the published one."
    ]
    part = cell([0.90, 0.91], 0.91, dev_rows=0)
    assert statements(Reproduction((part, part), 2, ()))[1:] == [
        "trec: 4,907 rows of train and dev, of 5,452 in the official train split; "
        "these figures are no reproduction of the published ones."
    ]
    assert statements(Reproduction((near, far), 2, ())) == [
        "More than 2 standard errors from the published figure: cct-2/1 on trec."
    ]


def test_models_and_data_sets_can_be_chosen_and_a_wrong_one_is_told(tmp_path):
    every = plan_reproduction([], [], seeds=1, out=tmp_path)
    assert [study.dataset for study in every] == ["ag_news", "trec"]
    assert all(len(study.conditions) == 9 for study in every)
    with pytest.raises(UsageError, match="unknown data set with published figures 'imdb'"):
        plan_reproduction(["imdb"], [], seeds=1, out=tmp_path)
    with pytest.raises(UsageError, match="cct-2/x"):
        plan_reproduction(["trec"], ["cct-2/x"], seeds=1, out=tmp_path)


def test_what_recipes_have_beyond_the_paper_is_left_out_unless_it_is_asked_for(tmp_path):
    def planned(**values):
        (study,) = plan_reproduction(["trec"], ["cct-2/2"], seeds=1, out=tmp_path / "-".join(values), values=values)
        return beyond(study.configs[0])

    def beyond(config):
        return config.data.fine_labels, config.model.max_pool, config.training.keep

    assert beyond(resolve_config("trec")) == (True, False, "last")
    assert planned() == (False, None, "accuracy")
    assert planned(**{"data.fine_labels": True, "max_pool": False}) == (True, False, "accuracy")


def test_what_is_named_twice_is_run_once(tmp_path):
    (study,) = plan_reproduction(["trec", "trec"], ["cct-2/1", "cct-2/1"], seeds=1, out=tmp_path)
    assert [condition.name for condition in study.conditions] == ["cct-2/1"]


def test_our_figures_stand_beside_the_published_ones(tmp_path):
    write_trec(tmp_path / "data" / "trec", QUESTIONS)
    values = {**SMALL, "data_dir": str(tmp_path / "data")}
    studies = plan_reproduction(["trec"], ["cct-2/1", "cvt-2/1"], seeds=2, out=tmp_path, values=values)
    found = reproduce(studies, tmp_path, workers=2)
    first, second = found.cells
    assert (first.model, first.published, first.train_rows) == ("cct-2/1", 0.91, 100)
    assert (second.published, second.differs) == (None, None)
    assert first.accuracy.seeds == 2
    assert statements(found) == json.loads((tmp_path / "reproduction.json").read_text())["statements"]
    assert {row["dataset"] for row in found.table()} == {"trec"}
    assert len(found.runs_of(first)) == 2
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for figure in (f"{100 * first.accuracy.mean:.2f}", "91.00", "cct-2/1 on trec", "square: published"):
        assert figure in page
    with pytest.raises(UsageError, match="holds another study"):
        plan_reproduction(["trec"], ["cct-2/2"], seeds=2, out=tmp_path, values=values)
