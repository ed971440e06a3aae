"""What all tests share."""

import sys
from dataclasses import dataclass
from threading import Event

import pytest
import torch
from hypothesis import settings

from tests.support.http_server import http_server
from tests.support.hub_server import hub_server
from tests.support.own_run import train_own
from tests.support.tagged_questions import tagged_config, write_splits

settings.register_profile("suite", deadline=None)  # a busy machine is no fault
settings.load_profile("suite")


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


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub on loopback as the one that `huggingface_hub` uses, with a cache of its own and a token for `ann`."""
    from huggingface_hub import constants

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with hub_server() as server:
        server.models.tokens["hf_ann"] = {"ann"}
        monkeypatch.setenv("HF_TOKEN", "hf_ann")
        for name, value in {
            "ENDPOINT": server.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}",
            "HF_HUB_OFFLINE": False,
            "HF_HUB_CACHE": str(tmp_path / "hub"),
            "HF_HUB_DISABLE_XET": True,  # the server speaks the older protocol of large files
            "HF_TOKEN_PATH": str(tmp_path / "token"),
        }.items():
            monkeypatch.setattr(constants, name, value)
        yield server


@pytest.fixture(scope="session")
def own_run(tmp_path_factory):
    """A run on files of one's own, under folders with telling names."""
    return train_own(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="session")
def questions_run(tmp_path_factory):
    """A run folder: a small network, trained for a few epochs on the embedded questions."""
    from cct_text.training.recipes import resolve_config
    from cct_text.training.run import train

    options = {"epochs": 6, "width": 32, "heads": 2, "learning_rate": 0.005, "min_epoch_steps": 20}
    folder = tmp_path_factory.mktemp("runs") / "questions"
    train(resolve_config("questions", values=options), folder)
    return folder


@pytest.fixture(scope="session")
def tagged_files(tmp_path_factory):
    """CSV files of questions with several labels each, or none, by split."""
    return write_splits(tmp_path_factory.mktemp("tagged"))


@pytest.fixture(scope="session")
def tagged_run(tagged_files, tmp_path_factory):
    """A run folder on them."""
    from cct_text.training.run import train

    folder = tmp_path_factory.mktemp("runs") / "tagged"
    train(tagged_config(tagged_files), folder)
    return folder


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _ctrl_c_ends_with_its_test():
    """A test that interrupts the command in this process stops no conversion of vectors in the tests behind it."""
    from cct_text.vectors import store
    from cct_text_cli import main

    # Not by the fixture `monkeypatch`, which would then be there before all others and undo what a test set only after them.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "_interrupted", False)
        patch.setattr(store, "_stopping", Event())
        yield


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
