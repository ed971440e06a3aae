"""The embedded questions with several labels each, or none: real texts, labels by rules that a reader can check."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cct_text.config import Config
from cct_text.datasets import Split, load_dataset
from cct_text.inference.classifier import TextClassifier
from cct_text.model.saved import SavedModel
from cct_text.training.recipes import resolve_config

TAGS = ("HUM", "LOC", "NUM", "how", "what")
"""Three of the questions' classes, and two words that they begin with; a question of another class that begins otherwise
has none."""


def tags_of(text: str, label: str) -> tuple[str, ...]:
    """The tags of a question."""
    first = re.match(r"\w*", text).group().lower()
    return tuple(tag for tag in TAGS if tag in (label, first))


def tagged(split: Split, labels: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """The texts of a split with their tags."""
    return [
        (text, tags_of(text, labels[number]))
        for text, number in zip(split.texts.to_pylist(), split.labels, strict=True)
    ]


def texts_by_number_of_labels(classifier: TextClassifier) -> list[str]:
    """Questions of the test split to which a classifier gives no label, one, and several: the first of each."""
    texts = load_dataset("questions").test.texts.to_pylist()
    numbers = [min(len(said), 2) for said in classifier.predict_sets(texts)]
    return [texts[numbers.index(number)] for number in range(3)]


def of_one_label(model: SavedModel) -> SavedModel:
    """What a model says of its first label alone."""
    assert model.thresholds is not None
    head = {name: weight[:1] for name, weight in model.weights.items() if name.startswith("head.")}
    return replace(model, labels=model.labels[:1], thresholds=model.thresholds[:1], weights={**model.weights, **head})


def write_csv(path: Path, rows: Sequence[tuple[str, Sequence[str]]], separator: str = "|") -> Path:
    """Text and joined labels."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "labels"), *((text, separator.join(tags)) for text, tags in rows)])
    return path


def write_jsonl(path: Path, rows: Sequence[tuple[str, Sequence[str]]]) -> Path:
    """A list of labels in each object."""
    path.write_text("".join(json.dumps({"text": text, "labels": tags}) + "\n" for text, tags in rows), encoding="utf-8")
    return path


def write_parquet(path: Path, rows: Sequence[tuple[str, Sequence[str]]]) -> Path:
    """A column of lists."""
    columns: dict[str, Any] = {"text": [text for text, _ in rows], "labels": [list(tags) for _, tags in rows]}
    pq.write_table(pa.table(columns), path)
    return path


def write_fasttext(path: Path, rows: Sequence[tuple[str, Sequence[str]]]) -> Path:
    """Lines with their labels in front."""
    lines = (" ".join([*(f"__label__{tag}" for tag in tags), text]) for text, tags in rows)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def tagged_config(files: Mapping[str, Path], **options: object) -> Config:
    """A small network that learns such files; options as for `Config.with_values`."""
    small = {"embeddings": "learned", "embedding_dim": 32, "width": 32, "vocabulary_extra_words": 0}
    own = {
        "multi_label": True,
        "dev": str(files["dev"]),
        "test": str(files["test"]),
        "learning_rate": 0.003,
        "epochs": 8,
    }
    return resolve_config(str(files["train"]), values={**small, **own, **options})


def write_splits(folder: Path) -> dict[str, Path]:
    """CSV files of the splits train, dev and test by name."""
    questions = load_dataset("questions")
    splits = {"train": questions.train, "dev": questions.dev, "test": questions.test}
    return {name: write_csv(folder / f"{name}.csv", tagged(split, questions.labels)) for name, split in splits.items()}
