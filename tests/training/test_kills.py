"""Real kills of real trainings, at random moments; `python -m benchmarks.soak` does the same for longer."""

from random import Random

from cct_text.artifacts import STATE, WEIGHTS, sha256_of
from tests.support.killed_trainings import SMALL, at_random, killed, train_whole, while_writing


def test_a_run_that_is_killed_again_and_again_ends_with_the_weights_of_an_undisturbed_one(tmp_path):
    whole, torn, random = tmp_path / "whole", tmp_path / "torn", Random(0)
    seconds = train_whole(whole, SMALL)
    kills = [while_writing, *(at_random(random, seconds) for _ in range(3)), while_writing]
    assert sum(killed(torn, SMALL, now) for now in kills) >= 2
    assert not killed(torn, SMALL, lambda _: False)
    assert sha256_of(torn / WEIGHTS) == sha256_of(whole / WEIGHTS)
    assert not (torn / STATE).exists()
