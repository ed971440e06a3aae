"""Figures reach the trackers' own stores, and are read back with the trackers' own readers."""

import pytest
from mlflow import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from cct_text.artifacts import RunFolder
from cct_text.errors import UsageError
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train


def small():
    values = {"epochs": 2, "width": 32, "max_words": 16, "vocabulary_extra_words": 0, "min_epoch_steps": 1}
    return resolve_config("questions", values=values)


@pytest.fixture(scope="module")
def tracked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        metrics = train(small(), folder / "run", track=["tensorboard", "mlflow"])
    return folder, metrics


def test_tensorboard_reads_the_figures_of_each_epoch_and_of_the_test_split(tracked):
    folder, metrics = tracked
    (events,) = (folder / "run" / "tracking" / "cct-text").glob("events.out.tfevents.*")
    read = EventAccumulator(str(events.parent)).Reload()
    accuracies = [(event.step, event.value) for event in read.Scalars("dev/accuracy")]
    history = RunFolder(folder / "run").read_history()
    assert accuracies == [(record["epoch"], pytest.approx(record["dev_accuracy"])) for record in history]
    (test,) = read.Scalars("test/accuracy")
    assert (test.step, test.value) == (2, pytest.approx(metrics["test"]["accuracy"]))


def test_mlflow_reads_the_options_and_the_figures(tracked):
    folder, metrics = tracked
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    (experiment,) = (found for found in client.search_experiments() if found.name == "cct-text")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["model.width"] == "32"
    assert run.data.metrics["test/accuracy"] == pytest.approx(metrics["test"]["accuracy"])
    assert len(client.get_metric_history(run.info.run_id, "train/loss")) == 2


def test_a_tracker_that_is_none_is_named_before_anything_is_done(tmp_path):
    with pytest.raises(UsageError, match="unknown tracker 'tensorbord'; did you mean tensorboard"):
        train(small(), tmp_path / "run", track=["tensorbord"])
    assert not (tmp_path / "run").exists()
