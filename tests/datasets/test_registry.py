import re
from urllib.parse import urlsplit

import pytest

from cct_text.datasets.registry import ENTRIES, entry_named
from cct_text.errors import UsageError

FILES = {file.name: file for entry in ENTRIES.values() for file in entry.files}


def test_the_names_are_those_of_the_documentation():
    assert list(ENTRIES) == ["questions", "trec", "trec-fine", "sst2", "sst3", "sst5", "ag_news", "imdb", "dbpedia"]
    assert all(entry_named(name).name == name for name in ENTRIES)


def test_every_data_set_says_what_it_is_under_which_licence_and_where_it_is_described():
    for entry in ENTRIES.values():
        assert entry.title
        assert entry.licence
        assert entry.homepage == "embedded" or urlsplit(entry.homepage).scheme in ("http", "https")


@pytest.mark.parametrize(
    ("name", "classes"),
    {"questions": 6, "trec": 6, "sst2": 2, "sst3": 3, "sst5": 5, "ag_news": 4, "imdb": 2, "dbpedia": 14}.items(),
)
def test_the_number_of_classes_is_the_published_one(name, classes):
    assert len(set(ENTRIES[name].labels)) == len(ENTRIES[name].labels) == classes


def test_files_are_fetched_over_https_with_a_limit_on_their_size():
    for file in FILES.values():
        assert file.urls
        assert all(urlsplit(url).scheme == "https" for url in file.urls)
        assert file.max_bytes <= 1 << 28


def test_every_file_but_the_trees_has_a_published_checksum():
    assert [name for name, file in FILES.items() if file.checksum is None] == ["trainDevTestTrees_PTB.zip"]
    for file in FILES.values():
        assert re.fullmatch("md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", file.checksum or f"md5:{32 * '0'}")


def test_data_sets_that_are_one_file_share_it():
    assert ENTRIES["trec"].files is ENTRIES["trec-fine"].files
    assert ENTRIES["sst2"].files is ENTRIES["sst3"].files is ENTRIES["sst5"].files
    assert ENTRIES["sst2"].folder == ENTRIES["sst3"].folder == ENTRIES["sst5"].folder


def test_a_name_that_is_nearly_one_is_answered_with_it():
    with pytest.raises(UsageError, match=r"unknown data set 'sst4'; did you mean sst5 or sst3 or sst2; a file"):
        entry_named("sst4")
