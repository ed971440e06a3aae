"""The hub over HTTP, in processes of their own: the libraries read $HF_ENDPOINT when they are imported."""

import io
import json
import logging
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cct_text.datasets.registry import ENTRIES
from cct_text.download import RemoteFile
from cct_text.errors import ResourceError
from cct_text.hub import access
from tests.support.http_server import address_without_server, http_server
from tests.support.hub_server import hub_server
from tests.support.official_files import NEWS, write_news, write_trec
from tests.support.user_files import as_parquet

ROWS = [("x", "one"), ("y", "two"), ("x", "three"), ("y", "four")]

NEWS_CARD = b"""---
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names: {'0': World, '1': Sports, '2': Business, '3': Sci/Tech}
---
"""


@pytest.fixture
def server():
    with hub_server() as running:
        running.repositories["org/name"] = {
            "data/train-00000-of-00001.parquet": as_parquet(ROWS),
            "data/test-00000-of-00001.parquet": as_parquet(ROWS[:1]),
        }
        yield running


@pytest.fixture
def describe(tmp_path):
    """`cct-text datasets NAME --json` in a new process, with the hub at an address: the finished process."""

    def run(name, endpoint, **environment):
        known = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        return subprocess.run(
            [sys.executable, "-m", "cct_text_cli", "datasets", name, "--json"],
            env={**known, "HF_HOME": str(tmp_path / "huggingface"), "HF_ENDPOINT": endpoint, **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_a_data_set_is_read_from_the_endpoint_that_is_set_and_from_the_cache_when_it_is_gone(describe, server):
    first = describe("hf:org/name", server.url)
    assert first.returncode == 0, first.stderr
    assert first.stderr == ""
    facts = json.loads(first.stdout)
    assert facts["labels"] == ["x", "y"]
    assert {split: row["rows"] for split, row in facts["splits"].items()} == {"train": 4, "test": 1}
    assert any("GET /datasets/org/name/resolve/" in request for request in server.requests)
    gone = address_without_server()
    second = describe("hf:org/name", gone)
    assert json.loads(second.stdout) == facts
    assert second.stderr == f"WARNING: hf:org/name: {gone} does not answer; using the copy in the cache\n"
    before = len(server.requests)
    third = describe("hf:org/name", server.url, HF_HUB_OFFLINE="1")
    assert json.loads(third.stdout) == facts
    assert third.stderr == "WARNING: hf:org/name: HF_HUB_OFFLINE is set; using the copy in the cache\n"
    assert len(server.requests) == before


def test_a_name_that_the_hub_does_not_know_is_told_in_one_line(describe, server):
    outcome = describe("hf:org/nothing", server.url)
    assert outcome.returncode == 4
    assert outcome.stdout == ""
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("cct-text: hf:org/nothing: cannot be loaded: Dataset 'org/nothing' doesn't exist on the Hub")


@pytest.mark.parametrize("environment", [{}, {"HF_HUB_OFFLINE": "1"}], ids=["nobody there", "offline"])
def test_a_hub_that_cannot_be_reached_is_told_in_one_line_and_soon(describe, environment):
    endpoint = address_without_server()
    started = time.monotonic()
    outcome = describe("hf:org/name", endpoint, **environment)
    # The libraries' own tries take 24 seconds; most of this is their import.
    assert time.monotonic() - started < 12
    assert outcome.returncode == 4
    assert outcome.stdout == ""
    (line,) = outcome.stderr.splitlines()
    seen = "HF_HUB_OFFLINE is set" if environment else f"{endpoint} does not answer"
    assert line.startswith(f"cct-text: hf:org/name: {seen}, and no copy is in the cache; ")
    assert line.endswith("or give a folder that holds the data set's files as hf:FOLDER")


def test_a_folder_is_read_without_asking_the_hub(describe, server, tmp_path):
    (tmp_path / "train.parquet").write_bytes(as_parquet(ROWS))
    outcome = describe(f"hf:{tmp_path}", server.url)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    assert not [request for request in server.requests if "datasets" in request or request == "HEAD /"]


def test_a_registered_data_set_is_the_same_from_the_hub_and_from_its_official_files(describe, server, load, tmp_path):
    rows = {
        "train": [*NEWS["train"], ("Business", "Oil #39;s price", "up\\to  #36;50 &lt;b&gt;a barrel&lt;/b&gt;")],
        "test": NEWS["test"],
    }
    files = {}
    for split, news in rows.items():
        file = io.BytesIO()
        numbers = [("World", "Sports", "Business", "Sci/Tech").index(label) for label, *_ in news]
        pq.write_table(pa.table({"text": [f"{title} {text}" for _, title, text in news], "label": numbers}), file)
        files[f"data/{split}-00000-of-00001.parquet"] = file.getvalue()
    server.repositories["fancyzhx/ag_news"] = {"README.md": NEWS_CARD, **files}
    outcome = describe("ag_news", server.url)
    assert outcome.returncode == 0, outcome.stderr
    facts = json.loads(outcome.stdout)
    assert facts["source"] == "hub: fancyzhx/ag_news"
    official = load("ag_news", data_dir=write_news(tmp_path / "official", rows), dev_fraction=0.0)
    assert official.train.texts.to_pylist()[-1] == "Oil's price up to $50 a barrel"
    assert facts["sha256"] == official.sha256


# Without a process of its own: what the library asks before anything else


@pytest.fixture
def endpoint(monkeypatch):
    """Sets the address of the hub."""
    import datasets
    from huggingface_hub import constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return lambda url: monkeypatch.setattr(constants, "ENDPOINT", url)


def test_a_hub_that_takes_the_call_and_says_nothing_is_given_up_on(load, endpoint, monkeypatch):
    assert access.PATIENCE <= 5
    monkeypatch.setattr(access, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint(f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(ResourceError, match="does not answer"):
            load("hf:org/name")
        assert time.monotonic() - started < 5


def test_the_libraries_are_left_as_they_were(load, endpoint):
    import datasets

    endpoint(address_without_server())
    loggers = [logging.getLogger(name) for name in ("datasets", "huggingface_hub")]
    before = [logger.level for logger in loggers], datasets.config.HF_HUB_OFFLINE
    with pytest.raises(ResourceError):
        load("hf:org/name")
    assert ([logger.level for logger in loggers], datasets.config.HF_HUB_OFFLINE) == before


def test_a_registered_data_set_is_downloaded_where_the_hub_cannot_be_reached(load, endpoint, monkeypatch, tmp_path):
    endpoint(address_without_server())
    folder = write_trec(tmp_path / "published")
    with http_server() as server:
        files = tuple(
            RemoteFile(file.name, (server.serve(f"/{file.name}", folder / file.name),))
            for file in ENTRIES["trec"].files
        )
        monkeypatch.setitem(ENTRIES, "trec", replace(ENTRIES["trec"], files=files))
        dataset = load("trec")
    assert len(dataset.test) == 2
    assert dataset.source == str(tmp_path / "home" / "downloads" / "trec")
