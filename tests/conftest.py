"""What all tests share."""

import sys
from dataclasses import dataclass

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


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def cct_text(monkeypatch, capfd):
    """Runs `cct-text ARGUMENTS` in this process, in the folder `cwd`: exit code, standard output, standard error."""
    from cct_text_cli.main import main

    def run(*arguments: object, cwd: object = None) -> Outcome:
        if cwd is not None:
            monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["cct-text", *map(str, arguments)])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code or 0
        return Outcome(code, *capfd.readouterr())

    return run
