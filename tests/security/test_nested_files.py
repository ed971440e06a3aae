"""A file that is nested more deeply than its parser can go is told, and does not end the process."""

import shutil

import pytest

from cct_text.artifacts import CONFIG, HISTORY, METRICS, TOKENIZER
from tests.support.signed import sign_model
from tests.support.told import told

NESTED = 100_000


@pytest.mark.parametrize("name", [CONFIG, TOKENIZER, METRICS, HISTORY])
def test_in_a_run(cct_text, questions_run, tmp_path, name):
    run = shutil.copytree(questions_run, tmp_path / "run")
    (run / name).write_text("x = " * (name == CONFIG) + "[" * NESTED + "]" * NESTED)
    if name == TOKENIZER:
        sign_model(run)
    told(cct_text("report", run), run / name)
