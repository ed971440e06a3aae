"""A run that was interrupted goes on as if it had not been, or says why it cannot."""

import pyarrow.parquet as pq
import pytest

from cct_text.artifacts import METRICS, PREDICTIONS, REPORT, STATE, WEIGHTS, RunFolder, sha256_of
from cct_text.errors import DataError, UsageError
from cct_text.training.checkpoint import CHECKPOINT
from cct_text.training.progress import EpochRecord, TrainingObserver
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train
from tests.support.official_files import write_trec


@pytest.fixture(autouse=True)
def _checkpoint_after_each_epoch(monkeypatch):
    monkeypatch.setattr("cct_text.training.run.SECONDS_BETWEEN_CHECKPOINTS", 0.0)


def small(dataset="questions", **options):
    values = {"epochs": 3, "vectors": "glove.6B.50d", "width": 32, "max_words": 16, "vocabulary_extra_words": 0}
    return resolve_config(dataset, values={**values, **options})


class Interrupt(TrainingObserver):
    """Ctrl-C after some epochs."""

    def __init__(self, epochs):
        self.epochs = epochs

    def epoch(self, record: EpochRecord) -> None:
        if record.epoch > self.epochs:
            raise KeyboardInterrupt


def interrupt(config, folder, epochs=1, **options):
    with pytest.raises(KeyboardInterrupt):
        train(config, folder, observer=Interrupt(epochs), **options)
    assert (folder / CHECKPOINT).exists()


@pytest.mark.parametrize(
    "options",
    [
        {"precision": "fp32"},
        {"precision": "bf16"},
        {"precision": "bf16", "ema_decay": 0.9, "gradient_accumulation": 2, "patience": 3},
        {"keep": "last"},
        {"bigram_min_count": 2, "ema_decay": 0.9},
        {"keep": "macro_f1", "patience": 1},
    ],
)
def test_an_interrupted_run_resumes_to_the_weights_of_an_uninterrupted_one(tmp_path, options):
    train(small(**options), tmp_path / "whole")
    interrupt(small(**options), tmp_path / "parts", epochs=2)
    assert not (tmp_path / "parts" / METRICS).exists()
    train(small(**options), tmp_path / "parts", resume=True)
    assert sha256_of(tmp_path / "whole" / WEIGHTS) == sha256_of(tmp_path / "parts" / WEIGHTS)


def test_finer_labels_are_resumed_too(tmp_path):
    write_trec(tmp_path / "data")
    of = {"dataset": "trec", "data_dir": str(tmp_path / "data"), "dev_fraction": 0.2, "fine_labels": True}
    train(small(**of), tmp_path / "whole")
    interrupt(small(**of), tmp_path / "parts")
    train(small(**of), tmp_path / "parts", resume=True)
    assert sha256_of(tmp_path / "whole" / WEIGHTS) == sha256_of(tmp_path / "parts" / WEIGHTS)


def test_resuming_with_other_options_names_them(tmp_path):
    interrupt(small(), tmp_path / "run")
    with pytest.raises(UsageError, match=r"batch_size = 32 \(now 16\)"):
        train(small(batch_size=16), tmp_path / "run", resume=True)


def test_an_interrupted_run_is_not_lost_by_repeating_its_command(tmp_path):
    interrupt(small(), tmp_path / "run")
    with pytest.raises(UsageError, match="--resume goes on with it, --overwrite starts afresh"):
        train(small(), tmp_path / "run")
    assert (tmp_path / "run" / CHECKPOINT).exists()
    assert train(small(seed=1), tmp_path / "run", overwrite=True)["seed"] == 1
    assert not (tmp_path / "run" / STATE).exists()


def test_a_finished_run_is_neither_replaced_nor_repeated_unless_asked_for(tmp_path):
    metrics = train(small(epochs=1), tmp_path / "run")
    with pytest.raises(UsageError, match="--overwrite"):
        train(small(epochs=1), tmp_path / "run")
    assert train(small(epochs=1), tmp_path / "run", resume=True) == metrics
    with pytest.raises(UsageError, match=r"the finished run has other options: seed = 0 \(now 7\)"):
        train(small(epochs=1, seed=7), tmp_path / "run", resume=True)


def test_the_run_that_was_replacing_another_is_the_one_that_goes_on(tmp_path):
    train(small(epochs=1), tmp_path / "run")
    interrupt(small(seed=1), tmp_path / "run", overwrite=True)
    assert (tmp_path / "run" / METRICS).exists()
    assert train(small(seed=1), tmp_path / "run", resume=True)["seed"] == 1


def test_an_interrupted_run_keeps_its_last_whole_epoch_however_short_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr("cct_text.training.run.SECONDS_BETWEEN_CHECKPOINTS", 1e9)
    interrupt(small(), tmp_path / "parts", epochs=1)
    train(small(), tmp_path / "parts", resume=True)
    train(small(), tmp_path / "whole")
    assert sha256_of(tmp_path / "whole" / WEIGHTS) == sha256_of(tmp_path / "parts" / WEIGHTS)


def test_nothing_to_resume_is_told(tmp_path, caplog):
    train(small(epochs=1), tmp_path / "run", resume=True)
    assert "nothing to resume" in caplog.text


def test_files_of_someone_else_are_not_overwritten(tmp_path):
    (tmp_path / "config.toml").write_text("mine = true")
    with pytest.raises(UsageError, match="has a config.toml that is of no finished run"):
        train(small(epochs=1), tmp_path)
    assert (tmp_path / "config.toml").read_text() == "mine = true"


def test_a_run_that_replaces_another_leaves_nothing_of_it(tmp_path):
    train(small(epochs=1), tmp_path / "run")
    (tmp_path / "run" / REPORT).write_text("of the first")
    (tmp_path / "own.csv").write_text("text,label\n" + "good thing,a\nbad thing,b\n" * 20)
    train(small(str(tmp_path / "own.csv"), epochs=1), tmp_path / "run", overwrite=True)
    assert not (tmp_path / "run" / REPORT).exists()
    rows = pq.read_table(tmp_path / "run" / PREDICTIONS)["text"].to_pylist()
    assert set(rows) == {"good thing", "bad thing"}


def test_an_interrupted_run_folder_says_so_where_a_model_is_wanted(tmp_path):
    interrupt(small(), tmp_path / "run")
    with pytest.raises(DataError, match="the run was interrupted; repeat its command with --resume"):
        RunFolder(tmp_path / "run").read_model()


def test_data_that_changed_since_are_not_gone_on_with(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("text,label\n" + "good thing,a\nbad thing,b\n" * 20)
    interrupt(small(str(path)), tmp_path / "run")
    path.write_text("text,label\n" + "good thing,b\nbad thing,a\n" * 20)
    with pytest.raises(DataError, match=r"own\.csv: not the data that the interrupted run saw"):
        train(small(str(path)), tmp_path / "run", resume=True)
