import json
import os
import signal
import subprocess
import sys
import time

import pytest

from cct_text.artifacts import RunFolder
from cct_text.figures import read_figures

FAST = ("--epochs", "2", "--set", "width=32", "--vectors", "glove.6B.50d")


@pytest.fixture(scope="module")
def csv_file(tmp_path_factory):
    """A file of one's own: the embedded train split under other column names."""
    import csv
    from importlib.resources import files

    source = files("cct_text_data") / "questions" / "train.csv"
    rows = list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))
    path = tmp_path_factory.mktemp("own") / "mine.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "kind", "question_text"])
        writer.writerows([number, row["label"], row["text"]] for number, row in enumerate(rows))
    return path


def test_train_ends_with_a_table_and_what_to_do_next(cct_text, tmp_path):
    outcome = cct_text("train", "questions", *FAST, "--out", tmp_path / "run")
    assert outcome.code == 0, outcome.err
    assert "accuracy" in outcome.out
    assert f"cct-text predict {tmp_path / 'run'} FILE" in outcome.out
    assert "epoch 2/2" in outcome.err


def test_json_prints_one_object_and_nothing_else(cct_text, tmp_path):
    outcome = cct_text("train", "questions", *FAST, "--out", tmp_path / "run", "--json")
    metrics = json.loads(outcome.out)
    assert metrics == read_figures(RunFolder(tmp_path / "run"))


def test_a_file_of_ones_own_trains_without_a_test_split(cct_text, tmp_path, csv_file):
    columns = ("--text-column", "question_text", "--label-column", "kind")
    outcome = cct_text("train", csv_file, *columns, *FAST, "--out", tmp_path / "run", "--json")
    assert outcome.code == 0, outcome.err
    metrics = json.loads(outcome.out)
    assert metrics["test"] is None
    assert metrics["train_rows"] + metrics["dev_rows"] == 420
    predicted = cct_text("predict", tmp_path / "run", csv_file, "--text-column", "question_text")
    assert predicted.code == 0, predicted.err


def test_a_missing_column_lists_the_columns_that_are_there(cct_text, tmp_path, csv_file):
    outcome = cct_text("train", csv_file, "--text-column", "texts", "--out", tmp_path / "run")
    assert outcome.code == 3
    for column in ("texts", "id", "kind", "question_text"):
        assert column in outcome.err


def test_a_configuration_may_name_the_data_set(cct_text, tmp_path):
    first = cct_text("train", "questions", "--epochs", "1", "--out", tmp_path / "first", "--json")
    again = cct_text("train", "--config", tmp_path / "first" / "config.toml", "--out", tmp_path / "again", "--json")
    assert json.loads(again.out)["test"] == json.loads(first.out)["test"]


def test_going_on_tells_after_which_epoch_and_the_best_so_far(capfd):
    from cct_text.training.progress import EpochRecord
    from cct_text_cli.training_display import TrainingDisplay

    record = EpochRecord(1, 1.0, 0.1, 0.75, 0.7, 0.5, True, 1.0)
    with TrainingDisplay() as display:
        display.started(3, 10, [record])
        display.epoch(EpochRecord(2, 0.9, 0.1, 0.5, 0.5, 0.6, False, 1.0))
    shown = capfd.readouterr().err
    assert "going on after epoch 1" in shown
    assert "dev 50.00% (kept: 75.00%, epoch 1)" in shown


def test_ctrl_c_while_the_report_is_written_says_that_the_run_is_finished(cct_text, tmp_path, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("cct_text.report.run_report.write_run_report", interrupted)
    outcome = cct_text("train", "questions", "--epochs", 1, "--out", tmp_path / "run")
    assert outcome.code == 130
    assert outcome.err.splitlines()[-1].startswith("cct-text: interrupted; the run is finished; `cct-text report ")
    assert (tmp_path / "run" / "metrics.json").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_ctrl_c_and_a_cluster_s_sigterm_keep_the_state_and_say_how_to_go_on(tmp_path, number, code):
    process = subprocess.Popen(
        [sys.executable, "-m", "cct_text_cli", "train", "questions", "--epochs", "5000", "--out", tmp_path / "run"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stderr is not None
    assert any("epoch 1/5000" in line for line in iter(process.stderr.readline, ""))
    time.sleep(0.2)
    process.send_signal(number)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == code
    assert "--resume" in rest
    assert (tmp_path / "run" / "state" / "checkpoint.pt").exists()
    assert "Traceback" not in rest
    assert not (tmp_path / "run" / "metrics.json").exists()
