"""A learning curve from one end to the other, on the embedded data set."""

import json

import pytest

from cct_text.datasets import load_dataset
from cct_text.errors import UsageError
from cct_text.studies import learning_curve
from cct_text.studies.curve import curve, plan_curve
from cct_text.studies.grid import grid
from tests.support.official_files import write_trees

SMALL = {"embeddings": "learned", "embedding_dim": 16, "width": 16, "epochs": 1}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    out = tmp_path_factory.mktemp("curve")
    study, planned = plan_curve(
        "questions", [], rows="50,all", seeds=2, out=out, beside=["tfidf-lr"], values={**SMALL, "model": "cct-2/1"}
    )
    return out, study, curve(study, planned, workers=2)


def test_the_model_and_the_baseline_have_a_point_for_each_number_of_rows(found):
    out, study, result = found
    rows = len(load_dataset("questions").train)
    assert [(line.name, [point.rows for point in line.points]) for line in result.lines] == [
        ("cct-2/1", [50, rows]),
        ("tfidf-lr", [50, rows]),
    ]
    # With all rows nothing is drawn, and n-grams do not depend on the seed.
    assert len(study.jobs()) == 4 + 2 + 1
    of_rows = {row["train_rows"] for row in result.table() if row["rows"] == 50}
    assert of_rows == {50}
    assert json.loads((out / "curve.json").read_text()) == json.loads(json.dumps(result.to_dict()))
    assert {"curve.svg", "curve.png", "runs.csv", "runs.parquet"} <= {path.name for path in out.iterdir()}


def test_lines_can_be_options(tmp_path):
    study, planned = plan_curve(
        "questions", grid(["pooling=mean,max"]), rows="all", seeds=1, out=tmp_path, values=SMALL
    )
    assert [cell.learner.name for cell in planned] == ["mean", "max"]
    assert [condition.folder for condition in study.conditions] == ["pooling=mean", "pooling=max"]


def test_the_option_model_by_its_full_name_is_the_line(tmp_path):
    _, planned = plan_curve("questions", [], rows="all", seeds=1, out=tmp_path, values={"model.model": "cct-4/1"})
    assert [cell.learner.name for cell in planned] == ["cct-4/1"]


def test_fewer_rows_than_classes_are_refused_and_no_usual_number(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="--rows 1,all: 1 row cannot have all 6 classes; give 6 or more"):
        plan_curve("questions", [], rows="1,all", seeds=1, out=tmp_path)
    _, planned = plan_curve("questions", [], rows="6", seeds=1, out=tmp_path)
    assert [cell.rows for cell in planned] == [6]
    monkeypatch.setattr(learning_curve, "SIZES", (3, 100))
    _, planned = plan_curve("questions", [], rows=None, seeds=1, out=tmp_path)
    assert [cell.rows for cell in planned] == [100, 420]


def test_rows_of_no_class_are_not_learned_beside_those_that_are_counted(tmp_path):
    trees = [f"({n % 5} (2 w{n}) (2 x{n}))" for n in range(60)]
    write_trees(tmp_path / "data", dict.fromkeys(("train", "dev", "test"), trees))
    values = {**SMALL, "data_dir": str(tmp_path / "data"), "phrases": False}
    study, _ = plan_curve("sst2", [], rows="all", seeds=1, out=tmp_path / "two", values=values)
    assert [config.data.fine_labels for config in study.configs] == [False]
    study, _ = plan_curve("sst3", [], rows="all", seeds=1, out=tmp_path / "three", values=values)
    assert [config.data.fine_labels for config in study.configs] == [True]
    with pytest.raises(UsageError, match="fine_labels = true: rows of no class would be learned"):
        plan_curve("sst2", [], rows="all", seeds=1, out=tmp_path / "asked", values={**values, "fine_labels": True})


def test_mistakes_are_told(tmp_path):
    with pytest.raises(UsageError, match="--rows 10,9999"):
        plan_curve("questions", [], rows="10,9999", seeds=1, out=tmp_path)
    with pytest.raises(UsageError, match="train_rows = 10: the study sets it"):
        plan_curve("questions", [], rows=None, seeds=1, out=tmp_path, values={"train_rows": 10})
    with pytest.raises(UsageError, match="--vary train_rows: the study sets it; give --rows instead"):
        plan_curve("questions", grid(["train_rows=10,20"]), rows=None, seeds=1, out=tmp_path)
