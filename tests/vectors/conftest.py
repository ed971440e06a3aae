"""Every test has a cache of its own and no folder of vectors; what is built in the background ends with the test."""

import threading

import pytest


def wait_for_background():
    """Return when no file of word vectors is being converted."""
    for thread in threading.enumerate():
        if thread.name.startswith("vectors of "):
            thread.join()


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """The cache's folder."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CCT_TEXT_HOME", str(home))
    monkeypatch.delenv("CCT_TEXT_VECTORS", raising=False)
    yield home
    wait_for_background()
