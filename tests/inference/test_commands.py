"""`cct-text predict` and `cct-text evaluate` as a shell runs them."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from cct_text.datasets.rows import BATCH_ROWS
from cct_text_cli.main import main
from tests.support.killed_predictions import write_texts

COMMAND = [sys.executable, "-m", "cct_text_cli"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@dataclass
class Done:
    returncode: int
    stdout: bytes
    stderr: bytes


@pytest.fixture
def cct_text(monkeypatch, capfdbinary):
    """Runs `cct-text ARGUMENTS` in this process, which is much faster than a new one."""

    def run(*arguments, stdin=b"", cwd=None):
        monkeypatch.setattr(sys, "argv", ["cct-text", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        if cwd is not None:
            monkeypatch.chdir(cwd)
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(ended.value.code or 0, *capfdbinary.readouterr())

    return run


@pytest.fixture
def lines(texts):
    return "".join(text + "\n" for text in texts).encode()


def test_standard_input_gives_a_line_for_each_line(cct_text, run, classifier, texts, lines):
    done = cct_text("predict", run, stdin=lines)
    assert (done.returncode, done.stderr) == (0, b"")
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
    assert [label for label, _ in rows] == classifier.predict(texts)
    assert all(1 / 3 <= float(probability) <= 1 for _, probability in rows)


def test_files_and_standard_input_mix_and_an_output_file_is_named_by_its_ending(
    cct_text, run, classifier, texts, lines, tmp_path
):
    (tmp_path / "in.jsonl").write_text(json.dumps({"sentence": "who wrote Hamlet ?"}))
    done = cct_text("predict", run, "-", "in.jsonl", "-o", "out.csv", "--top-k", "2", stdin=lines, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    rows = (tmp_path / "out.csv").read_text().splitlines()
    assert rows[0] == "label_1,probability_1,label_2,probability_2"
    assert [row.split(",")[0] for row in rows[1:]] == classifier.predict([*texts, "who wrote Hamlet ?"])


def test_a_format_and_columns_are_taken_from_the_flags(cct_text, run, classifier):
    table = b"a\tb\nwho\twrote Hamlet\n"
    flags = ("--format", "tsv", "--text-column", "a", "--text-column", "b", "--no-probabilities", "-o", "-")
    done = cct_text("predict", run, *flags, stdin=table)
    assert done.stdout.decode() == classifier.predict(["who wrote Hamlet"])[0] + "\n"


def test_replaced_bytes_are_told_in_one_line_on_standard_error(cct_text, run):
    done = cct_text("predict", run, stdin=b"caf\xe9\nfine\n\xff\n")
    assert done.returncode == 0
    assert done.stdout.count(b"\n") == 3
    assert done.stderr == b"cct-text: 2 rows held bytes that are not UTF-8; each was read as U+FFFD\n"


def test_a_reader_that_has_had_enough_is_no_error(run, lines, tmp_path):
    (tmp_path / "in.txt").write_bytes(lines * 500)
    predict = subprocess.Popen(
        [*COMMAND, "predict", run, tmp_path / "in.txt"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    assert predict.stdout is not None
    predict.stdout.readline()
    predict.stdout.close()
    assert predict.wait(timeout=60) == 0
    assert predict.stderr is not None
    assert predict.stderr.read() == b""


def test_ctrl_c_exits_130_and_leaves_nothing_behind(run, tmp_path):
    # A pipe that stays open: the prediction waits for more.
    predict = subprocess.Popen(
        [*COMMAND, "predict", run, "-o", "out.csv"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        cwd=tmp_path,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    predict.send_signal(signal.SIGINT)
    _, error = predict.communicate(timeout=60)
    assert predict.returncode == 130
    assert b"Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_says_how_many_rows_are_kept_and_resume_goes_on_with_them(run, tmp_path):
    write_texts(tmp_path / "in.txt", 200_000)
    predict = subprocess.Popen(
        [*COMMAND, "predict", run, "in.txt", "-o", "out.csv"],
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        cwd=tmp_path,
    )
    part = tmp_path / ".out.csv.part"
    # Whole are rows that were written with their batch: the first bytes of one are none yet.
    while predict.poll() is None and not (part.exists() and part.stat().st_size > 20 * BATCH_ROWS):
        time.sleep(0.005)
    predict.send_signal(signal.SIGINT)
    _, error = predict.communicate(timeout=60)
    assert predict.returncode == 130
    told = re.fullmatch(
        r"cct-text: interrupted; ([\d,]+) rows are kept: repeat the command with --resume to go on\n", error
    )
    assert told is not None, error
    assert not (tmp_path / "out.csv").exists()
    subprocess.run(
        [*COMMAND, "predict", run, "in.txt", "-o", "out.csv", "--resume"], env=ENVIRONMENT, cwd=tmp_path, check=True
    )
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 200_001


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere.txt"], 3, ["nowhere.txt", "No such file"]),
        ([".", "--format", "text"], 3, [".: is a folder"]),
        (["in.csv", "in.xlsx"], 2, ["in.xlsx", "--format"]),
        (["in.csv", "--text-column", "texts"], 3, ["in.csv", "texts", "'id', 'kind', 'text'"]),
        (["broken.jsonl"], 3, ["broken.jsonl:2", "not JSON"]),
        (["broken.parquet"], 3, ["broken.parquet", "not a readable Parquet file"]),
        (["in.xlsx"], 2, ["in.xlsx", "--format"]),
        (["in.csv", "--format", "cvs"], 2, ["cvs", "csv"]),
        (["in.csv", "-o", "out.xlsx"], 2, ["out.xlsx", ".parquet"]),
        (["in.csv", "-o", "in.csv/out.txt"], 2, ["in.csv/out.txt", "cannot write"]),
        (["in.csv", "--top-k", "9"], 2, ["9", "3 labels"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_told_in_one_line_with_its_exit_code(cct_text, run, tmp_path, arguments, code, words):
    (tmp_path / "in.csv").write_text("id,kind,text\n1,a,who\n")
    (tmp_path / "in.xlsx").write_bytes(b"PK")
    (tmp_path / "broken.jsonl").write_text('{"text": "fine"}\n{"text": \n')
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    before = sorted(tmp_path.iterdir())
    done = cct_text("predict", run, *arguments, cwd=tmp_path)
    error = done.stderr.decode()
    assert done.returncode == code, error
    assert done.stdout == b""
    assert len(error.strip().splitlines()) == 1
    assert all(word in error for word in words), error
    assert sorted(tmp_path.iterdir()) == before


def test_a_damaged_run_is_told_by_both_commands(cct_text, run, tmp_path):
    for name in ("config.toml", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    with (tmp_path / "model.safetensors").open("r+b") as file:
        file.truncate(1000)
    for verb in ("predict", "evaluate"):
        done = cct_text(verb, tmp_path)
        assert (done.returncode, done.stdout) == (3, b"")
        assert done.stderr.decode().startswith(f"cct-text: {tmp_path / 'model.safetensors'}: damaged")


# evaluate


@pytest.fixture
def labelled(tmp_path):
    (tmp_path / "test.csv").write_text("text,label\nwho wrote Hamlet ?,HUM\nwhere is Paris ?,LOC\nhow many ?,NUM\n")
    return tmp_path / "test.csv"


def test_json_is_one_object_and_nothing_else(cct_text, run, labelled):
    done = cct_text("evaluate", run, labelled, "--json")
    assert (done.returncode, done.stderr, done.stdout.count(b"\n")) == (0, b"", 1)
    figures = json.loads(done.stdout)
    assert figures["run"] == str(run)
    assert figures["dataset"] == str(labelled)
    assert figures["rows"] == 3
    assert {"accuracy", "macro_f1", "loss", "ece", "per_class", "confusion_matrix"} <= figures.keys()
    assert list(figures["per_class"]) == ["HUM", "LOC", "NUM"]


def test_the_tables_keep_to_80_columns_and_show_every_class(cct_text, run, labelled):
    done = cct_text("evaluate", run, labelled)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode()
    assert max(map(len, shown.splitlines())) <= 80
    for word in (
        "accuracy",
        "macro F1",
        "loss",
        "ECE",
        "precision",
        "recall",
        "true \\ predicted",
        "HUM",
        "LOC",
        "NUM",
    ):
        assert word in shown


def test_an_unknown_label_is_told_with_its_line(cct_text, run, labelled):
    labelled.write_text(labelled.read_text() + "what is a noun ?,DESC\n")
    done = cct_text("evaluate", run, labelled)
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode() == (
        f"cct-text: {labelled}:5: label 'DESC', which the run never had; it has HUM, LOC, NUM\n"
    )


def test_a_data_set_of_other_labels_is_told(cct_text, run):
    done = cct_text("evaluate", run)
    assert done.returncode == 3
    assert done.stderr.decode().startswith("cct-text: questions: test: label 'ABBR', which the run never had")


# Precision


def test_labels_are_the_same_in_fp32_and_in_the_default_precision(cct_text, run, texts):
    lines = "\n".join(texts).encode()
    kinds = [cct_text("predict", run, *flags, stdin=lines).stdout for flags in ((), ("--precision", "fp32"))]
    rows = [[line.split("\t") for line in kind.decode().splitlines()] for kind in kinds]
    assert sum(one == other for (one, _), (other, _) in zip(*rows, strict=True)) >= 0.99 * len(texts)
    assert max(abs(float(one) - float(other)) for (_, one), (_, other) in zip(*rows, strict=True)) < 0.02


@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_a_precision_that_is_none_is_refused(cct_text, run, verb):
    done = cct_text(verb, run, "--precision", "half", stdin=b"")
    assert done.returncode == 2
    assert b"precision" in done.stderr
    assert b"bf16" in done.stderr


SAYS_WHETHER_TORCH_IS_THERE = """
import sys
from cct_text_cli.main import main
from tests.support.killed_predictions import write_texts
try:
    main()
finally:
    sys.stderr.write(str("torch" in sys.modules))
"""


def test_prediction_loads_no_torch(run):
    command = [sys.executable, "-c", SAYS_WHETHER_TORCH_IS_THERE, "predict", run]
    done = subprocess.run(command, input=b"who", capture_output=True, env=ENVIRONMENT, check=True)
    assert done.stderr == b"False"
