"""Every command and snippet of docs/tutorial.md works, in order, on the file that it names."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cct_text.artifacts import REPORT
from tests.support.running_server import get

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
SHORTER = {
    "train": ["--epochs", "2"],
    "compare": ["--epochs", "1", "--seeds", "1", "--jobs", "1", "--vary", "embeddings=learned,glove-frozen"],
    "curve": ["--epochs", "1", "--seeds", "1", "--jobs", "1", "--rows", "100"],
    "tune": ["--help"],  # which tests of the page on tuning run
}
"""Put behind a command, where a later value counts: how the commands end sooner."""


def commands(text):
    """The lines of code blocks, and the whole commands inside sentences that name the tutorial's file."""
    found = re.findall(r"^    (.+)|`(cct-text \w+ questions\.csv[^`]*)`", text, re.MULTILINE)
    return [line or inline for line, inline in found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("stranger")


def test_the_tutorial_works_as_written(cct_text, folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    (folder / "data").symlink_to(ROOT / "data")
    steps = PAGE.partition("\n## Install\n")[2].partition("\n## Next\n")[0]
    done = []
    for part in re.split(r"^```python\n(.*?)^```", steps, flags=re.MULTILINE | re.DOTALL):
        if part.startswith(("from ", "import ")):
            capfd.readouterr()
            exec(part, {})
            assert capfd.readouterr().out
            continue
        for command in commands(part):
            verb = command.split()[1]
            if verb == "serve":
                assert "<textarea" in answer_of_a_server(command)
                done.append(verb)
            elif command.startswith("cct-text"):
                outcome = cct_text(*shlex.split(command)[1:], *SHORTER.get(verb, []))
                assert outcome.code == 0, f"{command}\n{outcome.err}"
                assert outcome.out or "-o" in command
                done.append(verb)
            elif command.startswith(("cp ", "printf ")):
                run_in_a_shell(command)
    assert done == [
        "doctor",
        "datasets",
        "train",
        "evaluate",
        "predict",
        "predict",
        "inspect",
        "export",
        "export",
        "serve",
    ]
    assert (folder / "runs" / "mine" / REPORT).exists()
    assert (folder / "predictions.csv").read_text().count("\n") == 3
    assert (folder / "questions.html").exists()
    assert (folder / "questions-onnx" / "model.onnx").exists()


def answer_of_a_server(command):
    """What the page of a server says that a command starts, at the address that it prints."""
    words = [sys.executable, "-m", "cct_text_cli", *shlex.split(command)[1:], "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            return get(server.stdout.readline().split()[-1], "").text
        finally:
            server.terminate()


def run_in_a_shell(command):
    subprocess.run(["bash", "-c", command], check=True)


def test_what_the_tutorial_says_next_are_commands(cct_text, folder, monkeypatch):
    monkeypatch.chdir(folder)
    following = commands(PAGE.partition("\n## Next\n")[2])
    assert [command.split()[1] for command in following] == ["compare", "curve", "tune"]
    (folder / "questions.csv").write_bytes((ROOT / "data" / "questions" / "train.csv").read_bytes())
    for command in following:
        outcome = cct_text(*shlex.split(command)[1:], *SHORTER[command.split()[1]], "--set", "width=16")
        assert outcome.code == 0, f"{command}\n{outcome.err}"


def test_the_extras_of_the_tutorial_are_there():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (named,) = re.findall(r"'\.\[([\w,]+)\]'", PAGE)
    assert set(named.split(",")) <= set(extras)
