"""Commands and Python of the pages that have no test of their own work as shown."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from gensim.models import KeyedVectors

from cct_text.inference.classifier import TextClassifier
from tests.support.doc_pages import commands, page, python_of
from tests.support.official_files import QUESTIONS, write_trec
from tests.support.running_server import ask, running
from tests.support.user_files import as_csv
from tests.support.vector_files import glove

WORDS = ["who", "wrote", "where", "is", "how", "many", "the", "a", "good", "film"]
SHORTER = {"train": ["--epochs", "1", "--overwrite"]}
"""Put behind a command, where a later value counts: how the commands end sooner."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory, request):
    """A folder as the pages suppose it: files of one's own, vectors, TREC, and two runs."""
    folder = tmp_path_factory.mktemp("user")
    rows = [("good", f"a good film, number {row}") if row % 2 else ("bad", f"a bad film, {row}") for row in range(80)]
    (folder / "reviews.csv").write_bytes(as_csv(rows))
    (folder / "new.csv").write_text("text\na good film\n")
    (folder / "new.txt").write_text("a good film\n")
    write_trec(folder / "data" / "trec", QUESTIONS)
    for dim in (50, 100):
        vectors = np.random.default_rng(0).normal(size=(len(WORDS), dim)).astype(np.float32)
        (folder / f"glove.6B.{dim}d.txt").write_bytes(glove(WORDS, vectors))
    own = KeyedVectors(8)
    own.add_vectors(WORDS, np.random.default_rng(1).normal(size=(len(WORDS), 8)).astype(np.float32))
    own.save_word2vec_format(str(folder / "my.bin"), binary=True)
    for name, data in (("questions", "questions"), ("reviews", "reviews.csv")):
        command = [sys.executable, "-m", "cct_text_cli", "train", data, "--epochs", "1", "--out", f"runs/{name}"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def folder(trained, monkeypatch):
    monkeypatch.chdir(trained)
    monkeypatch.setenv("CCT_TEXT_DATA", str(trained / "data"))
    monkeypatch.setenv("CCT_TEXT_VECTORS", str(trained))
    return trained


@pytest.mark.parametrize("name", ["data.md", "vectors.md", "training.md", "prediction.md", "export-web.md"])
def test_the_commands_of_a_page_work_one_after_the_other(cct_text, folder, name):
    for command in commands(name):
        if command == ["train", "DATASET", "--out", "DIR"]:
            continue  # the form, not a command
        outcome = cct_text(*command, *SHORTER.get(command[0], []))
        if "cuda" in command and not torch.cuda.is_available():
            assert (outcome.code, outcome.err.count("\n")) == (2, 1)
            assert "device 'cuda'" in outcome.err
            continue
        assert outcome.code == 0, f"{' '.join(command)}\n{outcome.err}"


def test_the_python_of_predicting_and_exporting_works(folder):
    (predicting,) = python_of("prediction.md")
    exec(predicting, names := {})
    assert names["classifier"].labels
    (exporting,) = python_of("export-web.md")
    exec(exporting, names := {})
    assert (folder / "reviews.html").exists()


def test_seqpool_stands_by_itself():
    (code,) = python_of("model.md")
    names = {"dim": 8, "hidden": torch.randn(2, 3, 8), "mask": torch.ones(2, 3, dtype=torch.bool)}
    exec(code, names)
    assert names["pooled"].shape == (2, 8)


def test_the_server_of_the_page_answers_what_the_page_asks(folder):
    (code,) = python_of("serving.md")
    exec(code, names := {})
    (asked,) = re.findall(r"^    curl http://127.0.0.1:8000(/\w+) .* -d '(.*)'$", page("serving.md"), re.MULTILINE)
    path, body = asked
    with running(names["app"]) as url:
        (answer,) = ask(url, path, json.loads(body)).json()["predictions"]
        (sent,) = re.findall(
            r"^    curl --data-binary @(\S+) 'http://127.0.0.1:8000(\S+)'$", page("serving.md"), re.MULTILINE
        )
        as_curl = {"Content-Type": "application/x-www-form-urlencoded"}
        answers = ask(url, sent[1], data=(folder / sent[0]).read_bytes(), headers=as_curl).json()["predictions"]
    assert [len(answer["probabilities"]) for answer in answers] == [1]
    assert (
        answer["label"] == TextClassifier.load("runs/questions", precision="fp32").predict(["Who wrote the Iliad ?"])[0]
    )
    assert len(answer["probabilities"]) == 2


@pytest.mark.parametrize("command", commands("serving.md"), ids=" ".join)
def test_the_server_of_the_page_starts(folder, command):
    # As documented; but a port that is free, as others may use this machine.
    arguments = command if "--port" in command else [*command, "--port", "0"]
    program = [sys.executable, "-m", "cct_text_cli", *arguments]
    server = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert "http://" in server.stdout.readline()
    finally:
        server.terminate()
        server.communicate()
