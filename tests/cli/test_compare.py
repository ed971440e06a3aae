import json
import os
import signal
import subprocess
import sys
import time

import pytest

SMALL = ("--embeddings", "learned", "--epochs", "1", "--set", "width=16", "--set", "embedding_dim=16")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


def test_a_table_and_what_can_be_said_at_80_columns(cct_text, folder):
    outcome = cct_text("compare", "questions", "--vary", "pooling=mean,max", "--seeds", "1", *SMALL, "--out", folder)
    assert outcome.code == 0, outcome.err
    assert "questions: 2 runs of 2 conditions in" in outcome.err
    assert "2/2 " in outcome.err
    assert "95 % interval" in outcome.out
    assert "One seed says nothing about other seeds" in outcome.out
    files = "comparison.json, comparison.png, comparison.svg, report.html, runs.csv, runs.parquet, study.json"
    assert outcome.out.endswith(f"study folder: {folder} ({files})\n")
    assert max(map(len, outcome.out.splitlines()[:-1])) <= 80


def test_json_is_one_object_and_nothing_is_run_again(cct_text, folder):
    arguments = ("compare", "questions", "--vary", "pooling=mean,max", "--seeds", "1", *SMALL, "--out", folder)
    cct_text(*arguments)  # whichever test comes first
    outcome = cct_text(*arguments, "--json")
    assert json.loads(outcome.out) == json.loads((folder / "comparison.json").read_text())
    assert "test " not in outcome.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--vary", "pooling"), "--vary pooling: expected KEY=A,B"),
        (("--vary", "pooling=mean,maxx"), "pooling = 'maxx': expected one of seqpool"),
        (("--vary", "polling=mean,max"), "polling"),
        (("--seeds", "0"), "--seeds 0: expected at least 1"),
    ],
)
def test_mistakes_are_told_in_a_line(cct_text, tmp_path, arguments, told):
    outcome = cct_text("compare", "questions", *arguments, "--out", tmp_path / "study")
    assert outcome.code == 2
    assert told in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "study").exists()


def test_where_all_runs_fail_the_exit_code_tells(cct_text, tmp_path):
    vectors = tmp_path / "broken.txt"
    vectors.write_text("the 1 2\nof 1\n")
    outcome = cct_text(
        "compare", "questions", "--vary", f"vectors={vectors}", "--embeddings", "glove-frozen", "--seeds", "1",
        "--out", tmp_path / "study",
    )  # fmt: skip
    assert outcome.code == 1
    assert str(vectors) in outcome.err
    assert "1 failed" in outcome.out
    assert outcome.out.endswith(f"study folder: {tmp_path / 'study'} (no answer)\n")


def test_vectors_that_are_not_here_end_it_with_the_exit_code_of_train(cct_text, tmp_path):
    arguments = ("--vary", "embeddings=learned,glove-frozen", "--vectors", "nosuch.txt", "--out", tmp_path / "study")
    outcome = cct_text("compare", "questions", *arguments)
    assert (outcome.code, outcome.out) == (4, "")
    assert "nosuch.txt" in outcome.err


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_on_a_terminal_reaches_all_workers_and_the_command_repeated_goes_on(cct_text, tmp_path, times):
    arguments = ("compare", "questions", "--vary", "pooling=mean,max", "--seeds", "2", *SMALL, "--epochs", "20")
    arguments += ("--out", str(tmp_path / "study"), "--jobs", "1")
    process = subprocess.Popen(
        [sys.executable, "-m", "cct_text_cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    assert process.stderr is not None
    assert any(line.startswith("1/4 ") for line in iter(process.stderr.readline, ""))
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.02)
    out, rest = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert rest.endswith("cct-text: interrupted; repeat the command to go on\n")
    assert "Traceback" not in rest
    again = cct_text(*arguments)
    assert (again.code, again.err.count("1/4 ")) == (0, 0)
    assert "4/4 " in again.err
