import logging
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from cct_text.datasets.cache import load_cached, save_cached
from cct_text.datasets.dataset import Split
from cct_text.datasets.registry import ENTRIES
from tests.support.official_files import TREC, rows_of, write_trec, write_trees


@pytest.fixture
def reads(monkeypatch):
    """Splits that were parsed from the official files, oldest first."""
    parsed = []
    for name in ("trec", "sst2"):
        entry = ENTRIES[name]

        def read(files, split, phrases, reader=entry.read):
            parsed.append(split)
            return reader(files, split, phrases)

        monkeypatch.setitem(ENTRIES, name, replace(entry, read=read))
    return parsed


@pytest.fixture
def trec(load, tmp_path):
    """Loads TREC from the test's own files."""
    write_trec(tmp_path / "data")
    return lambda: load("trec", data_dir=tmp_path / "data", dev_fraction=0.0)


def all_rows(dataset):
    return [rows_of(split, dataset.labels) for split in (dataset.train, dataset.test)]


def test_the_second_time_nothing_is_parsed(trec, reads):
    first = trec()
    assert reads == ["train", "dev", "test"]
    second = trec()
    assert len(reads) == 3
    assert all_rows(second) == all_rows(first)
    assert second.sha256 == first.sha256
    assert second.files == first.files


def test_what_comes_from_the_cache_is_mapped_and_not_copied(trec, home):
    trec()
    before = pa.total_allocated_bytes()
    (folder,) = (home / "datasets").iterdir()
    labels, splits = load_cached(folder.name)
    assert labels == ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
    assert sorted(splits) == ["test", "train"]
    assert pa.total_allocated_bytes() == before


def test_a_file_that_changed_is_read_anew(trec, reads, tmp_path):
    trec()
    changed = {**TREC, "test": [("HUM:ind", "Who changed it ?")]}
    write_trec(tmp_path / "data", changed)
    assert trec().test.texts.to_pylist() == ["Who changed it ?"]
    assert len(reads) == 6
    write_trec(tmp_path / "data")
    assert trec().test.texts.to_pylist() == [text for _, text in TREC["test"]]
    assert len(reads) == 6


def test_the_same_files_in_another_folder_are_not_parsed_again(trec, reads, load, tmp_path):
    trec()
    assert load("trec", data_dir=write_trec(tmp_path / "elsewhere")).source == str(tmp_path / "elsewhere")
    assert len(reads) == 3


def test_options_that_change_the_rows_have_entries_of_their_own(load, reads, tmp_path):
    write_trees(tmp_path)
    plain, phrases = load("sst2", data_dir=tmp_path), load("sst2", data_dir=tmp_path, phrases=True)
    assert len(reads) == 6
    assert load("sst2", data_dir=tmp_path).sha256 == plain.sha256
    assert load("sst2", data_dir=tmp_path, phrases=True).sha256 == phrases.sha256
    assert len(reads) == 6


def test_another_version_of_the_reader_reads_anew(trec, reads, monkeypatch):
    trec()
    monkeypatch.setitem(ENTRIES, "trec", replace(ENTRIES["trec"], version=2))
    trec()
    assert len(reads) == 6


def test_the_embedded_data_set_is_not_kept(load, home):
    load("questions")
    assert not home.exists()


def test_a_cut_of_another_seed_comes_from_the_same_entry(load, reads, tmp_path):
    questions = [(label, f"{text} {number}") for number in range(10) for label, text in TREC["train"]]
    write_trec(tmp_path, {**TREC, "train": questions})
    cuts = [load("trec", data_dir=tmp_path, split_seed=seed).dev.texts.to_pylist() for seed in (0, 1)]
    assert cuts[0] != cuts[1]
    assert len(reads) == 3


# A cache that is damaged, or cannot be written


def damage(path, kind):
    content = path.read_bytes()
    if kind == "gone":
        path.unlink()
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "cut off":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.write_bytes({"of another kind": b"[1, 2, 3]", "no UTF-8": b"\xff" * 9}[kind])


@pytest.mark.parametrize("kind", ["gone", "empty", "cut off", "of another kind", "no UTF-8"])
@pytest.mark.parametrize("file", ["train.arrow", "test.arrow", "content.json"])
def test_a_damaged_file_of_the_cache_is_ignored_and_replaced(trec, reads, home, file, kind):
    whole = trec()
    (folder,) = (home / "datasets").iterdir()
    damage(folder / file, kind)
    assert all_rows(trec()) == all_rows(whole)
    assert len(reads) == 6
    trec()
    assert len(reads) == 6
    assert [path.name for path in (home / "datasets").iterdir()] == [folder.name]


def test_any_wrong_byte_of_the_cache_is_found_or_changes_no_row(home):
    labels = ("a", "b")
    texts = pa.chunked_array([["one", "two", "three"], ["f\u00fcnf"]])
    save_cached("key", labels, {"train": Split(texts, np.array([0, 1, 1, 0]))})
    folder = home / "datasets" / "key"
    found = 0
    for path in (folder / "train.arrow", folder / "content.json"):
        whole = path.read_bytes()
        for position in range(len(whole)):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << position % 8
            path.write_bytes(damaged)
            cached = load_cached("key")
            if cached is None:
                found += 1
            else:
                assert cached[0] == labels
                assert cached[1]["train"].texts.to_pylist() == texts.to_pylist()
                assert cached[1]["train"].labels.tolist() == [0, 1, 1, 0]
        path.write_bytes(whole)
    assert found > 200
    assert load_cached("key") is not None


def test_a_cache_that_cannot_be_written_only_warns(load, reads, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("CCT_TEXT_HOME", str(tmp_path / "file"))
    write_trec(tmp_path / "data")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert len(load("trec", data_dir=tmp_path / "data").test) == 2
    assert len(reads) == 6
    assert len(caplog.messages) == 2
    assert "cannot keep the data set in" in caplog.messages[0]
    assert "it will be read anew next time" in caplog.messages[0]


def test_nothing_is_left_behind_when_a_file_cannot_be_written(home, caplog):
    split = Split(pa.chunked_array([["one"]]), np.array([0]))
    with caplog.at_level(logging.WARNING):
        save_cached("key", ("a", "b"), {"train": split, "no/such/folder": split})
    assert "cannot keep the data set" in caplog.text
    assert list((home / "datasets").iterdir()) == []
