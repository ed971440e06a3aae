"""An archive that breaks off, or has a bit wrong, is an error: never fewer rows, other rows or a traceback."""

from pathlib import Path

import pytest

from cct_text.datasets.official import DBPEDIA_LABELS
from cct_text.errors import DataError
from tests.support.official_files import REVIEWS, news_csv, tar_gz, write_reviews, write_trees


def write_dbpedia(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(label, f"{label} {number}", "described") for label in DBPEDIA_LABELS for number in range(20)]
    members = {f"dbpedia_csv/{split}.csv": news_csv(rows, DBPEDIA_LABELS).encode() for split in ("train", "test")}
    (folder / "dbpedia_csv.tar.gz").write_bytes(tar_gz(members))
    return folder


def write_many_reviews(folder: Path) -> Path:
    more = {f"aclImdb/train/pos/{number}_8.txt": b"Number %d." % number * number for number in range(60)}
    return write_reviews(folder, {**REVIEWS, **more})


ARCHIVES = {
    "sst5": (write_trees, "trainDevTestTrees_PTB.zip"),
    "imdb": (write_many_reviews, "aclImdb_v1.tar.gz"),
    "dbpedia": (write_dbpedia, "dbpedia_csv.tar.gz"),
}


@pytest.fixture(params=ARCHIVES)
def name(request):
    return request.param


@pytest.fixture
def archive(name, tmp_path):
    write, file = ARCHIVES[name]
    return write(tmp_path) / file


def test_an_archive_that_breaks_off_anywhere_is_refused(load, name, archive):
    whole = archive.read_bytes()
    # The last bytes of a .zip are the length of a comment, those of a .gz the length of what is packed.
    for length in [0, 1, 10, *range(20, len(whole), max(1, len(whole) // 60)), len(whole) - 1]:
        archive.write_bytes(whole[:length])
        with pytest.raises(DataError) as told:
            load(name, data_dir=archive.parent)
        assert str(archive) in str(told.value)
        assert len(str(told.value).splitlines()) == 1


def test_a_wrong_bit_is_refused_or_changes_no_row(load, name, archive):
    whole = archive.read_bytes()
    rows = load(name, data_dir=archive.parent).sha256
    refused = []
    for position in range(0, len(whole), max(1, len(whole) // 250)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        archive.write_bytes(damaged)
        try:
            assert load(name, data_dir=archive.parent).sha256 == rows, position
        except DataError as error:
            refused.append(str(error))
    assert len(refused) > 100
    assert all(str(archive) in told for told in refused)


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html><p>404</p>", b"PK\x05\x06" + bytes(18), bytes(4096)])
def test_a_file_that_is_no_archive_is_refused(load, name, archive, content):
    archive.write_bytes(content)
    with pytest.raises(DataError, match=archive.name):
        load(name, data_dir=archive.parent)
