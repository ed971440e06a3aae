"""Real kills of real trainings, at random moments; `python -m benchmarks.soak` does the same for longer."""

import os
import signal
import time
from contextlib import suppress
from random import Random

import pytest

from cct_text.artifacts import STATE, WEIGHTS, RunFolder, sha256_of
from cct_text.training.checkpoint import load_checkpoint
from cct_text.training.interruption import ONE_PRESS, interrupt_noted
from cct_text.training.recipes import resolve_config
from tests.support.killed_trainings import SMALL, after, killed, train_whole, training, while_writing, within_an_epoch


def test_a_run_that_is_killed_again_and_again_ends_with_the_weights_of_an_undisturbed_one(tmp_path):
    whole, torn, random = tmp_path / "whole", tmp_path / "torn", Random(0)
    seconds = train_whole(whole, SMALL)
    moments = (while_writing, within_an_epoch(random), while_writing, within_an_epoch(random))
    assert [killed(torn, SMALL, now) for now in moments] == [True] * 4
    killed(torn, SMALL, after(random.uniform(0.0, seconds)))
    assert not killed(torn, SMALL, lambda _: False)
    assert sha256_of(torn / WEIGHTS) == sha256_of(whole / WEIGHTS)
    assert not (torn / STATE).exists()


def test_ctrl_c_within_an_epoch_loses_no_step(tmp_path):
    with training(tmp_path, SMALL, seconds=1e9) as stopped:
        while stopped.steps < 30:
            time.sleep(0.001)
        os.kill(stopped.process.pid, signal.SIGINT)
        assert stopped.end() == 130
    kept = load_checkpoint(RunFolder(tmp_path), resolve_config("questions", values=SMALL))
    assert 30 <= kept["steps"] == stopped.steps < 100
    with training(tmp_path, SMALL, seconds=1e9, resume=True) as resumed:
        assert resumed.end() == 0
    assert resumed.steps == SMALL["epochs"] * 112


def test_a_second_ctrl_c_stops_at_once():
    before = signal.getsignal(signal.SIGINT)
    with interrupt_noted() as noted:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # torchrun sends it again
        assert noted()
        time.sleep(ONE_PRESS + 0.1)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_sigterm_is_noted_too_and_whoever_handled_it_before_hears_of_it_afterwards():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        with suppress(KeyboardInterrupt), interrupt_noted() as noted:
            os.kill(os.getpid(), signal.SIGTERM)
            assert noted()
            assert not heard
            raise KeyboardInterrupt  # as `Trainer.fit` does
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
