"""What all tests share."""

import pytest
import torch

from tests.support.http_server import http_server


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """The networks here are too small for two, and weights depend on their number."""
    torch.set_num_threads(1)


@pytest.fixture
def server(monkeypatch):
    """A server on loopback, which no proxy stands before."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with http_server() as server:
        yield server
