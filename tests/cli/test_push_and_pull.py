"""A run to the hub and back, as people type it."""

import json
import os
import subprocess
import sys
import time

import pytest

from cct_text import TextClassifier

TEXT = "Who wrote the Iliad ?"


@pytest.fixture
def in_a_process(hub, tmp_path):
    """`cct-text ARGUMENTS` in a new process that knows the hub by its environment alone."""

    def run(*arguments, **changes):
        known = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        its_own = {"HF_HOME": str(tmp_path / "huggingface"), "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1"}
        return subprocess.run(
            [sys.executable, "-m", "cct_text_cli", *map(str, arguments)],
            env={**known, **its_own, "HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_ann", **changes},
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
        )

    return run


def test_endpoint_and_token_are_those_of_the_environment(in_a_process, hub, own_run):
    done = in_a_process("push", own_run, "ann/tickets", "--private", "--message", "First", "--language", "en")
    assert (done.returncode, done.stderr) == (0, "")
    repository = hub.models.repositories["ann/tickets"]
    assert repository.private
    assert repository.messages == ["First"]
    first, second, third = done.stdout.splitlines()
    assert first.startswith(
        f"{hub.url}/ann/tickets (private), commit {repository.head[:10]}: config.toml, tokenizer.json, "
    )
    assert second == (
        "tokenizer.json holds the words of the train split; texts stay here (--with-texts sends those of its report)"
    )
    assert third == "next: cct-text predict hf:ann/tickets FILE"
    done = in_a_process("inspect", "ann/tickets", TEXT, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["label"] in TextClassifier.load(own_run).predict([TEXT])


def test_pull_tells_what_came_and_what_to_do_next(cct_text, hub, own_run, tmp_path):
    pushed = json.loads(cct_text("push", own_run, "ann/tickets", "--json").out)
    assert pushed["url"] == f"{hub.url}/ann/tickets"
    outcome = cct_text("pull", "ann/tickets", tmp_path / "mine")
    assert (outcome.code, outcome.err) == (0, "")
    first, second = outcome.out.splitlines()
    assert first == f"{tmp_path / 'mine'}: ann/tickets at {pushed['commit'][:10]}: {', '.join(pushed['files'])}"
    assert second == f"next: cct-text predict {tmp_path / 'mine'} FILE"
    pulled = json.loads(
        cct_text("pull", "hf:ann/tickets", tmp_path / "b", "--revision", pushed["commit"], "--json").out
    )
    assert pulled == {
        "repository": "ann/tickets", "commit": pushed["commit"], "folder": str(tmp_path / "b"), "files": pushed["files"],
    }  # fmt: skip


def test_a_run_of_the_hub_predicts_and_is_evaluated(cct_text, hub, own_run, tmp_path):
    cct_text("push", own_run, "ann/tickets")
    (tmp_path / "new.txt").write_text(f"{TEXT}\n")
    assert cct_text("predict", "hf:ann/tickets", tmp_path / "new.txt").out == (
        cct_text("predict", own_run, tmp_path / "new.txt").out
    )
    figures = json.loads(cct_text("evaluate", "hf:ann/tickets", "questions", "--json").out)
    assert (figures["run"], figures["rows"]) == ("hf:ann/tickets", 120)
    outcome = cct_text("evaluate", "hf:ann/tickets")
    assert (outcome.code, outcome.err) == (
        3, "cct-text: tickets.csv: not here, although the run was trained on it; name what to evaluate on\n",
    )  # fmt: skip


def test_what_would_be_sent_can_be_looked_at_first(cct_text, hub, own_run, tmp_path):
    outcome = cct_text("push", own_run, "ann/tickets", "--out", tmp_path / "look", "--license", "mit")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith(f"{tmp_path / 'look'}: config.toml, ")
    assert "\nlicense: mit\n" in (tmp_path / "look" / "README.md").read_text(encoding="utf-8")
    assert hub.requests == []
    assert cct_text("push", tmp_path / "look", "ann/tickets").code == 0
    files = hub.models.repositories["ann/tickets"].files
    assert {path.name: path.read_bytes() for path in (tmp_path / "look").iterdir()}.items() <= files.items()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["predict", "./tickets"], 3, ["tickets", "no such run folder"]),
        (["predict", "runs/ticets"], 3, ["runs/ticets", "no such run folder"]),
        (["inspect", "/nowhere/tickets", "x"], 3, ["/nowhere/tickets", "no such run folder"]),
        (["evaluate", "models/ticets"], 3, ["models/ticets", "no such run folder"]),
        (["predict", "hf:tickets"], 2, ["hf:tickets", "hf:ORG/NAME"]),
        (["pull", "tickets", "x"], 2, ["tickets", "hf:ORG/NAME"]),
        (["pull", "ann/tickets@v1", "x", "--revision", "v2"], 2, ["give one of them"]),
        (["pull", "ann/tickets", "models"], 2, ["models", "is there already"]),
        (["push", "nowhere", "ann/tickets"], 3, ["nowhere", "no such run folder"]),
        (["push", "nowhere", "ann/tickets", "--out", "models"], 2, ["models", "is there already"]),
        (["report", "ann/tickets"], 3, ["ann/tickets", "no such run folder"]),
        (["push", "models"], 2, ["REPO"]),
    ],
)
def test_a_mistake_that_needs_no_hub_is_told_without_asking_it(
    cct_text, hub, tmp_path, monkeypatch, arguments, code, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "tickets").mkdir(parents=True)
    outcome = cct_text(*arguments)
    assert outcome.code == code, outcome.err
    assert all(word in outcome.err for word in words), outcome.err
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    if "Usage:" not in outcome.err:
        assert outcome.err.count("\n") == 1
    assert hub.requests == []


def test_a_mistyped_folder_that_looks_like_a_name_of_the_hub_is_told_as_both(cct_text, hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = cct_text("predict", "model/tickets")
    assert (outcome.code, outcome.err) == (
        4,
        f"cct-text: model/tickets: no such folder, and no such model on {hub.url}, or a private one, which takes the HF_TOKEN "
        "of who may read it\n",
    )


def test_without_a_network_one_line_comes_soon(in_a_process):
    started = time.monotonic()
    done = in_a_process("predict", "model/tickets", HF_ENDPOINT="http://127.0.0.1:9")
    assert time.monotonic() - started < 15
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        "cct-text: model/tickets: no such folder; as a run of the hub: http://127.0.0.1:9 does not answer, and no copy is in "
        "the cache; check the network\n"
    )
