"""docs/export.md works as printed, and so does the README.md of an export."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cct_text.export.onnx_export import export_onnx
from cct_text.export.torch_export import export_torch
from cct_text.export.usage import FOLDER
from cct_text.inference.classifier import TextClassifier

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
TEXTS = ["Who wrote the Iliad ?", "Where is the Danube Delta ?"]


@pytest.fixture
def run(questions_run):
    return questions_run


def snippets(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def printed(code, folder, *absent):
    """What a snippet prints as a file of its own, in a folder from which nothing of the library can be imported."""
    (folder / "snippet.py").write_text(code, encoding="utf-8")
    check = f"assert not {set(absent)!r} & set(sys.modules)" if absent else ""
    whole = f"import runpy, sys\nrunpy.run_path('snippet.py')\n{check}"
    done = subprocess.run([sys.executable, "-c", whole], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def expected(run):
    classifier = TextClassifier.load(run, precision="fp32")
    probabilities = classifier.predict_proba(TEXTS)
    return [
        [classifier.labels[row.argmax()], f"{row.max():.3f}", text]
        for row, text in zip(probabilities, TEXTS, strict=True)
    ]


def test_onnxruntime_and_tokenizers_are_all_that_the_page_needs(run, tmp_path):
    onnx, _ = snippets(PAGE)
    assert len(onnx.splitlines()) <= 20
    export_onnx(run, tmp_path / FOLDER)
    assert printed(onnx, tmp_path, "torch", "cct_text", "onnx") == expected(run)


def test_the_readme_of_an_export_works_in_its_folder(run, tmp_path):
    export_onnx(run, tmp_path / "x", precisions=["int8"])
    (code,) = snippets((tmp_path / "x" / "README.md").read_text(encoding="utf-8"))
    lines = printed(code, tmp_path / "x", "torch", "cct_text", "onnx")
    exact = expected(run)
    np.testing.assert_allclose([float(line[1]) for line in lines], [float(line[1]) for line in exact], atol=0.05)
    assert [line[2] for line in lines] == TEXTS


def test_the_program_runs_as_printed(run, tmp_path):
    _, torch = snippets(PAGE)
    export_torch(run, tmp_path / FOLDER)
    assert printed(torch, tmp_path, "cct_text") == expected(run)
    (code,) = snippets((tmp_path / FOLDER / "README.md").read_text(encoding="utf-8"))
    assert printed(code, tmp_path / FOLDER, "cct_text") == expected(run)
