"""A name is looked for in a known order, downloaded once, and a wrong one is answered with the way out."""

import gzip
import io
import os
import zipfile
from dataclasses import dataclass

import pytest

from cct_text.download import RemoteFile
from cct_text.errors import ResourceError
from cct_text.vectors import load_vectors
from cct_text.vectors.names import NAMES, NamedVectors
from cct_text.vectors.sources import find, locate
from tests.support.http_server import Reply, address_without_server

NAME = "glove.6B.100d"


def text(value):
    """A file with one word, whose number tells where it was found."""
    return f"word {value} 0\n".encode()


def official_zip(**values):
    """The bytes of a zip like glove.6B.zip: its members by their width, each with a number."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for dim, value in values.items():
            archive.writestr(f"glove.6B.{dim.removeprefix('d')}d.txt", text(value))
    return content.getvalue()


def found(name=NAME):
    """The number that tells where the vectors were found."""
    return load_vectors(name).matrix[0, 0]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """$CCT_TEXT_VECTORS."""
    folder = tmp_path / "vectors"
    folder.mkdir()
    monkeypatch.setenv("CCT_TEXT_VECTORS", str(folder))
    return folder


@pytest.fixture
def downloads(home):
    """The cache's downloads."""
    (home / "downloads").mkdir()
    return home / "downloads"


@dataclass(frozen=True)
class LocalVectors(NamedVectors):
    """Vectors that are fetched from a server of the test."""

    url: str

    @property
    def remote(self):
        return RemoteFile(self.archive, (self.url,))


@pytest.fixture
def fetched_from(monkeypatch):
    """Let the registry say that the archive of all GloVe 6B vectors is at an address."""

    def change(url):
        for dim in (50, 100):
            local = LocalVectors(f"glove.6B.{dim}d", "glove.6B.zip", 400_000, dim, "Wikipedia", url)
            monkeypatch.setitem(NAMES, local.name, local)

    return change


@pytest.fixture
def without_package(monkeypatch):
    monkeypatch.setattr("cct_text.vectors.sources.GLOVE_PACKAGE", "a_package_that_is_not_installed")


# The order


def test_a_path_goes_before_everything(folder, tmp_path, monkeypatch):
    (folder / f"{NAME}.txt").write_bytes(text(2))
    (tmp_path / NAME).write_bytes(text(1))
    monkeypatch.chdir(tmp_path)
    assert found() == 1


def test_the_folder_of_the_environment_goes_before_cache_and_download(folder, downloads, server, fetched_from):
    fetched_from(server.serve("/glove.6B.zip", official_zip(d100=3)))
    (folder / f"{NAME}.txt").write_bytes(text(1))
    (downloads / f"{NAME}.txt").write_bytes(text(2))
    assert found() == 1
    (folder / f"{NAME}.txt").unlink()
    assert found() == 2
    assert server.requests == []
    (downloads / f"{NAME}.txt").unlink()
    assert found() == 3


def test_the_folder_of_the_environment_goes_before_the_package_and_the_package_before_the_cache(folder, downloads):
    (folder / "glove.6B.50d.txt").write_bytes(text(1))
    (downloads / "glove.6B.50d.txt").write_bytes(text(2))
    assert found("glove.6B.50d") == 1
    (folder / "glove.6B.50d.txt").unlink()
    assert find("glove.6B.50d").package
    assert load_vectors("glove.6B.50d", top=1).words == ["the"]


def test_without_the_package_the_cache_is_next(downloads, without_package):
    (downloads / "glove.6B.50d.txt").write_bytes(text(2))
    assert found("glove.6B.50d") == 2


def test_of_several_folders_the_first_that_has_the_vectors_counts(tmp_path, monkeypatch):
    folders = [tmp_path / "nowhere", tmp_path / "empty", tmp_path / "a", tmp_path / "b"]
    for value, folder in enumerate(folders[1:]):
        folder.mkdir()
        if value:
            (folder / f"{NAME}.txt").write_bytes(text(value))
    monkeypatch.setenv("CCT_TEXT_VECTORS", os.pathsep.join(["", *map(str, folders)]))
    assert found() == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (f"{NAME}.txt", text(1)),
        (f"{NAME}.txt.gz", gzip.compress(text(1))),
        (f"{NAME}.bin", b"1 2\nword \x00\x00\x80\x3f\x00\x00\x00\x00"),
        ("glove.6B.zip", official_zip(d50=2, d100=1)),
    ],
    ids=["txt", "txt.gz", "bin", "zip"],
)
def test_a_folder_may_hold_the_vectors_in_any_format(folder, name, content):
    (folder / name).write_bytes(content)
    assert found() == 1
    assert str(find(NAME)).startswith(str(folder / name))


def test_an_official_zip_that_holds_a_part_only_serves_that_part(folder, downloads):
    (folder / "glove.6B.zip").write_bytes(official_zip(d300=2))
    (downloads / "glove.6B.zip").write_bytes(official_zip(d100=1))
    assert found("glove.6B.300d") == 2
    assert found("glove.6B.100d") == 1


def test_a_zip_that_cannot_be_read_is_passed_over(folder, downloads):
    (folder / "glove.6B.zip").write_bytes(official_zip(d100=2)[:-5])
    (downloads / "glove.6B.zip").write_bytes(official_zip(d100=1))
    assert found() == 1


def test_a_location_is_shown_as_one_would_write_it(folder):
    (folder / "glove.6B.zip").write_bytes(official_zip(d100=1, d300=2))
    assert str(find("glove.6B.300d")) == f"{folder}/glove.6B.zip!glove.6B.300d.txt"
    assert found(str(find("glove.6B.300d"))) == 2


# The download


def test_what_is_nowhere_is_downloaded_once_for_all_widths(server, fetched_from, without_package, downloads):
    fetched_from(server.serve("/glove.6B.zip", official_zip(d50=1, d100=2)))
    assert find("glove.6B.100d") is None
    assert [found("glove.6B.100d"), found("glove.6B.50d"), found("glove.6B.100d")] == [2, 1, 2]
    assert len(server.requests) == 1
    assert str(locate("glove.6B.100d")) == f"{downloads}/glove.6B.zip!glove.6B.100d.txt"


def test_a_download_that_fails_is_told_with_the_way_out(server, fetched_from):
    url = server.serve("/glove.6B.zip", Reply(status=404))
    fetched_from(url)
    with pytest.raises(ResourceError) as caught:
        load_vectors(NAME)
    assert str(caught.value).splitlines() == [
        f"cannot fetch glove.6B.zip: {url}: HTTP 404",
        "Put glove.6B.zip or glove.6B.100d.txt into a folder and set CCT_TEXT_VECTORS to it; "
        "pip install 'cct-text[glove]' brings those of --vectors glove.6B.50d.",
    ]


def test_without_a_network_the_package_is_offered_where_there_is_one(fetched_from, without_package):
    fetched_from(f"{address_without_server()}/glove.6B.zip")
    with pytest.raises(
        ResourceError, match="set CCT_TEXT_VECTORS to it; pip install 'cct-text\\[glove\\]' brings them"
    ):
        load_vectors("glove.6B.50d")


def test_a_page_in_the_place_of_the_archive_is_told_and_not_kept(server, fetched_from, home):
    fetched_from(server.serve("/glove.6B.zip", b"<html>Please log in</html>", official_zip(d100=1)))
    with pytest.raises(ResourceError, match="/glove.6B.zip: a wrong file: no zip; it was removed"):
        load_vectors(NAME)
    assert not list((home / "downloads").glob("*.zip*[!k]"))
    assert found() == 1


def test_every_name_has_an_official_address():
    assert sorted({address for named in NAMES.values() for address in named.remote.urls}) == [
        "https://nlp.stanford.edu/data/glove.42B.300d.zip",
        "https://nlp.stanford.edu/data/glove.6B.zip",
        "https://nlp.stanford.edu/data/glove.840B.300d.zip",
        "https://nlp.stanford.edu/data/glove.twitter.27B.zip",
    ]
    assert all(named.name.endswith(f".{named.dim}d") for named in NAMES.values())


# Names that lead nowhere


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("glove.6B.10d", "unknown word vectors 'glove.6B.10d'; did you mean glove.6B.100d or"),
        ("glove.twiter.27B.25d", "did you mean glove.twitter.27B.25d or"),
        ("glove.6b.300d", "did you mean glove.6B.300d or"),
        ("elmo", "unknown word vectors 'elmo'; known are: glove.6B.50d, glove.6B.100d, glove.6B.200d, glove.6B.300d,"),
        ("nowhere/glove.txt", "no file nowhere/glove.txt, and unknown word vectors"),
        ("glove.txt", "no file glove.txt, and unknown word vectors 'glove.txt'"),
        ("nowhere.zip!m.txt", "no file nowhere.zip!m.txt, and unknown word vectors"),
        (".", "unknown word vectors '.'"),
        ("x" * 5000, "unknown word vectors 'xxx"),
        ("a\nb\x00", r"unknown word vectors 'a\nb\x00'"),
    ],
)
def test_an_unknown_name_is_answered_in_a_line_with_near_ones(name, told):
    with pytest.raises(ResourceError) as caught:
        load_vectors(name)
    assert told in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
