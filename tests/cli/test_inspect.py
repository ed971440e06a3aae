"""What a run says of one text, as people and programs read it."""

import io
import json
from dataclasses import replace

import pytest

from cct_text.inference.classifier import TextClassifier
from cct_text.model.saved import SavedModel
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train

SMALL = {"epochs": 1, "embeddings": "learned", "embedding_dim": 16, "width": 16}
TEXT = "Who wrote the Iliad ?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "questions"
    train(resolve_config("questions", values=SMALL), folder)
    return folder


def test_of_many_labels_the_first_are_shown(cct_text, folder, monkeypatch):
    monkeypatch.setattr("cct_text_cli.inspect.LABELS_SHOWN", 4)
    lines = cct_text("inspect", folder, TEXT).out.splitlines()
    assert lines[4].strip() == "and 2 more; --json has all"


def test_labels_by_their_probability_then_the_text_then_the_heaviest_words(cct_text, folder):
    outcome = cct_text("inspect", folder, TEXT)
    assert outcome.code == 0, outcome.err
    *labels, empty, text, words = outcome.out.splitlines()
    classifier = TextClassifier.load(folder)
    assert [line.split()[1] for line in labels][:1] == classifier.predict([TEXT])
    assert (len(labels), empty) == (6, "")
    shares = [float(line.split()[0].rstrip("%")) for line in labels]
    assert shares == sorted(shares, reverse=True)
    assert text == TEXT
    heaviest = max(classifier.explain(TEXT), key=lambda word: word.weight)
    assert words.startswith(f"looked at: {heaviest.word} {heaviest.weight:.2f}, ")


def test_a_label_keeps_to_its_line(cct_text, folder, tmp_path):
    model = SavedModel.load(folder)
    replace(model, labels=("two\nlines", "\x1b[31mred", *model.labels[2:])).save(tmp_path / "odd")
    shown = [line[9:] for line in cct_text("inspect", tmp_path / "odd", TEXT).out.splitlines()[:6]]
    assert sorted(shown) == sorted([r"'two\nlines'", r"'\x1b[31mred'", *model.labels[2:]])


def test_no_text_and_no_label_acts_on_a_terminal(cct_text, folder, tmp_path):
    model = SavedModel.load(folder)
    replace(model, labels=("\x1b[31mred", "\x9b2J", *model.labels[2:])).save(tmp_path / "odd")
    text = "Who wrote \x1b[2J\x07the Iliad ?"
    assert r"Who wrote \x1b[2J\x07the Iliad ?" in cct_text("inspect", folder, text).out
    write(tmp_path / "rows.csv")
    for arguments in (
        ("inspect", tmp_path / "odd", text),
        ("evaluate", tmp_path / "odd", tmp_path / "rows.csv"),
        ("datasets", tmp_path / "rows.csv"),
        ("predict", tmp_path / "odd", tmp_path / "rows.csv", "--top-k", 6),
        ("train", write(tmp_path / "\x1b[31m.csv"), "--epochs", 1, "--out", tmp_path / "run"),
    ):
        outcome = cct_text(*arguments)
        assert outcome.code == 0, outcome.err
        assert not {"\x1b", "\x07", "\x9b"} & {*(outcome.out + outcome.err)}, arguments


def write(path):
    """A file of rows with labels that would colour and clear a terminal."""
    path.write_text("text,label\n" + "Who is it ?,\x1b[31mred\nWhere is it ?,\x9b2J\n" * 20)
    return path


def test_json_is_one_object_with_every_label_and_word(cct_text, folder):
    found = json.loads(cct_text("inspect", folder, TEXT, "--json").out)
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert found["label"] == max(found["probabilities"], key=found["probabilities"].get)
    assert [TEXT[word["start"] : word["end"]].lower() for word in found["words"]] == [
        word["word"] for word in found["words"]
    ]
    assert sum(word["weight"] for word in found["words"]) == pytest.approx(1)


def test_a_text_can_come_from_standard_input(cct_text, folder, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(TEXT + "\n"))
    assert json.loads(cct_text("inspect", folder, "-", "--json").out)["text"] == TEXT


def test_no_text_and_no_run_are_told(cct_text, folder, tmp_path):
    outcome = cct_text("inspect", folder, "  ")
    assert (outcome.code, outcome.err) == (2, "cct-text: no text; give it in quotes behind the run folder\n")
    outcome = cct_text("inspect", tmp_path / "nowhere", TEXT)
    assert outcome.code == 3
    assert outcome.err.count("\n") == 1


def test_report_writes_the_page_of_a_run_and_says_where(cct_text, folder):
    outcome = cct_text("report", folder)
    assert (outcome.code, outcome.out) == (0, f"{folder / 'report.html'}\n")
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
