"""What docs/sharing.md shows works as shown, against a hub on loopback, and its table names what is sent."""

import re
import shutil
from importlib import import_module

import pytest

from cct_text.hub.fetching import PULLED_FILES
from cct_text.sharing.shared_copy import SHARED_FILES
from tests.support.doc_pages import commands, page, python_of

PAGE = page("sharing.md")


@pytest.fixture
def folder(hub, own_run, tmp_path, monkeypatch):
    """A folder as the page supposes it."""
    shutil.copytree(own_run, tmp_path / "runs" / "mail")
    (tmp_path / "new.txt").write_text("Who wrote it ?\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_and_the_python_work_one_after_the_other(cct_text, folder):
    shown = commands("sharing.md")
    assert [command[0] for command in shown] == ["push", "push", "pull", "predict"]
    for command in shown:
        outcome = cct_text(*command)
        assert outcome.code == 0, f"{' '.join(command)}\n{outcome.err}"
    (code,) = python_of("sharing.md")
    exec(code, names := {})
    assert names["ids"] == names["tokenizer"].encode("win a prize now").ids
    assert "embedding.weight" in names["weights"]


def test_the_functions_that_are_named_are_there():
    named = re.findall(r"`(cct_text\.[\w.]+)\.(\w+)`", PAGE)
    assert len(named) == 3
    assert all(callable(getattr(import_module(module), name)) for module, name in named)


def test_the_table_names_all_files_that_are_sent_and_those_that_are_taken():
    table = PAGE.partition("## What is sent")[2].partition("\nWhat you should know")[0]
    named = {
        name for cell in re.findall(r"^\|([^|]+)\|", table, re.MULTILINE) for name in re.findall(r"`([^`]+)`", cell)
    }
    assert named == set(SHARED_FILES)
    assert set(SHARED_FILES) - set(PULLED_FILES) == {"report.html"}
