"""The tab key offers what a command takes, in a blink, and falls silent where it has nothing to say."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from cct_text.artifacts import EXPORT, WEIGHTS
from cct_text.config import Config
from cct_text.datasets.registry import ENTRIES
from cct_text.model.architecture import MODEL_NAMES
from cct_text.vectors.names import NAMES
from cct_text_cli import completion

PROGRAM = "import sys; sys.argv = ['cct-text']\nfrom cct_text_cli.main import main\n"


def ask(shell, line, cwd, program=f"{PROGRAM}main()"):
    """What a shell is told of a command line whose end is under the cursor."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "_CCT_TEXT_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "\n".join(words),
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def folder(tmp_path):
    """A folder with two runs, an export, a study's run and a data file."""
    for run in ("runs/mine", "runs/questions", "runs/compare-questions/learned-0", "other/run"):
        (tmp_path / run).mkdir(parents=True)
        (tmp_path / run / WEIGHTS).touch()
    (tmp_path / "exports" / "small").mkdir(parents=True)
    (tmp_path / "exports" / "small" / EXPORT).touch()
    (tmp_path / "runs" / "no-run").mkdir()
    (tmp_path / "data").mkdir()
    for name in ("questions.csv", "data/train.csv.gz", "data/notes.md", "data/.hidden.csv"):
        (tmp_path / name).touch()
    return tmp_path


RUNS = ["runs/compare-questions/learned-0", "runs/mine", "runs/questions"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("tr", ["train"]),
        ("doc", ["doctor"]),
        ("train ", list(ENTRIES)),
        ("train tre", ["trec", "trec-fine"]),
        ("train q", ["questions", "questions.csv"]),
        ("datasets data/", ["data/train.csv.gz"]),
        ("train --vectors glove.6B.1", ["glove.6B.100d"]),
        ("train --vectors glove.6B.50d+glove.42", ["glove.6B.50d+glove.42B.300d"]),
        ("vectors ", list(NAMES)),
        ("train --model ", list(MODEL_NAMES)),
        ("train --embeddings glove", ["glove-frozen", "glove-tuned"]),
        ("train --long h", ["head", "head-tail"]),
        ("train --set label", ["label_column=", "label_separator=", "label_smoothing="]),
        ("train --set keep", ["keep=accuracy", "keep=macro_f1", "keep=loss", "keep=last"]),
        ("train --set max_pool=t", ["max_pool=true"]),
        ("train --set epochs=", ["epochs="]),
        ("compare trec --vary embeddings", ["embeddings="]),
        ("tune trec --search drop", ["dropout="]),
        ("export runs/mine --to ", ["onnx", "torch", "web"]),
        ("predict ", [*RUNS, "exports/small", "other/run"]),
        ("predict ./runs/m", ["./runs/mine"]),
        ("export ru", RUNS),
        ("report nowhere/", []),
        ("train x --config ru", []),
    ],
)
def test_bash_is_offered(folder, line, offered):
    assert ask("bash", f"cct-text {line}", folder).split() == offered


def test_zsh_and_fish_are_offered_the_same(folder):
    assert all(f'"{name}"' in ask("zsh", "cct-text train ", folder) for name in ENTRIES)
    assert ask("fish", "cct-text train tre", folder).split() == ["trec", "trec-fine"]


def test_every_option_can_be_set(folder):
    names = [name for section in vars(Config()).values() for name in vars(section)]
    assert completion.settings("") == completion.varied("") == [f"{name}=" for name in names]


def test_a_folder_that_may_not_be_read_or_is_none_offers_nothing(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert completion.runs("questions.csv/") == []
    assert completion.datasets("nowhere/") == []


def test_a_run_is_found_in_a_folder_of_thousands_of_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(completion, "MOST_FOLDERS", 20)
    for number in range(50):
        (tmp_path / f"a{number}" / "b" / "c" / "d").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / WEIGHTS).touch()
    assert completion.runs("") == ["mine"]


MOST_STARTS = 6
"""Starts of Python with typer that an answer may take; it takes about 4."""


def start_with_typer():
    subprocess.run([sys.executable, "-c", "import typer"], check=True)


def seconds_of(work):
    """Of the processor, that processes which are started take."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("line", ["train q", "predict ru", "train --vectors g", "train --model c", "train --set e"])
def test_a_key_is_answered_quickly_and_without_heavy_packages(folder, line):
    heavy = "{'torch', 'numpy', 'pyarrow', 'sklearn', 'gensim', 'datasets', 'rich'}"
    # In what Python needs to start with typer, as machines differ and others may use this one, too; the best of a few.
    assert any(
        seconds_of(lambda: ask("bash", f"cct-text {line}", folder)) < MOST_STARTS * seconds_of(start_with_typer)
        for _ in range(5)
    )
    told = f"{PROGRAM}try:\n    main()\nfinally:\n    print('loaded:', sorted({heavy} & sys.modules.keys()))"
    assert ask("bash", f"cct-text {line}", folder, told).endswith("loaded: []\n")


def test_the_script_for_a_shell_is_shown_and_works_in_bash(folder):
    command = f"{PROGRAM}sys.argv = ['cct-text', '--show-completion', 'bash']\nmain()"
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = subprocess.run(
        [sys.executable, "-c", command], env=environment, capture_output=True, text=True, check=True
    ).stdout
    (folder / "cct-text").write_text(f'#!/bin/sh\nexec {sys.executable} -c "{PROGRAM}main()"\n')
    (folder / "cct-text").chmod(0o755)
    typed = f"{shown}\nCOMP_WORDS=(cct-text train tre) COMP_CWORD=2\n_cct_text_completion {Path(folder, 'cct-text')}\n"
    done = subprocess.run(
        ["bash", "-c", f'{typed}printf "%s\\n" "${{COMPREPLY[@]}}"'],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["trec", "trec-fine"]
