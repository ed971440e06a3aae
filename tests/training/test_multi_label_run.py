"""A run whose rows have several labels, or none: what it writes, and that its parts say the same."""

import json
import re
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from cct_text.artifacts import CONFIG, METRICS, PREDICTIONS, RunFolder, sha256_of
from cct_text.errors import DataError
from cct_text.model.saved import SavedModel
from cct_text.training.run import train
from tests.support.tagged_questions import TAGS, tagged_config, write_csv

ONE_STEP = {"epochs": 1, "min_epoch_steps": 1, "width": 16, "embedding_dim": 8}


@pytest.fixture(scope="module")
def metrics(tagged_run):
    return json.loads((tagged_run / METRICS).read_text())


def test_it_learns(metrics):
    assert metrics["test"]["micro_f1"] > 0.5
    assert metrics["test"]["per_class"]["what"]["f1"] > 0.8


def test_the_rows_say_what_the_figures_say(tagged_run, metrics):
    rows = pq.read_table(tagged_run / PREDICTIONS).to_pylist()
    assert len(rows) == metrics["test_rows"]
    right = np.mean([set(row["label"]) == set(row["prediction"]) for row in rows])
    assert right == pytest.approx(metrics["test"]["accuracy"])
    found = sum(len(set(row["label"]) & set(row["prediction"])) for row in rows)
    all_ = sum(len(row["label"]) + len(row["prediction"]) for row in rows)
    assert 2 * found / all_ == pytest.approx(metrics["test"]["micro_f1"])
    assert all(row["probability"] == sorted(row["probability"], reverse=True) for row in rows)
    assert max(len(row["prediction"]) for row in rows) > 1
    assert min(len(row["prediction"]) for row in rows) == 0


def test_thresholds_stand_in_the_configuration_which_repeats_the_run(tagged_run, metrics, tmp_path):
    model = SavedModel.load(tagged_run)
    assert model.labels == TAGS
    assert list(model.thresholds) == [one["threshold"] for one in metrics["dev"]["per_class"].values()]
    assert len(set(model.thresholds)) > 1
    repeated = train(model.config, tmp_path / "again")
    assert repeated["test"] == metrics["test"]
    assert sha256_of(tmp_path / "again" / CONFIG) == sha256_of(tagged_run / CONFIG)


@pytest.mark.parametrize(
    ("pattern", "other", "told"),
    [
        (
            r"thresholds = \[.*?\]",
            "thresholds = [0.5, 0.5]",
            "thresholds is not a list of a float between 0 and 1 for each",
        ),
        (r"thresholds = \[.*?\]", "thresholds = [0.5, 0.5, 0.5, 0.5, 1.0]", "thresholds is not a list of a float"),
        (r"thresholds = \[.*?\]", "thresholds = [0.5, 0.5, 0.5, 0.5, 1]", "thresholds is not a list of a float"),
        (r"thresholds = \[.*?\]", "thresholds = 0.5", "thresholds is not a list of a float"),
        (r"thresholds = \[.*?\]", "", "thresholds and multi_label do not go together"),
    ],
)
def test_damaged_thresholds_are_told(tagged_run, tmp_path, monkeypatch, pattern, other, told):
    text = (tagged_run / CONFIG).read_text(encoding="utf-8")
    (tmp_path / CONFIG).write_text(re.sub(pattern, other, text, flags=re.DOTALL), encoding="utf-8")
    # The checksum would tell first.
    monkeypatch.setattr("cct_text.artifacts._document_sha256", lambda document: document["run"]["sha256"][CONFIG])
    with pytest.raises(DataError, match=rf"config\.toml: damaged: \[run\] {told}"):
        RunFolder(tmp_path).read_config()


@pytest.mark.parametrize(
    "options", [{"class_weights": "balanced"}, {"keep": "macro_f1"}, {"keep": "loss", "precision": "bf16"}]
)
def test_options_of_the_training_are_obeyed(tagged_files, tmp_path, options):
    metrics = train(tagged_config(tagged_files, **ONE_STEP, **options), tmp_path / "run")
    assert np.isfinite(metrics["test"]["loss"])


def test_without_dev_the_thresholds_are_one_half(tagged_files, tmp_path):
    config = tagged_config(tagged_files, **ONE_STEP, dev_fraction=0)
    config = replace(config, data=replace(config.data, dev=None))
    assert train(config, tmp_path / "run")["dev"] is None
    model = SavedModel.load(tmp_path / "run")
    assert (model.thresholds, model.temperature) == ((0.5,) * 5, 1.0)


def test_one_label_makes_a_run(tmp_path):
    rows = [(f"good text {number}", ["ok"] if number % 2 else []) for number in range(40)]
    files = {name: write_csv(tmp_path / f"{name}.csv", rows) for name in ("train", "dev", "test")}
    metrics = train(tagged_config(files, **ONE_STEP), tmp_path / "run")
    assert metrics["labels"] == ["ok"]
    assert SavedModel.load(tmp_path / "run").labels == ("ok",)


def test_an_interrupted_run_goes_on_to_the_same_weights(tagged_files, tmp_path, monkeypatch):
    from cct_text.training import run as module
    from cct_text.training.progress import TrainingObserver

    class Interrupt(TrainingObserver):
        def epoch(self, record):
            if record.epoch == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(module, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    config = tagged_config(tagged_files, **{**ONE_STEP, "epochs": 3})
    whole = train(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "parts", observer=Interrupt())
    assert train(config, tmp_path / "parts", resume=True)["test"] == whole["test"]
