import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "datasets", "gensim", "sklearn", "accelerate")


def test_help_imports_none_of_the_heavy_packages():
    code = (
        "import sys; sys.argv = ['cct-text', '--help']\n"
        "from cct_text_cli.main import main\n"
        "try: main()\n"
        "except SystemExit as e: code = e.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[] 0"
    for verb in ("train", "evaluate", "predict", "datasets", "vectors"):
        assert verb in done.stdout


def test_the_version_is_the_packages(cct_text):
    from importlib.metadata import version

    assert cct_text("--version").out.strip() == f"cct-text {version('cct-text')}"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["train", "trek"], 2, ["trek", "trec"]),
        (["train", "nowhere.csv"], 3, ["nowhere.csv"]),
        (["train", "questions", "--model", "cct-2/"], 2, ["cct-2/", "cct-2/1"]),
        (["train", "questions", "--set", "epoch=3"], 2, ["epoch", "epochs"]),
        (["train", "questions", "--set", "epochs"], 2, ["KEY=VALUE"]),
        (["train", "questions", "--embeddings", "glove"], 2, ["glove-frozen", "glove-tuned"]),
        (["train", "questions", "--config", "nowhere.toml"], 2, ["nowhere.toml"]),
        (["train", "questions", "--vectors", "nowhere.txt"], 4, ["nowhere.txt"]),
        (["train", "questions", "--set", "tokenizer=basic"], 2, ["basic_english"]),
        (["train", "questions", "--epochs", "0"], 2, ["epochs", "at least 1"]),
        (["predict", "nowhere"], 3, ["nowhere"]),
        (["evaluate", "nowhere"], 3, ["nowhere"]),
        (["train", "questions", "--max-words", "1000000001"], 2, ["max_words", "1000000"]),
        (["train", "questions", "--set", "width=1073741824"], 2, ["not enough memory", "smaller model"]),
        (["train"], 2, ["no data set", "cct-text datasets"]),
        (["train", "questions", "--set", "dataset=trec"], 2, ["--set dataset", "name it in the command"]),
        (["train", "questions", "--set", "model.max_words=5"], 2, ["did you mean text.max_words?"]),
        (["train", "."], 3, ["folder"]),
        (["train", "hf:"], 2, ["hf:ORG/NAME"]),
        (["train", "hf:./nowhere"], 3, ["./nowhere", "no such folder"]),
        (["trian"], 2, ["trian"]),
        (["datasets", "trek"], 2, ["trec"]),
    ],
)
def test_a_mistake_gets_one_or_two_lines_and_its_exit_code(cct_text, tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    outcome = cct_text(*arguments)
    assert outcome.code == code, outcome.err
    assert outcome.out == ""
    for word in words:
        assert word in outcome.err
    if "Usage:" not in outcome.err:
        assert len(outcome.err.strip().splitlines()) <= 2
    assert "Traceback" not in outcome.err
    assert not (tmp_path / "runs").exists()


def run_unread(*arguments, **streams):
    """`cct-text ARGUMENTS` with streams that nobody reads: exit code, standard error where it was kept."""
    reading, writing = os.pipe()
    os.close(reading)
    given = {name: writing if unread else subprocess.PIPE for name, unread in streams.items()}
    command = [sys.executable, "-m", "cct_text_cli", *map(str, arguments)]
    done = subprocess.run(command, text=True, check=False, **given)
    os.close(writing)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["train", "--help"],
        ["datasets"],
        ["datasets", "questions", "--json"],
        ["vectors"],
        ["inspect", "RUN", "Who wrote the Iliad ?"],
        ["evaluate", "RUN"],
    ],
)
def test_a_reader_that_has_had_enough_is_no_error(questions_run, arguments):
    arguments = [questions_run if word == "RUN" else word for word in arguments]
    assert run_unread(*arguments, stdout=True, stderr=False) == (0, "")


def test_a_run_is_trained_though_nobody_reads_how_it_goes(tmp_path):
    small = ["--epochs", "1", "--set", "width=16", "--set", "vocabulary_extra_words=0"]
    assert run_unread("train", "questions", *small, "--out", tmp_path / "run", stdout=True, stderr=True)[0] == 0
    assert (tmp_path / "run" / "config.toml").exists()


@pytest.mark.parametrize(
    ("closed", "arguments", "code", "told"),
    [
        ("<&-", ["predict", "RUN"], 0, ""),
        (">&-", ["predict", "RUN", "FILE"], 2, "cct-text: cannot write: Bad file descriptor\n"),
        (">&-", ["predict", "RUN", "FILE", "--out", "OUT"], 0, ""),
        ("2>&-", ["predict", "RUN", "FILE", "--out", "OUT"], 0, ""),
        ("2>&-", ["predict", "NOWHERE", "FILE"], 3, ""),
        ("<&- >&- 2>&-", ["predict", "RUN", "FILE", "--out", "OUT"], 0, ""),
    ],
)
def test_a_standard_stream_may_be_closed(questions_run, tmp_path, closed, arguments, code, told):
    (tmp_path / "in.txt").write_text("Who wrote the Iliad ?\n")
    places = {"RUN": questions_run, "FILE": tmp_path / "in.txt", "OUT": tmp_path / "out.csv"}
    command = ["-m", "cct_text_cli", *(str(places.get(word, word)) for word in arguments)]
    shell = ["sh", "-c", f'"$@" {closed}', "sh", sys.executable, *command]
    done = subprocess.run(shell, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, told)
    if "OUT" in arguments:
        assert (tmp_path / "out.csv").read_text().startswith("label,probability\n")


def test_the_list_of_commands_says_whole_sentences_in_80_columns(cct_text):
    from cct_text_cli.main import app

    lines = cct_text("--help").out.partition("Commands:\n")[2].splitlines()
    assert len(lines) == len(app.registered_commands)
    assert all(line.endswith(".") and not line.endswith("..") and len(line) <= 80 for line in lines)
