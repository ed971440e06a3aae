import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

SMALL = ("--embeddings", "learned", "--epochs", "1", "--set", "width=16", "--set", "embedding_dim=16")
ARGUMENTS = ("tune", "questions", *SMALL, "--trials", "4", "--splits", "2", "--jobs", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


def test_a_table_and_what_can_be_said_at_80_columns(cct_text, folder):
    outcome = cct_text(*ARGUMENTS, "--out", folder)
    assert outcome.code == 0, outcome.err
    assert f"questions: 4 trials over 2 seeds on 60 rows of dev in {folder}" in outcome.err
    assert "4/4 trial 3: accuracy" in outcome.err
    head, score, error, model = outcome.out.splitlines()[:4]
    assert head.split()[:2] == ["trial", "recipe"]
    assert sorted(head.split()[2:]) == ["1", "2", "3"]
    assert (score.split()[0], error.split()[:3], model.split()[:2]) == (
        "accuracy", ["±", "standard", "error"], ["model", "cct-2/2"]
    )  # fmt: skip
    assert "accuracy in %, mean over 2 seeds on 60 rows of dev; the test split was left" in outcome.out
    files = "best.toml, trials.csv, trials.journal, trials.parquet, tuning.json"
    assert outcome.out.endswith(
        f"study folder: {folder} ({files})\nnext: cct-text train questions --config {folder / 'best.toml'}\n"
    )
    assert max(map(len, outcome.out.splitlines()[:-2])) <= 80


def test_json_is_one_object_and_nothing_is_run_again(cct_text, folder):
    outcome = cct_text(*ARGUMENTS, "--out", folder, "--json")
    assert json.loads(outcome.out) == json.loads((folder / "tuning.json").read_text())
    assert "/4 " not in outcome.err


def test_train_takes_the_recipe_that_was_found(cct_text, folder, tmp_path):
    best = folder / "best.toml"
    outcome = cct_text("train", "questions", "--config", best, "--out", tmp_path / "run", "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads((folder / "tuning.json").read_text())
    chosen = found["trials"][found["best"]]
    metrics = json.loads(outcome.out)
    assert (metrics["model"], metrics["epochs"]) == (chosen["model"], 1)
    assert metrics["dev"]["accuracy"] == chosen["scores"][0]


def test_killed_and_repeated_it_goes_on_to_the_trials_of_an_unbroken_search(cct_text, folder, tmp_path):
    process = begun(tmp_path)
    process.kill()
    process.wait()
    again = cct_text(*ARGUMENTS, "--out", tmp_path, "--json")
    assert (again.code, again.err.count("1/4 ")) == (0, 0), again.err
    unbroken = json.loads((folder / "tuning.json").read_text())
    assert reached(json.loads(again.out)) == reached(unbroken)


def test_ctrl_c_says_how_to_go_on_and_exits_130(cct_text, tmp_path):
    process = begun(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.02)
    out, rest = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), rest
    assert rest.endswith("cct-text: interrupted; repeat the command to go on\n")
    assert "Traceback" not in rest


def begun(folder):
    """The command in a process of its own, one trial done and another under way."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cct_text_cli", *ARGUMENTS, "--out", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    assert process.stderr is not None
    assert any(line.startswith("1/4 ") for line in iter(process.stderr.readline, ""))
    return process


def reached(result):
    """What each trial tried and reached, whatever its number is and how long it took."""
    return [
        {key: value for key, value in trial.items() if key not in ("number", "seconds")} for trial in result["trials"]
    ]


def test_a_folder_of_another_search_is_refused(cct_text, folder):
    outcome = cct_text(*ARGUMENTS, "--metric", "loss", "--out", folder)
    assert outcome.code == 2
    assert "holds trials of another search: metric = 'accuracy' (now 'loss')" in outcome.err
    assert "choose another --out" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--search", "pooling"), "--search pooling: expected KEY=A,B,... or KEY=LOW..HIGH"),
        (
            ("--search", "dropout=0..2", "--search", "poling=mean,max"),
            "dropout = '2': expected at most 0.95; --search po",
        ),
        (("--trials", "0"), "--trials 0: expected at least 1"),
        (("--metric", "f1"), "--metric: unknown metric 'f1'"),
    ],
)
def test_mistakes_are_told_in_a_line(cct_text, tmp_path, arguments, told):
    outcome = cct_text("tune", "questions", *arguments, "--out", tmp_path / "study")
    assert outcome.code == 2
    assert told in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "study").exists()


def test_a_trial_that_fails_is_told_and_does_not_stop_the_others(cct_text, tmp_path):
    good, missing = tmp_path / "good.txt", tmp_path / "missing.txt"
    good.write_text("what 0.1 0.2\nwho -0.1 0.3\n")
    outcome = cct_text(
        "tune", "questions", "--search", f"vectors={good},{missing}", "--trials", "4", "--splits", "1", "--jobs", "1",
        "--epochs", "1", "--set", "width=16", "--set", "vocabulary_extra_words=0",
        "--out", tmp_path / "study", "--json",
    )  # fmt: skip
    assert outcome.code == 1
    assert "/4 trial" in outcome.err
    assert re.search(rf"trial \d: failed: .*{missing}", outcome.err)
    states = {(trial["vectors"], trial["state"]) for trial in json.loads(outcome.out)["trials"]}
    assert states == {("glove.6B.50d", "complete"), (str(good), "complete"), (str(missing), "failed")}
