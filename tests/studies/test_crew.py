"""Workers and what they do."""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cct_text.studies.crew import SECONDS_TO_STOP, in_workers


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


def tell_and_sleep(folder):
    (folder / str(os.getpid())).touch()
    try:
        while True:
            time.sleep(0.1)
    finally:
        (folder / f"{os.getpid()}.kept").touch()


def tell_and_hear_nothing(folder):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell_and_sleep(folder)


PARENT = """
from pathlib import Path
from cct_text.studies import crew
from tests.studies import test_crew
if __name__ == "__main__":
    folder = Path({folder!r})
    list(crew.in_workers(test_crew.{job}, [folder, folder], workers=2, lost=str))
"""


def pids(folder):
    return [int(file.name) for file in folder.iterdir() if not file.suffix]


def runs(pid):
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    assert true()


@pytest.mark.parametrize(
    ("job", "end", "seconds"),
    [
        ("tell_and_sleep", subprocess.Popen.kill, 5),
        ("tell_and_sleep", lambda parent: os.killpg(parent.pid, signal.SIGHUP), 5),  # as a terminal that is closed
        ("tell_and_hear_nothing", subprocess.Popen.kill, SECONDS_TO_STOP + 5),
    ],
)
def test_workers_keep_their_state_and_end_when_their_parent_is_killed(job, end, seconds, tmp_path):
    folder, script = tmp_path / "pids", tmp_path / "parent.py"
    folder.mkdir()
    script.write_text(PARENT.format(folder=str(folder), job=job))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = subprocess.Popen([sys.executable, str(script)], env=environment, start_new_session=True)
    try:
        until(lambda: len(pids(folder)) == 2)
    finally:
        end(parent)
        parent.wait()
    until(lambda: not any(map(runs, pids(folder))), seconds)
    assert len(list(folder.glob("*.kept"))) == (2 if job == "tell_and_sleep" else 0)


def resident():
    """Megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def allocate_and_free(job):
    before = resident()
    pieces = [bytearray(4000) for _ in range(50_000)]
    kept = pieces[-1]  # the heap's end stays in use: only a trim returns what lies below
    del pieces
    KEPT.append(kept)
    return before


KEPT: list[bytearray] = []


def test_a_worker_gives_back_what_a_job_allocated_and_freed():
    first, *others = in_workers(allocate_and_free, range(4), workers=1, lost=float)
    assert max(others) - first < 60  # of 200 each
