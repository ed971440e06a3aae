"""Two processes, started by torchrun on this machine, train one network."""

import os
import signal

import numpy as np
import psutil
import pytest
from safetensors.numpy import load_file

from cct_text.artifacts import STATE, WEIGHTS, RunFolder, sha256_of
from cct_text.errors import UsageError
from cct_text.figures import read_figures
from cct_text.training.checkpoint import CHECKPOINT, load_checkpoint
from cct_text.training.run import train
from tests.support import train_together
from tests.support.started_together import finish, start


def test_they_learn_what_one_process_learns(tmp_path):
    finish(start(tmp_path / "two"))
    metrics = train(train_together.config(3, 0.0), tmp_path / "one")
    assert read_figures(RunFolder(tmp_path / "two"))["processes"] == 2
    assert metrics["processes"] == 1
    one, two = load_file(tmp_path / "one" / WEIGHTS), load_file(tmp_path / "two" / WEIGHTS)
    assert one.keys() == two.keys()
    del one["pooling.score.bias"]  # it adds the same to all scores: its gradient is nothing but rounding
    for name, weight in one.items():
        np.testing.assert_allclose(two[name], weight, atol=1e-4, err_msg=name)  # sums in another order
    assert metrics["dev"]["loss"] == pytest.approx(read_figures(RunFolder(tmp_path / "two"))["dev"]["loss"], abs=1e-4)


def test_when_one_is_killed_or_all_are_interrupted_the_run_goes_on_to_the_weights_of_an_undisturbed_one(tmp_path):
    options = {"epochs": 4, "dropout": 0.2}
    config = train_together.config(4, 0.2)
    finish(start(tmp_path / "whole", **options))

    torn = start(tmp_path / "torn", **options, flags=["--keep"])
    assert torn.stdout.readline() == "kept 1\n"
    workers = psutil.Process(torn.pid).children()
    assert len(workers) == 2
    workers[1].send_signal(signal.SIGKILL)
    torn.communicate(timeout=120)
    assert torn.returncode != 0
    assert (tmp_path / "torn" / CHECKPOINT).exists()
    with pytest.raises(UsageError, match="trained by 2 processes, now there are 1"):
        train(config, tmp_path / "torn", resume=True)

    stopped = start(tmp_path / "torn", **options, flags=["--resume"])
    assert stopped.stdout.readline().startswith("kept")
    before = load_checkpoint(RunFolder(tmp_path / "torn"), config)
    os.killpg(stopped.pid, signal.SIGINT)
    stopped.communicate(timeout=120)
    assert stopped.returncode != 0
    after = load_checkpoint(RunFolder(tmp_path / "torn"), config)
    assert len(after["history"]) > len(before["history"])

    finish(start(tmp_path / "torn", **options, flags=["--resume"]))
    assert sha256_of(tmp_path / "torn" / WEIGHTS) == sha256_of(tmp_path / "whole" / WEIGHTS)
    assert not (tmp_path / "torn" / STATE).exists()
