"""Files by name, folder, glob and URL."""

import pytest

from cct_text.distributed.output import OutputFolder
from cct_text.distributed.sources import find_sources, open_source
from cct_text.errors import DataError, ResourceError, UsageError
from tests.support.http_server import Reply, address_without_server


@pytest.fixture
def folder(tmp_path):
    for name in ("b.csv", "a.csv", "deeper/c.csv", "_SUCCESS", ".hidden", "deeper/_temporary/d.csv", "a[1].txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def names(folder, *patterns):
    found = [source.name for source in find_sources([str(folder / pattern) for pattern in patterns])]
    return [name.removeprefix(f"{folder}/") for name in found]


def test_a_folder_is_all_files_in_it_but_hidden_ones(folder):
    assert names(folder, ".") == ["a.csv", "a[1].txt", "b.csv", "deeper/c.csv"]


def test_arguments_keep_their_order_and_a_file_named_twice_is_read_once(folder):
    assert names(folder, "b.csv", "*.csv", "deeper") == ["b.csv", "a.csv", "deeper/c.csv"]
    assert names(folder, "**/*.csv") == ["a.csv", "b.csv", "deeper/c.csv"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(folder):
    assert names(folder, "a[1].txt") == ["a[1].txt"]


def test_a_hidden_file_is_read_where_it_is_named(folder):
    assert names(folder, "_SUCCESS") == ["_SUCCESS"]


def test_another_size_or_time_is_another_version(folder):
    (before,) = find_sources([str(folder / "a.csv")])
    (folder / "a.csv").write_text("other")
    assert find_sources([str(folder / "a.csv")]) != [before]
    assert before.size == 5


def test_paths_may_be_relative_and_urls(folder, monkeypatch):
    monkeypatch.chdir(folder)
    expected = find_sources([str(folder / "a.csv")])
    assert find_sources(["a.csv"]) == find_sources([(folder / "a.csv").as_uri()]) == expected


def test_a_file_of_a_web_server_has_its_etag_as_version(server):
    url = server.serve("/a.csv", Reply(b"text\nx\n", headers={"ETag": '"one"'}))
    (source,) = find_sources([url])
    assert (source.name, source.size, source.version) == (url, 7, '"one"')
    with open_source(url, streamed=True) as stream:
        assert stream.read() == b"text\nx\n"


@pytest.mark.parametrize(
    ("pattern", "error", "told"),
    [
        ("nowhere.csv", DataError, "nowhere.csv: no such file or folder"),
        ("nowhere/*.csv", DataError, "nowhere/*.csv: no file there"),
        ("empty", DataError, "empty: no file there"),
        ("-", UsageError, "standard input cannot be shared among workers; name files"),
        ("gopher://host/x", UsageError, "gopher://host/x: Protocol not known: gopher"),
        ("smb://host/x", ResourceError, "smb://host/x: SMB requires"),
        ("http://nobody/x.csv", DataError, "/x.csv: "),
    ],
)
def test_what_is_not_there_is_told_in_one_line(tmp_path, monkeypatch, pattern, error, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(error) as raised:
        find_sources([pattern.replace("http://nobody", address_without_server())])
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_output_folder_by_url_takes_files_whole(tmp_path):
    folder = OutputFolder("memory://there/labels")
    assert folder.names() == set()
    folder.write("part-0", b"one")
    folder.write("part-0", b"two")
    folder.write(".part-1.abc.part", b"half")
    assert folder.filesystem.cat_file("/there/labels/part-0") == b"two"
    folder.tidy()
    assert folder.names() == {"part-0"}
