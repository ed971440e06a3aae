"""The file that a prediction writes: whole or not at all, where it was asked for, and harmless to a spreadsheet on request."""

import csv
import io
import re
from pathlib import Path

import pytest

from cct_text.errors import DataError, UsageError
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.stream import predict_file

FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "plain", " =1", "a=1")


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt"])
def test_labels_that_a_spreadsheet_would_compute_are_guarded_on_request(new_model, tmp_path, ending):
    new_model(labels=FORMULAS).save(tmp_path / "run")
    classifier = TextClassifier.load(tmp_path / "run")
    path = tmp_path / f"out{ending}"
    for guard in (False, True):
        predict_file(
            classifier,
            [io.BytesIO(b"Who wrote the Iliad ?\n")],
            path,
            top_k=10,
            probabilities=False,
            guard_formulas=guard,
        )
        with path.open(newline="") as file:
            found = list(csv.reader(file, delimiter="," if ending == ".csv" else "\t"))[-1]
        wanted = [f"'{label}" for label in FORMULAS[:7]] + list(FORMULAS[7:]) if guard else list(FORMULAS)
        if ending == ".txt":  # a tab or a line end would break its line
            wanted = [re.sub(r"[\t\r\n]", " ", label) for label in wanted]
        assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_what_no_spreadsheet_opens_as_text_is_not_guarded(classifier, tmp_path, ending):
    with pytest.raises(UsageError, match="cells of .csv, .tsv and text are guarded"):
        predict_file(classifier, [io.BytesIO(b"a\n")], tmp_path / f"out{ending}", guard_formulas=True)


def test_a_fault_in_the_middle_leaves_the_older_output_alone(classifier, tmp_path):
    (tmp_path / "out.csv").write_text("older")
    (tmp_path / "in.jsonl").write_text('{"text": "fine"}\n' * 5000 + "{broken\n")
    with pytest.raises(DataError, match=r"in\.jsonl:5001: "):
        predict_file(classifier, [tmp_path / "in.jsonl"], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.csv"]


def test_a_link_goes_on_leading_to_the_output(classifier, tmp_path):
    (tmp_path / "in.txt").write_text("one\ntwo\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out.csv").symlink_to("elsewhere/out-1.data")
    for _ in ("new", "replaced"):
        predict_file(classifier, [tmp_path / "in.txt"], tmp_path / "out.csv")
        assert (tmp_path / "out.csv").readlink() == Path("elsewhere/out-1.data")
        written = (tmp_path / "elsewhere" / "out-1.data").read_text()
        assert (written.splitlines()[0], len(written.splitlines())) == ("label,probability", 3)
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["out-1.data"]
    predict_file(classifier, [tmp_path / "in.txt"], tmp_path / "plain.csv")
    assert (tmp_path / "plain.csv").read_text() == written


def test_a_missing_file_is_told_before_anything_is_written(classifier, tmp_path):
    output = io.BytesIO()
    with pytest.raises(DataError, match="nowhere.txt: cannot read: No such file"):
        predict_file(classifier, [io.BytesIO(b"first\n"), tmp_path / "nowhere.txt"], output)
    assert output.getvalue() == b""


def test_an_output_that_cannot_be_written_is_told(classifier):
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(UsageError, match="/dev/full: cannot write: No space left"),
    ):
        predict_file(classifier, [io.BytesIO(b"text\n")], full)


def test_a_file_is_not_overwritten_while_it_is_read(classifier, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("text\nwho?\n")
    with pytest.raises(UsageError, match="is read from"):
        predict_file(classifier, [path], path)
    assert path.read_text() == "text\nwho?\n"
