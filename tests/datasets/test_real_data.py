"""The published data sets, as far as $CCT_TEXT_DATA holds them, and the embedded one: what is known of them, counted."""

import csv
import hashlib
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cct_text.config import DataConfig
from cct_text.datasets import load_dataset
from cct_text.datasets.official import _tree_nodes
from cct_text.datasets.registry import ENTRIES
from tests.support.official_files import rows_of
from tests.support.real_data import DATA, of, there

ROWS = {
    "questions": (420, 60, 120),
    "trec": (4907, 545, 500),
    "trec-fine": (4907, 545, 500),
    "sst2": (6920, 872, 1821),
    "sst3": (8544, 1101, 2210),
    "sst5": (8544, 1101, 2210),
}
LABELS = {"questions": 6, "trec": 6, "trec-fine": 50, "sst2": 2, "sst3": 3, "sst5": 5, "ag_news": 4}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Loads a real data set, each but once, into a cache of this module's own."""
    loaded = {}
    home = tmp_path_factory.mktemp("home")

    def load(name, **options):
        key = (name, *options.items())
        if key not in loaded:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("CCT_TEXT_HOME", str(home))
                loaded[key] = load_dataset(DataConfig(dataset=name, data_dir=DATA, **options))
        return loaded[key]

    return load


@pytest.mark.parametrize("name", there(*ROWS))
def test_splits_have_the_published_number_of_rows_and_classes(real, name):
    dataset = real(name)
    assert (len(dataset.train), len(dataset.dev), len(dataset.test)) == ROWS[name]
    assert len(dataset.labels) == LABELS[name]
    for split in (dataset.train, dataset.dev, dataset.test):
        assert len(split.texts) == len(split)
        assert split.texts.null_count == 0


@pytest.mark.parametrize("name", there(*ROWS, "ag_news"))
def test_every_class_has_rows_in_train_and_no_text_is_empty(real, name):
    dataset = real(name)
    assert set(np.unique(dataset.train.labels)) == set(range(LABELS[name]))
    for split in (dataset.train, dataset.dev, dataset.test):
        assert all(text.strip() for text in split.texts.to_pylist())


@pytest.mark.parametrize("name", there("questions", "trec", "trec-fine", "ag_news"))
def test_the_dev_cut_keeps_the_share_of_every_class(real, name):
    dataset = real(name)
    train, dev = (np.bincount(split.labels, minlength=LABELS[name]) for split in (dataset.train, dataset.dev))
    share = len(dataset.dev) / (len(dataset.dev) + len(dataset.train))
    assert (np.abs(dev - (train + dev) * share) <= 1).all()


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        (name, {"questions": 0, "trec": 10, "trec-fine": 10, "sst2": 2, "sst3": 2, "sst5": 2}[name])
        for name in there(*ROWS)
    ],
)
def test_the_test_rows_whose_text_stands_in_train_are_counted(real, name, seen):
    assert real(name).test_seen_in_train.sum() == seen


@pytest.mark.parametrize("name", there("questions", "trec"))
def test_the_sha_256_of_a_file_is_told_as_it_is(real, name):
    for file, checksum in real(name).files.items():
        content = (Path(DATA) / ENTRIES[name].folder / file).read_bytes()
        assert checksum == hashlib.sha256(content).hexdigest()


@of("trec")
def test_trec_is_read_line_for_line_and_its_bytes_beyond_ascii_are_letters(real):
    dataset = real("trec", dev_fraction=0.0)
    lines = (Path(DATA) / "trec" / "train_5500.label").read_bytes().decode("iso-8859-1").split("\n")[:-1]
    assert [(label, text) for label, text in rows_of(dataset.train, dataset.labels)] == [
        (line.split(":")[0], line.split(" ", 1)[1]) for line in lines
    ]
    assert rows_of(dataset.train, dataset.labels)[0] == ("DESC", "How did serfdom develop in and then leave Russia ?")
    assert any(not text.isascii() for text in dataset.train.texts.to_pylist())


@of("sst2")
@pytest.mark.parametrize("name", ["sst2", "sst3", "sst5"])
def test_phrases_never_hold_a_whole_sentence_of_dev_or_test(real, name):
    plain, dataset = real(name), real(name, phrases=True)
    held_out = {*dataset.dev.texts.to_pylist(), *dataset.test.texts.to_pylist()}
    sentences = plain.train.texts.to_pylist()
    phrases = dataset.train.texts.to_pylist()
    assert phrases[: len(sentences)] == sentences
    assert not held_out & set(phrases[len(sentences) :])
    added = rows_of(dataset.train, dataset.labels)[len(sentences) :]
    assert len(added) == len(set(added)) > 60_000
    assert dataset.test.texts == plain.test.texts


@of("sst5")
def test_sentiment_trees_have_the_published_number_of_nodes_and_no_escapes_are_left(real):
    archive = Path(DATA) / "sst" / "trainDevTestTrees_PTB.zip"
    assert sum(1 for _ in _tree_nodes(archive, "train")) == 318_582
    texts = real("sst5").train.texts.to_pylist() + real("sst5").test.texts.to_pylist()
    assert not [text for text in texts if re.search(r"-[LR]RB-|\\[/*]", text)]
    assert any(" ( " in text for text in texts)


@of("ag_news")
def test_ag_news_has_every_row_of_its_files_without_their_escapes(real):
    dataset = real("ag_news")
    with (Path(DATA) / "ag_news" / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = sum(1 for _ in csv.reader(file))
    # A part of the official file, or the whole.
    assert rows in (63_177, 120_000)
    assert len(dataset.train) + len(dataset.dev) == rows
    assert len(dataset.dev) == round(rows / 10)
    assert Counter(dataset.test.labels.tolist()) == dict.fromkeys(range(4), 1900)
    texts = dataset.train.texts.to_pylist() + dataset.test.texts.to_pylist()
    left = re.compile(r"\\|&[lg]t;|(?<!\w)(#39|quot|amp);|</?[bBaA]>|  ")
    assert [text for text in texts if left.search(text)] == []


@of("imdb")
def test_imdb_has_25_000_reviews_of_each_split_and_no_break_is_left(real):
    dataset = real("imdb")
    assert (len(dataset.train), len(dataset.dev), len(dataset.test)) == (22_500, 2_500, 25_000)
    for split in (dataset.train, dataset.dev, dataset.test):
        assert Counter(split.labels.tolist()) == dict.fromkeys(range(2), len(split) // 2)
        assert not [text for text in split.texts.to_pylist() if re.search("<br", text, re.IGNORECASE)]
    assert dataset.test_seen_in_train.sum() == 123
