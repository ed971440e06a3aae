"""Runs in processes of their own."""

import multiprocessing
import threading
import time

import pytest

from cct_text.artifacts import RunFolder
from cct_text.config import Config
from cct_text.figures import read_figures
from cct_text.studies.workers import Job, train_all, workers_for
from cct_text.training.checkpoint import has_checkpoint
from tests.support.same_again import differences

OPTIONS = {"dataset": "questions", "embeddings": "learned", "embedding_dim": 16, "width": 16, "epochs": 1}


@pytest.fixture
def job(tmp_path):
    def build(name, **options):
        return Job(Config().with_values({**OPTIONS, **options}), tmp_path / name)

    return build


def test_each_run_is_made_and_one_that_fails_does_not_stop_the_others(job):
    jobs = [job("a"), job("b", seed=1), job("c", dataset="no-such-set"), job("d")]
    outcomes = {outcome.job.out.name: outcome for outcome in train_all(jobs, workers=2)}
    assert sorted(outcomes) == ["a", "b", "c", "d"]
    assert outcomes["c"].metrics is None
    assert "no-such-set" in outcomes["c"].error
    for name in "abd":
        assert outcomes[name].error is None
        assert outcomes[name].metrics == read_figures(RunFolder(jobs[0].out.parent / name))
        assert outcomes[name].metrics["threads"] == 1
    assert outcomes["a"].metrics["dev"] == outcomes["d"].metrics["dev"] != outcomes["b"].metrics["dev"]


def test_the_same_jobs_give_the_same_runs_whatever_the_number_of_workers(tmp_path):
    small = {name: value for name, value in OPTIONS.items() if name != "dataset"}
    kinds = {"learned": small, "averaged": {**small, "ema_decay": 0.9, "class_weights": "balanced"}}
    assert differences(tmp_path, kinds, workers=(1, 2), seeds=2) == (8, [])


def kill_first_worker():
    while not (workers := multiprocessing.active_children()):
        time.sleep(0.01)
    workers[0].kill()


def test_the_run_of_a_worker_that_is_killed_is_told_and_the_others_go_on(job):
    killer = threading.Thread(target=kill_first_worker)
    killer.start()
    killed, other = train_all([job("a"), job("b")], workers=1)
    killer.join()
    assert killed.metrics is None
    assert "a worker was killed" in killed.error
    assert other.error is None
    assert all(outcome.error is None for outcome in train_all([job("a"), job("b")], workers=1))


def test_who_asks_for_no_more_stops_the_runs_that_have_begun_and_they_keep_their_state(job, tmp_path):
    jobs = [job("long", epochs=10_000), *map(job, "abcd")]
    outcomes = train_all(jobs, workers=2)
    assert [next(outcomes).job.out.name for _ in "abc"] == ["a", "b", "c"]
    outcomes.close()
    assert not multiprocessing.active_children()
    assert has_checkpoint(RunFolder(tmp_path / "long"))


def test_finished_runs_are_not_made_again(job):
    (first,) = train_all([job("a")], workers=1)
    written = (first.job.out / "model.safetensors").stat().st_mtime_ns
    (again,) = train_all([job("a")], workers=1)
    assert again.metrics == first.metrics
    assert (first.job.out / "model.safetensors").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("jobs", "cores", "workers"),
    [(1, 2, 1), (2, 2, 2), (3, 2, 3), (4, 2, 2), (5, 2, 3), (5, 1, 1), (5, 8, 5), (6, 4, 6)],
)
def test_so_many_workers_share_the_cores_that_none_is_idle_at_the_end(jobs, cores, workers):
    assert workers_for(jobs, cores) == workers


def test_no_jobs_need_no_workers():
    assert list(train_all([], workers=2)) == []
