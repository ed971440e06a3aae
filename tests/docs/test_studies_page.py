"""The commands of docs/studies.md and docs/tuning.md work as shown, on small files in the official formats."""

import numpy as np
import pytest

from tests.support.doc_pages import commands
from tests.support.official_files import NEWS, QUESTIONS, TREES, write_news, write_trec, write_trees
from tests.support.user_files import as_csv
from tests.support.vector_files import glove

WORDS = [
    "how",
    "many",
    "people",
    "live",
    "in",
    "town",
    "where",
    "is",
    "hill",
    "who",
    "wrote",
    "book",
    "a",
    "good",
    "film",
]
SHORTER = {
    "compare": ["--epochs", "1", "--seeds", "1"],
    "curve": ["--epochs", "1", "--seeds", "1", "--rows", "50,all"],
    "pooling": ["--epochs", "1", "--seeds", "1", "--max-pieces", "16"],
    "reproduce": ["--set", "epochs=1", "--seeds", "1"],
    "tune": ["--epochs", "1", "--trials", "2"],
    "train": ["--epochs", "1"],
}
"""Put behind a command, where a later value counts: how the commands end sooner."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Data sets, a file of one's own and vectors, all small."""
    folder = tmp_path_factory.mktemp("user")
    write_trec(folder / "data" / "trec", QUESTIONS)
    write_news(folder / "data" / "ag_news", NEWS | {"train": NEWS["train"] * 50})
    write_trees(folder / "data" / "sst", {split: [*trees] * 20 for split, trees in TREES.items()})
    rows = [
        ("good", f"a good film, number {row}") if row % 2 else ("bad", f"who wrote book {row} ?") for row in range(80)
    ]
    (folder / "mine.csv").write_bytes(as_csv(rows))
    for dim in (50, 100):
        vectors = np.random.default_rng(0).normal(size=(len(WORDS), dim)).astype(np.float32)
        (folder / f"glove.6B.{dim}d.txt").write_bytes(glove(WORDS, vectors))
    return folder


@pytest.mark.parametrize("page", ["studies.md", "tuning.md"])
def test_the_commands_of_the_page_work_one_after_the_other(cct_text, folder, monkeypatch, page):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CCT_TEXT_DATA", str(folder / "data"))
    monkeypatch.setenv("CCT_TEXT_VECTORS", str(folder))
    for command in commands(page):
        shorter = SHORTER[command[0]]
        if "--quick" in command:  # which names the seeds
            shorter = ["--set", "epochs=1", "--set", "width=16"]
        outcome = cct_text(*command, *shorter)
        assert outcome.code == 0, f"{' '.join(command)}\n{outcome.err}"
