"""A run on files of a user's own, in folders whose names are nobody's business."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cct_text.datasets import load_dataset
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train

SECRETS = ("ann-smith", "acme-layoffs", "private-vectors")
"""Folders of the run's data and vectors."""


def train_own(folder: Path) -> Path:
    """Train on the embedded questions as CSV files, with vectors of a file; the run folder."""
    person, data, vectors = (folder / name for name in SECRETS)
    for path in (person, data, vectors):
        path.mkdir()
    questions = load_dataset("questions")
    for name, split in (("tickets", questions.train), ("held-out", questions.dev), ("final", questions.test)):
        rows = zip(split.texts.to_pylist(), split.labels, strict=True)
        quoted = ((text.replace('"', '""'), questions.labels[label]) for text, label in rows)
        lines = "".join(f'"{text}",{label}\n' for text, label in quoted)
        (data / f"{name}.csv").write_text(f"text,label\n{lines}", encoding="utf-8")
    words = ("the", "who", "what", "where", "how", "many", "is", "of")
    numbers = np.random.default_rng(0).normal(size=(len(words), 16)).round(3)
    (vectors / "small.txt").write_text(
        "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in zip(words, numbers, strict=True))
    )
    values = {
        "dev": str(data / "held-out.csv"),
        "test": str(data / "final.csv"),
        "data_dir": str(person),
        "vectors": str(vectors / "small.txt"),
        "epochs": 2,
        "min_epoch_steps": 1,
        "width": 16,
        "vocabulary_extra_words": 0,
    }
    run = person / "run"
    train(resolve_config(str(data / "tickets.csv"), values=values), run)
    return run
