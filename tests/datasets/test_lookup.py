"""Where the official files are looked for: --data-dir, $CCT_TEXT_DATA, the cache, a download, in this order."""

from dataclasses import replace
from hashlib import sha256

import pytest

from cct_text.datasets.loading import find_files
from cct_text.datasets.registry import ENTRIES, entry_named
from cct_text.download import RemoteFile
from cct_text.errors import DataError, ResourceError
from tests.support.http_server import address_without_server, http_server
from tests.support.official_files import TREC, write_news, write_reviews, write_trec, write_trees


@pytest.fixture(autouse=True)
def server(monkeypatch, tmp_path):
    """Publishes TREC with a question of its own; there is no hub."""
    published = write_trec(tmp_path / "published", with_question("from the download"))
    with http_server() as running:
        files = tuple(
            RemoteFile(
                file.name,
                (running.serve(f"/{file.name}", published / file.name),),
                f"sha256:{sha256((published / file.name).read_bytes()).hexdigest()}",
            )
            for file in ENTRIES["trec"].files
        )
        monkeypatch.setitem(ENTRIES, "trec", replace(ENTRIES["trec"], files=files, hub=None))
        yield running


def with_question(text):
    return {**TREC, "test": [("HUM:ind", text)]}


@pytest.fixture
def places(tmp_path, home, monkeypatch):
    """Fills places with TREC, each with a question of its own."""
    folders = {
        "--data-dir": tmp_path / "data-dir" / "trec",
        "$CCT_TEXT_DATA": tmp_path / "variable" / "trec",
        "the cache": home / "downloads" / "trec",
    }

    def fill(*names):
        for name in names:
            write_trec(folders[name], with_question(f"from {name}"))
        monkeypatch.setenv("CCT_TEXT_DATA", str(folders["$CCT_TEXT_DATA"].parent))
        folders["--data-dir"].mkdir(parents=True, exist_ok=True)
        return {"data_dir": folders["--data-dir"].parent}

    return fill


ORDER = ["--data-dir", "$CCT_TEXT_DATA", "the cache", "the download"]


@pytest.mark.parametrize("first", range(4), ids=ORDER)
def test_the_first_place_that_has_the_files_gives_them(load, places, server, first):
    options = places(*ORDER[first:3])
    assert load("trec", **options).test.texts.to_pylist() == [f"from {ORDER[first]}"]
    assert len(server.requests) == (2 if ORDER[first] == "the download" else 0)


def test_what_was_downloaded_is_not_fetched_again(load, server, home):
    assert load("trec").source == str(home / "downloads" / "trec")
    assert load("trec").test.texts.to_pylist() == ["from the download"]
    assert sorted(request.path for request in server.requests) == ["/TREC_10.label", "/train_5500.label"]


def test_only_a_download_is_held_to_the_checksum(load, server, tmp_path, home):
    dataset = load("trec", data_dir=write_trec(tmp_path / "mine", with_question("other bytes")))
    assert dataset.test.texts.to_pylist() == ["other bytes"]
    server.serve("/TREC_10.label", b"HUM:ind Not the file that was promised ?\n")
    with pytest.raises(ResourceError, match="a wrong file: its sha256 is"):
        load("trec")
    assert not (home / "downloads" / "trec" / "TREC_10.label").exists()


@pytest.mark.parametrize("folder", [".", "trec"])
def test_files_lie_in_the_folder_itself_or_in_one_named_after_the_data_set(load, tmp_path, folder):
    write_trec(tmp_path / "mine" / folder, with_question("mine"))
    assert load("trec", data_dir=tmp_path / "mine").test.texts.to_pylist() == ["mine"]


def test_half_of_the_files_is_none(load, places, server):
    options = places("--data-dir", "the cache")
    (options["data_dir"] / "trec" / "TREC_10.label").unlink()
    assert load("trec", **options).test.texts.to_pylist() == ["from the cache"]


def test_a_data_dir_that_is_not_there_is_told(load, tmp_path):
    with pytest.raises(DataError, match=r"nowhere: no such folder \(--data-dir\)"):
        load("trec", data_dir=tmp_path / "nowhere")


def test_without_any_of_them_the_files_and_the_ways_to_give_them_are_told_in_two_lines(load, monkeypatch):
    files = [RemoteFile(name, (f"{address_without_server()}/{name}",)) for name in ("one.label", "two.label")]
    monkeypatch.setitem(ENTRIES, "trec", replace(ENTRIES["trec"], files=tuple(files), hub=None))
    with pytest.raises(ResourceError) as told:
        load("trec")
    lines = str(told.value).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("cannot fetch one.label: http://127.0.0.1")
    assert lines[1] == "Put one.label and two.label into DIR/trec and give --data-dir DIR, or set CCT_TEXT_DATA."


def test_all_data_sets_of_one_folder_are_found_side_by_side(load, tmp_path):
    write_trec(tmp_path / "trec")
    write_news(tmp_path / "ag_news")
    write_trees(tmp_path / "sst")
    write_reviews(tmp_path / "imdb")
    for name in ("trec", "trec-fine", "ag_news", "sst2", "sst3", "sst5", "imdb"):
        assert load(name, data_dir=tmp_path).source == str(tmp_path / ENTRIES[name].folder)


def test_a_folder_of_the_environment_that_is_not_there_is_told(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("CCT_TEXT_DATA", str(tmp_path / "nowhere"))
    for _ in range(2):
        find_files(entry_named("trec"), None)
    assert caplog.text.count("nowhere: no such folder") == 1
