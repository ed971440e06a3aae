"""Workers and what they do."""

import math
import os
import signal

from cct_text.studies.crew import in_workers


def test_a_job_may_depend_on_the_results_so_far():
    results = [256.0]

    def jobs():
        while len(results) < 4:
            yield results[-1]

    for result in in_workers(math.sqrt, jobs(), workers=1, lost=abs):
        results.append(result)  # noqa: PERF402 - the jobs read it meanwhile
    assert results == [256.0, 16.0, 4.0, 2.0]


def test_a_job_may_follow_from_a_result_where_there_was_none_before():
    results, left = [], [256.0]

    def jobs():
        yield from (16.0, 81.0)
        while True:
            yield left.pop() if left and 9.0 in results else None

    for result in in_workers(math.sqrt, jobs(), workers=2, lost=abs):
        results.append(result)  # noqa: PERF402 - the jobs read it meanwhile
    assert sorted(results) == [4.0, 9.0, 16.0]


def kill_oneself(job):
    if job == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return job


def test_a_worker_that_is_killed_is_replaced_and_its_job_told():
    jobs = ["a", "killed", "b", "killed"]
    results = list(in_workers(kill_oneself, jobs, workers=1, lost=lambda job: f"{job}!"))
    assert results == ["a", "killed!", "b", "killed!"]


def test_no_more_workers_are_started_than_there_are_jobs():
    assert list(in_workers(os.path.basename, ["/a"], workers=8, lost=str)) == ["a"]
    assert list(in_workers(os.path.basename, [], workers=8, lost=str)) == []
