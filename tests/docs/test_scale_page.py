"""What docs/scale.md shows works as shown, on a cluster of two nodes that its own commands start."""

import csv
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from benchmarks import distributed
from cct_text.datasets import load_dataset

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
COMMANDS = [line.strip() for line in re.findall(r"^    .*", PAGE, re.MULTILINE)]
ON_THIS_MACHINE = "--num-cpus 1 --min-worker-port 0 --max-worker-port 0 --block"
"""Two nodes on one machine may not share ports; and they end when the test does."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Of a shell, as the page supposes it, with a home and a token of its own."""
    home = tmp_path_factory.mktemp("home")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    own |= {"PATH": path, "HOME": str(home), "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    own |= {"RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0"}  # nobody's work has to end first
    (generate,) = (line for line in COMMANDS if line.startswith("ray get-auth-token"))
    (export,) = (line for line in COMMANDS if line.startswith("export"))
    told = subprocess.run(
        ["bash", "-ec", f"{generate}\n{export}\nenv"], env=own, cwd=home, stdout=subprocess.PIPE, text=True
    )
    token = [line.partition("=")[::2] for line in told.stdout.splitlines() if line.startswith("RAY_AUTH")]
    assert len(token) == 2
    return own | dict(token)


@pytest.fixture(scope="module")
def on_cluster(environment):
    """Commands of the page with the address of a cluster in the place of HOST:6379, which two of them have started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    starts = [line for line in COMMANDS if line.startswith("ray start")]
    assert len(starts) == 2
    nodes = []
    try:
        for line in starts:
            command = f"{line} {ON_THIS_MACHINE}".replace("HOST", "127.0.0.1").replace("6379", port)
            nodes.append(subprocess.Popen(shlex.split(command), env=environment, stdout=subprocess.DEVNULL))
            wait_for(int(port))
        yield lambda line: line.replace("HOST:6379", f"127.0.0.1:{port}")
    finally:
        for node in reversed(nodes):  # a node that has lost its head waits for it
            node.terminate()
            node.wait()


def wait_for(port):
    for _ in range(300):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("Ray does not listen")


@pytest.fixture
def folder(own_run, tmp_path, monkeypatch):
    """A folder as the page supposes it."""
    texts = load_dataset("questions").test.texts.to_pylist()
    shutil.copytree(own_run, tmp_path / "runs" / "reviews")
    (tmp_path / "reviews").mkdir()
    for month in ("01", "02"):
        with (tmp_path / "reviews" / f"2026-{month}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("id", "text"), *enumerate(texts)])
    pq.write_table(pa.table({"text": texts * 2}), tmp_path / "more.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command, environment):
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_commands_and_the_python_work_one_after_the_other(on_cluster, environment, folder):
    predicts = [line for line in COMMANDS if "cct-text predict" in line]
    for line in predicts:
        command = on_cluster(line if "RAY_ADDRESS" in line else f"RAY_ADDRESS=HOST:6379 {line}")
        assert run(["bash", "-c", command], environment) == (0, "", ""), command
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    address = {"RAY_ADDRESS": on_cluster("HOST:6379")}
    assert run([sys.executable, "-c", code], environment | address) == (0, "240 2\n", "")
    expected = {"labels": 240, "labels-2026": 480, "labels-of-all": 240, "labels-again": 240}
    assert len(predicts) == 4
    for name, rows in expected.items():
        assert ds.dataset(folder / name).count_rows() == rows
        assert json.loads((folder / name / "_manifest.json").read_text())["rows"] == rows
    assert len(list((folder / "labels").glob("part-00000[01]-000000.parquet"))) == 2


def test_the_figures_are_those_of_the_result_file():
    assert distributed.page(PAGE, distributed.load()) == PAGE
