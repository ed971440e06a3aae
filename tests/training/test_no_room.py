"""A disk that is full, a folder that takes nothing, data that are gone: one clear line, and the last good state is there."""

import os
import resource
import subprocess
import sys

import pytest

from cct_text.artifacts import WEIGHTS, RunFolder, sha256_of
from cct_text.errors import DataError, UsageError
from cct_text.inference.classifier import TextClassifier
from cct_text.training import run
from cct_text.training.checkpoint import CHECKPOINT
from cct_text.training.progress import TrainingObserver
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train

CONFIG = resolve_config("questions", values={"epochs": 3, "embeddings": "learned", "embedding_dim": 8, "width": 16})


@pytest.fixture(autouse=True)
def _checkpoint_after_each_step(monkeypatch):
    monkeypatch.setattr(run, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)


class FullAfter(TrainingObserver):
    """No file may grow beyond so many bytes once an epoch is done."""

    def __init__(self, size):
        self.size = size

    def epoch(self, record):
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


@pytest.fixture
def unlimited():
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    train(CONFIG, folder)
    return folder


def test_a_disk_that_is_full_at_a_checkpoint_ends_the_run_and_leaves_the_one_before(tmp_path, whole, unlimited):
    with pytest.raises(UsageError, match=r"checkpoint\.pt: cannot write: File too large$"):
        train(CONFIG, tmp_path, observer=FullAfter(20_000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["checkpoint.pt"]
    train(CONFIG, tmp_path, resume=True)
    assert sha256_of(tmp_path / WEIGHTS) == sha256_of(whole / WEIGHTS)


def test_a_disk_that_is_full_at_the_end_leaves_the_older_run_and_a_state_to_go_on_with(
    tmp_path, whole, unlimited, monkeypatch
):
    older = CONFIG.with_values({"epochs": 1})
    train(older, tmp_path)
    before = TextClassifier.load(tmp_path, precision="fp32").predict_proba(["Who ?"])
    write_model = RunFolder.write_model

    def on_a_full_disk(folder, files):
        FullAfter(20_000).epoch(None)
        write_model(folder, files)

    monkeypatch.setattr(RunFolder, "write_model", on_a_full_disk)
    with pytest.raises(UsageError, match=r"cannot write: File too large$"):
        train(CONFIG, tmp_path, overwrite=True)
    monkeypatch.setattr(RunFolder, "write_model", write_model)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    assert (TextClassifier.load(tmp_path, precision="fp32").predict_proba(["Who ?"]) == before).all()
    train(CONFIG, tmp_path, resume=True)
    assert sha256_of(tmp_path / WEIGHTS) == sha256_of(whole / WEIGHTS)
    assert not (tmp_path / CHECKPOINT).exists()


def test_data_that_are_gone_are_named_and_a_run_goes_on_when_they_are_back(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("text,label\n" + "good thing,a\nbad thing,b\n" * 20)
    config = resolve_config(str(path), values={"epochs": 3, "embeddings": "learned", "width": 16, "embedding_dim": 8})

    class Gone(TrainingObserver):
        def epoch(self, record):
            path.rename(tmp_path / "elsewhere.csv")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "run", observer=Gone())
    with pytest.raises(DataError, match=r"own\.csv"):
        train(config, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / CHECKPOINT).exists()
    (tmp_path / "elsewhere.csv").rename(path)
    assert train(config, tmp_path / "run", resume=True)["epochs"] == 3


def test_a_folder_that_takes_nothing_is_told_in_one_line():
    # Nobody can make files there, the superuser included.
    command = [sys.executable, "-m", "cct_text_cli", "train", "questions", "--out", "/proc/self/run"]
    done = subprocess.run(
        command, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("cct-text: /proc/self/run: cannot write")
    assert len(done.stderr.splitlines()) == 1
