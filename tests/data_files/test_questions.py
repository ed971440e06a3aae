"""The embedded data set `questions`: what its data card claims, measured."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "data"
LABELS = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
ROWS_PER_CLASS = {"train": 70, "dev": 10, "test": 20}


def read_split(split: str) -> list[tuple[str, str]]:
    """(label, text) of every row; the standard library's strict reader is the judge of well-formedness."""
    with (DATA / "questions" / f"{split}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    assert header == ["label", "text"]
    return [(label, text) for label, text in rows]


SPLITS = {split: read_split(split) for split in ROWS_PER_CLASS}
QUESTIONS = [row for rows in SPLITS.values() for row in rows]
TEXTS = [text for _, text in QUESTIONS]
DEMO = (DATA / "demo" / "questions.txt").read_text(encoding="utf-8").splitlines()


def words(text: str) -> frozenset[str]:
    """The set of a text's words, lower-cased, without punctuation."""
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """Shared words as a share of all words of both."""
    return len(left & right) / len(left | right)


@pytest.mark.parametrize(("split", "rows_per_class"), ROWS_PER_CLASS.items())
def test_every_split_has_the_same_number_of_rows_of_each_of_the_six_classes(split, rows_per_class):
    assert Counter(label for label, _ in SPLITS[split]) == dict.fromkeys(LABELS, rows_per_class)


@pytest.mark.parametrize("split", ROWS_PER_CLASS)
def test_files_are_ascii_with_line_feeds_and_one_line_per_row(split):
    raw = (DATA / "questions" / f"{split}.csv").read_bytes()
    assert raw.isascii()
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    assert raw.count(b"\n") == 1 + len(SPLITS[split])


@pytest.mark.parametrize("split", ROWS_PER_CLASS)
def test_rows_are_shuffled_so_that_no_class_comes_in_a_long_run(split):
    labels = [label for label, _ in SPLITS[split]]
    assert not any(len(set(labels[start : start + 7])) == 1 for start in range(len(labels) - 6))


def test_every_question_is_stripped_starts_like_a_sentence_and_ends_in_a_question_mark_or_period():
    wrong = [text for text in TEXTS + DEMO if not re.fullmatch(r'(?=["A-Z])(\S+ )+\S*[?.]', text)]
    assert wrong == []


def test_questions_have_4_to_25_words_and_both_ends_occur():
    lengths = {len(text.split()) for text in TEXTS}
    assert min(lengths) == 4
    assert 23 <= max(lengths) <= 25


def test_no_two_of_all_questions_share_half_of_their_words():
    sets = [(text, words(text)) for text in TEXTS + DEMO]
    near = [(one[0], two[0]) for one, two in combinations(sets, 2) if jaccard(one[1], two[1]) >= 0.5]
    assert near == []


def test_no_two_of_all_questions_are_spelt_nearly_alike():
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = TEXTS + DEMO
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)).fit_transform(texts)
    cosines = (vectors @ vectors.T).tocoo()
    near = [
        (texts[i], texts[j])
        for i, j, cosine in zip(cosines.row, cosines.col, cosines.data, strict=True)
        if i < j and cosine >= 0.6
    ]
    assert near == []


def test_no_opening_of_four_words_is_a_template():
    openings = Counter(" ".join(text.lower().split()[:4]) for text in TEXTS)
    assert [opening for opening, count in openings.items() if count > 4] == []


def test_abbreviations_are_not_given_away_by_one_phrase():
    abbreviations = [text.lower() for label, text in QUESTIONS if label == "ABBR"]
    assert sum("what does" in text and "stand for" in text for text in abbreviations) <= 10
    for phrase in ("stand for", "stands for", "short for", "abbreviat", "acronym", "letters", "initials"):
        assert sum(phrase in text for text in abbreviations) <= 25, phrase


@pytest.mark.parametrize("word", ["what", "which", "in", "how", "who", "the"])
def test_common_openings_occur_in_several_classes(word):
    classes = {label for label, text in QUESTIONS if text.lower().split()[0] == word}
    assert len(classes) >= 3


def test_what_opens_questions_of_every_class_but_never_most_of_the_set():
    opened = Counter(label for label, text in QUESTIONS if text.split()[0] == "What")
    assert set(opened) == set(LABELS)
    assert opened.total() < len(QUESTIONS) / 3


def trec_questions() -> list[str]:
    """TREC's questions: all 5,952 where $CCT_TEXT_DATA has the files, otherwise a few of the most tempting to copy."""
    if folder := os.environ.get("CCT_TEXT_DATA"):
        files = [Path(folder) / "trec" / name for name in ("train_5500.label", "TREC_10.label")]
        lines = [line for file in files for line in file.read_text(encoding="iso-8859-1").splitlines()]
        return [line.partition(" ")[2] for line in lines]
    return [
        "What river flows through Vienna , Budapest and Belgrade ?",
        "Who painted the ceiling of the Sistine Chapel ?",
        "When did Elvis Presley die ?",
        "What is the capital of Mongolia ?",
        "What does the acronym NASA stand for ?",
        "What makes popcorn pop ?",
    ]


def test_no_question_nearly_equals_one_of_trec():
    trec = [(text, words(text)) for text in trec_questions()]
    near = [
        (ours, theirs)
        for ours, our_words in ((text, words(text)) for text in TEXTS + DEMO)
        for theirs, their_words in trec
        # Sizes alone bound the similarity from above; most pairs need no intersection.
        if min(len(our_words), len(their_words)) >= 0.6 * max(len(our_words), len(their_words))
        and jaccard(our_words, their_words) >= 0.6
    ]
    assert near == []


def test_demo_holds_six_questions_that_are_not_in_the_set():
    assert len(DEMO) == 6
    assert not set(DEMO) & set(TEXTS)


def test_the_data_card_gives_one_true_example_per_label():
    card = (DATA / "questions" / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"^\| ([A-Z]+) \| .* \| ([^|]+) \|$", card, flags=re.MULTILINE)
    assert [label for label, _ in examples] == list(LABELS)
    assert set(examples) <= set(QUESTIONS)


def test_a_bag_of_n_grams_finds_the_task_neither_trivial_nor_hopeless():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    train_labels, train_texts = zip(*SPLITS["train"], strict=True)
    test_labels, test_texts = zip(*SPLITS["test"], strict=True)
    words_and_pairs = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
    first_word = make_pipeline(
        TfidfVectorizer(analyzer=lambda text: text.split()[:1]), LogisticRegression(max_iter=1000)
    )
    assert 0.55 <= words_and_pairs.fit(train_texts, train_labels).score(test_texts, test_labels) <= 0.85
    assert first_word.fit(train_texts, train_labels).score(test_texts, test_labels) <= 0.4
