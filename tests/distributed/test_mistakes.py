"""What people do wrong with `--engine ray` is told in a line or two, before Ray starts."""

import pytest


@pytest.fixture
def folder(tmp_path, own_run):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("Who wrote it ?\n")
    (tmp_path / "in" / "notes.md").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.doc").write_text("x")
    (tmp_path / "run").symlink_to(own_run)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["in/a.txt", "--engine", "spark"], 2, "unknown engine 'spark'; known are: local, ray"),
        (["in/a.txt", "--engine", "ray"], 2, "name it with -o"),
        (["in/a.txt", "--engine", "ray", "-o", "-"], 2, "name it with -o"),
        (["--engine", "ray", "-o", "out"], 2, "--engine ray reads files, folders, globs or URLs; name one"),
        (["-", "--engine", "ray", "-o", "out"], 2, "standard input cannot be shared"),
        (["in/a.txt", "--engine", "ray", "-o", "out", "--device", "cuda"], 2, "computes on the cpu"),
        (["in/a.txt", "--engine", "ray", "-o", "out", "--top-k", "99"], 2, "top-k 99"),
        (["in/a.txt", "--engine", "ray", "-o", "out", "--guard-formulas"], 2, "is for CSV, TSV and text"),
        (["in/a.txt", "--workers", "2"], 2, "--workers belongs to --engine ray"),
        (["in/a.txt", "--resume"], 2, "--resume goes on with an output file that is made from files; name both"),
        (["in/*.csv", "--engine", "ray", "-o", "out"], 3, "in/*.csv: no file there"),
        (["nowhere", "--engine", "ray", "-o", "out"], 3, "nowhere: no such file or folder"),
        (["in/a.txt", "--engine", "ray", "-o", "full"], 2, "full: holds other files, such as thesis.doc"),
        (["in/a.txt", "--engine", "ray", "-o", "full", "--resume"], 2, "holds other files"),
        (["in/a.txt", "--engine", "ray", "-o", "in/a.txt"], 2, "is a file; name a folder"),
        (["in", "--engine", "ray", "-o", "out"], 2, "in/notes.md: cannot tell the format from the ending '.md'"),
        (["in", "--engine", "ray", "-o", "in/out"], 2, "is read from; write the parts elsewhere"),
    ],
)
def test_a_mistake_is_told_before_ray_starts(cct_text, folder, monkeypatch, arguments, code, told):
    monkeypatch.setattr("cct_text.extras.find_spec", lambda package: pytest.fail("Ray was asked for"))
    outcome = cct_text("predict", "run", *arguments, cwd=folder)
    assert (outcome.code, outcome.out) == (code, "")
    assert told in outcome.err
    assert len(outcome.err.splitlines()) <= 2
    assert not (folder / "out").exists()


def test_a_missing_package_is_named_with_its_extra(cct_text, folder, monkeypatch):
    monkeypatch.setattr("cct_text.extras.find_spec", lambda package: None)
    outcome = cct_text("predict", "run", "in/a.txt", "--engine", "ray", "-o", "out", cwd=folder)
    assert (outcome.code, outcome.err) == (4, "cct-text: ray is not installed: pip install 'cct-text[distributed]'\n")


def test_a_cluster_that_is_not_there_is_told(cct_text, folder, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "nonsense")
    outcome = cct_text("predict", "run", "in/a.txt", "--engine", "ray", "-o", "out", cwd=folder)
    assert outcome.code == 4
    assert outcome.err.startswith("cct-text: RAY_ADDRESS=nonsense: Ray does not start: ")
    assert len(outcome.err.splitlines()) <= 2
