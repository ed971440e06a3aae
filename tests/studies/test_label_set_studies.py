"""Studies of rows with several labels: on exact matches, beside those baselines that can give several."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from cct_text.artifacts import BESIDE, PREDICTIONS
from cct_text.errors import UsageError
from cct_text.report.run_report import write_run_report
from cct_text.studies.baselines import BASELINES
from cct_text.studies.baselines.run import train_baseline
from cct_text.studies.beside import train_beside
from cct_text.studies.pooling import plan_poolings
from tests.support.tagged_questions import tagged_config


@pytest.fixture(scope="module")
def config(tagged_files):
    return tagged_config(tagged_files, epochs=2, min_epoch_steps=1)


@pytest.mark.parametrize("name", ["tfidf-lr", "glove-mean-lr", "kim-cnn-static"])
def test_baselines_that_can_learn_several_labels(config, tmp_path, name):
    config = config.with_values({"vectors": "glove.6B.50d"})
    metrics = train_baseline(name, config, tmp_path / "run")
    rows = pq.read_table(tmp_path / "run" / PREDICTIONS).to_pylist()
    right = np.mean([set(row["label"]) == set(row["prediction"]) for row in rows])
    assert right == pytest.approx(metrics["test"]["accuracy"])
    assert metrics["test"]["micro_f1"] > (0.6 if name == "tfidf-lr" else 0.2)


def test_one_that_cannot_is_refused_and_those_that_can_are_named(config, tmp_path):
    for name in ("majority", "nb-svm", "fasttext"):
        with pytest.raises(
            UsageError, match=f"baseline {name} gives a text one label.*: tfidf-lr, glove-mean-lr, kim-cnn"
        ):
            train_baseline(name, config, tmp_path / name)
        assert not BASELINES[name].multi_label


def test_compare_counts_exact_matches(cct_text, tagged_files, tmp_path):
    told = cct_text(
        *(
            "compare",
            tagged_files["train"],
            "--set",
            "multi_label=true",
            "--vary",
            "pooling=seqpool,mean",
            "--seeds",
            1,
        ),
        *("--set", f"dev={tagged_files['dev']}", "--set", f"test={tagged_files['test']}", "--baseline", "tfidf-lr"),
        *("--set", "embeddings=learned", "--set", "width=16", "--set", "embedding_dim=16", "--set", "epochs=1"),
        *("--set", "min_epoch_steps=1", "--jobs", 1, "--out", tmp_path / "study", "--json"),
    )
    assert told.code == 0, told.err
    found = json.loads(told.out)
    assert found["test_rows"] == 120
    for run in found["runs"]:
        assert 0 <= run["test_accuracy"] <= 1
    refused = cct_text(
        "compare",
        tagged_files["train"],
        "--set",
        "multi_label=true",
        "--vary",
        "pooling=seqpool,mean",
        "--baseline",
        "nb-svm",
        "--out",
        tmp_path / "other",
    )
    assert (refused.code, "nb-svm gives a text one label" in refused.err) == (2, True)


def test_a_report_sets_baselines_beside_the_run(tagged_run, tmp_path):
    run = shutil.copytree(tagged_run, tmp_path / "run")
    with pytest.raises(UsageError, match="majority gives a text one label"):
        train_beside(run, ["tfidf-lr", "majority"])
    assert not (run / BESIDE).exists()
    train_beside(run, ["tfidf-lr"])
    assert "tfidf-lr" in write_run_report(run).read_text(encoding="utf-8")


def test_the_study_of_poolings_is_of_one_label(tagged_files, tmp_path):
    with pytest.raises(UsageError, match="multi_label: no option of this study"):
        plan_poolings(str(tagged_files["train"]), seeds=1, out=tmp_path, values={"multi_label": True})
