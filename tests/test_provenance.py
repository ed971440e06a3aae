"""What a run says of where it was made."""

import platform
import subprocess

from cct_text import provenance


def git(folder, *arguments):
    name = ["-c", "user.name=A", "-c", "user.email=a@b"]
    return subprocess.run(
        ["git", "-C", folder, *name, *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_commit_is_the_one_checked_out_with_a_mark_where_files_differ(tmp_path, monkeypatch):
    library = tmp_path / "cct_text" / "provenance.py"
    library.parent.mkdir()
    library.write_text("first\n", encoding="utf-8")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    monkeypatch.setattr(provenance, "__file__", str(library))
    assert provenance.commit.__wrapped__() == git(tmp_path, "rev-parse", "--short", "HEAD")
    library.write_text("changed\n", encoding="utf-8")
    assert provenance.commit.__wrapped__() == git(tmp_path, "rev-parse", "--short", "HEAD") + "+"


def test_an_installed_library_has_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "cct_text" / "provenance.py"))
    assert provenance.commit.__wrapped__() is None


def test_without_git_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.commit.__wrapped__() is None


def test_processor_and_versions_are_known():
    found = provenance.provenance()
    assert found["processor"]
    assert found["versions"]["python"] == platform.python_version()
    assert provenance.cpuinfo("no such thing") == ""
