"""What docs/coming-from.md shows works as shown: all of ours, and theirs as far as it can be installed."""

import re
import shlex
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.reference import tokenize
from cct_text.datasets import load_dataset
from cct_text.text.tokenizer import split_words
from cct_text.text.vocabulary import Vocabulary
from tests.support.official_files import NEWS, write_news
from tests.support.user_files import as_csv, as_text
from tests.support.vector_files import glove

PAGE = (Path(__file__).parents[2] / "docs" / "coming-from.md").read_text(encoding="utf-8")
SMALL = ["--epochs", "1", "--set", "width=16", "--set", "vocabulary_extra_words=0"]
SHORTER = {
    "compare": [*SMALL, "--seeds", "1", "--jobs", "1"],
    "tune": [*SMALL, "--trials", "1", "--splits", "1", "--jobs", "1"],
    "train": SMALL,
}
"""Put behind a command, where a later value counts: how the commands end sooner."""


def part(title):
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def snippets(title):
    """The Python of a part: theirs, ours."""
    return re.findall(r"```python\n(.*?)```", part(title), re.DOTALL)


def commands(title):
    """The `cct-text` commands of a part, in the right column of its table and below, from top to bottom."""
    found = re.findall(r"`(cct-text [^`]*)`|^    (cct-text .*)", part(title), re.MULTILINE)
    return [shlex.split(cell or line)[1:] for cell, line in found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files that the page supposes, and runs made in them so far."""
    folder = tmp_path_factory.mktemp("user")
    write_news(folder / "data" / "ag_news", NEWS | {"train": NEWS["train"] * 20})
    mail = [("spam", f"win prize number {n} now") if n % 2 else ("ham", f"see you at {n} , Ann") for n in range(60)]
    (folder / "mail.train").write_bytes(as_text(mail))
    (folder / "mail.valid").write_bytes(as_text(mail[:10]))
    (folder / "reviews.csv").write_bytes(
        as_csv([("good", "A fine thing.") if n % 2 else ("bad", "Awful.") for n in range(60)])
    )
    (folder / "mine.vec").write_text("win 0.1 0.2 0.3\nprize 0.3 0.2 0.1\nyou 1 0 1\n")
    words = ("a", "fine", "thing", "the", "in", "leaders", "win", "you", "oil", "goal", "probe")
    numbers = np.random.default_rng(0).normal(size=(len(words), 50)).astype(np.float32)
    (folder / "glove.6B.50d.txt").write_bytes(glove(words, numbers))
    (folder / "cooking.txt").write_text("__label__sauce __label__cheese How much ?\n__label__oil Which oil ?\n")
    (folder / "new.txt").write_text("Which cheese ?\n")
    return folder


@pytest.fixture(autouse=True)
def _here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CCT_TEXT_DATA", str(folder / "data"))
    monkeypatch.setenv("CCT_TEXT_VECTORS", str(folder))


@pytest.mark.parametrize(
    ("title", "count"), [("torchtext", 2), ("fastText", 10), ("scikit-learn", 2), ("Is it worth it?", 1)]
)
def test_the_commands_work_one_after_the_other(cct_text, folder, monkeypatch, title, count):
    assert len(commands(title)) == count
    for command in commands(title):
        if "-" in command:
            monkeypatch.setattr("sys.stdin", (folder / "mail.valid").open())
        outcome = cct_text(*command, *SHORTER.get(command[0], []))
        assert outcome.code == 0, f"{' '.join(command)}\n{outcome.err}"


def test_batches_come_from_texts_as_shown():
    theirs, ours = snippets("torchtext")
    compile(theirs, "torchtext", "exec")  # which cannot be installed beside this torch
    names = {}
    exec(ours, names)
    assert names["logits"].shape == (*names["labels"].shape, 4)
    assert names["vectors"].shape == (len(names["vocabulary"]), 50)
    assert names["found"].sum() > 5


def test_words_have_the_ids_of_torchtext():
    texts = load_dataset("questions").train.texts.to_pylist()
    words = [tokenize(text) for text in texts]  # torchtext's basic_english, and below its build_vocab_from_iterator
    counts = Counter(word for text in words for word in text)
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    expected = ["<pad>", "<unk>", *(word for word, count in ordered if count >= 2)]
    assert list(Vocabulary.build(split_words(texts, "basic_english"), min_count=2).words) == expected


def test_a_file_of_fasttext_trains_both_as_shown():
    theirs, ours = snippets("fastText")
    names = {}
    exec(theirs.replace("wordNgrams=2", "wordNgrams=2, bucket=500_000, thread=1, verbose=0"), names)
    assert set(names["model"].labels) == {"__label__spam", "__label__ham"}
    exec(ours.replace('"test": "mail.valid"', '"test": "mail.valid", "epochs": 1'), names)
    assert names["classifier"].labels == ("ham", "spam")
    assert names["classifier"].predict_proba(["win a prize now"]).shape == (1, 2)


def test_several_labels_name_the_option_that_takes_them(cct_text, folder):
    assert cct_text("train", "cooking.txt", "--out", "runs/one").err == (
        "cct-text: cooking.txt:1: 2 labels, sauce, cheese; a row has one; where it may have several, or none, give "
        "--multi-label (multi_label = true)\n"
    )


def test_reviews_are_classified_by_both_as_shown(cct_text, folder):
    if not (folder / "runs" / "reviews").exists():
        cct_text(*commands("scikit-learn")[0], *SHORTER["train"])
    theirs, ours, *_ = snippets("scikit-learn")
    exec(theirs, names := {})
    assert list(names["model"].classes_) == ["bad", "good"]
    exec(ours, names := {})
    assert list(names["classifier"].labels) == ["bad", "good"]


@pytest.mark.parametrize("library", ["pandas as pd", "polars as pl"])
@pytest.mark.parametrize("side", [2, 3], ids=["theirs", "ours"])
def test_an_estimator_stands_in_the_same_places_as_shown(library, side):
    code = snippets("scikit-learn")[side].replace("random_state=0))", "epochs=1, random_state=0))")
    exec(code.replace("pandas as pd", library).replace("pd.", f"{library[-2:]}."), names := {})
    assert list(names["model"].classes_) == ["bad", "good"]
    assert names["model"].predict_proba(names["test"]["text"]).shape == (12, 2)
    assert set(names["search"].best_params_) <= {"classifier__C", "classifier__word_dropout"}


def test_the_estimator_takes_the_calls_that_the_pipeline_took():
    theirs, ours = (code.partition("\n\ncross_val_score")[2].splitlines() for code in snippets("scikit-learn")[2:])
    assert len(theirs) == len(ours)
    assert [line for line, other in zip(theirs, ours, strict=True) if line != other] == [theirs[1]]
