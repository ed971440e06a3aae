"""Names of gensim-data go through gensim's own downloader, of which the user hears nothing."""

import gzip
import hashlib
import json

import gensim.downloader
import pytest

from cct_text.errors import ResourceError
from cct_text.vectors import load_vectors
from tests.support.http_server import address_without_server


@pytest.fixture
def gensim_data(tmp_path, monkeypatch):
    """Let gensim's own downloader keep its files in a folder of the test and ask a server."""

    def ask(url):
        monkeypatch.setattr(gensim.downloader, "BASE_DIR", str(tmp_path / "gensim-data"))
        monkeypatch.setattr(gensim.downloader, "DOWNLOAD_BASE_URL", url)
        monkeypatch.setattr(gensim.downloader._load_info, "__defaults__", (f"{url}/list.json", "utf-8"))

    return ask


def test_a_name_of_gensim_data_is_fetched_through_gensim_and_nothing_of_it_is_run(server, gensim_data, capfd):
    name, content = "glove-of-the-test-2", gzip.compress(b"1 2\nword 5 0\n")
    entry = {"parts": 1, "file_name": f"{name}.gz", "checksum": hashlib.md5(content).hexdigest()}
    server.serve("/list.json", json.dumps({"corpora": {}, "models": {name: entry}}).encode())
    server.serve(f"/{name}/__init__.py", b"raise SystemExit('it was run')")
    server.serve(f"/{name}/{name}.gz", content)
    gensim_data(server.url)
    assert load_vectors(name).matrix.tolist() == [[5, 0]]
    assert capfd.readouterr().out == ""


def test_a_name_that_gensim_cannot_fetch_is_told_without_a_traceback(gensim_data, capfd, caplog):
    gensim_data(address_without_server())
    with pytest.raises(ResourceError) as caught:
        load_vectors("glove-wiki-gigaword-50")
    first, second = str(caught.value).splitlines()
    assert first.startswith("glove-wiki-gigaword-50: cannot be fetched through gensim-data: ")
    assert second.startswith("Download it elsewhere and give its path, or use one of glove.6B.50d,")
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []
