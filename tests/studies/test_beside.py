"""Baselines beside one run, and the report that shows them."""

import re
import shutil

import pytest

from cct_text.artifacts import BESIDE, METRICS, REPORT, RunFolder
from cct_text.errors import DataError, UsageError
from cct_text.figures import read_figures
from cct_text.studies.beside import train_beside
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train


def small(**options):
    values = {"epochs": 1, "min_epoch_steps": 1, "embeddings": "learned", "embedding_dim": 16, "width": 16}
    return resolve_config("questions", values={**values, **options})


@pytest.fixture
def run(tmp_path):
    train(small(), tmp_path / "run")
    return tmp_path / "run"


def figures(run, name):
    return read_figures(RunFolder(run / BESIDE / name))


def test_the_report_sets_them_beside_the_run_the_best_first(run, cct_text):
    assert "--baseline tfidf-lr" in page(run, cct_text)
    shown = page(run, cct_text, "--baseline", "tfidf-lr", "--baseline", "majority")
    reached = figures(run, "tfidf-lr")["test"]["accuracy"]
    assert f"{100 * reached:.2f}" in shown
    places = [shown.index(f">{name}<") for name in ("tfidf-lr", "majority")]
    assert places == sorted(places)
    assert "cct-2/2 (this run)" in shown


def page(run, cct_text, *options):
    outcome = cct_text("report", run, *options)
    assert outcome.code == 0, outcome.err
    return (run / REPORT).read_text(encoding="utf-8")


def test_one_that_is_there_is_not_trained_again(run):
    train_beside(run, ["majority"])
    written = (run / BESIDE / "majority" / METRICS).stat().st_mtime_ns
    train_beside(run, ["majority"])
    assert (run / BESIDE / "majority" / METRICS).stat().st_mtime_ns == written


def test_those_of_a_run_that_was_replaced_are_replaced(run, cct_text):
    train_beside(run, ["majority"])
    train(small(train_rows=100), run, overwrite=True)
    train_beside(run, ["majority"])
    assert figures(run, "majority")["train_rows"] == 100


def test_what_cannot_be_is_refused(run, tmp_path):
    with pytest.raises(UsageError, match="unknown baseline 'tfidf'; did you mean tfidf-lr"):
        train_beside(run, ["tfidf"])
    with pytest.raises(DataError, match="no such run folder"):
        train_beside(tmp_path / "none", ["majority"])


def test_where_a_text_may_have_several_labels_micro_f1_stands_beside_too(tagged_run, tmp_path, cct_text):
    run = shutil.copytree(tagged_run, tmp_path / "tagged")
    shown = page(run, cct_text, "--baseline", "tfidf-lr")
    reached = figures(run, "tfidf-lr")["test"]
    assert reached["micro_f1"] != reached["macro_f1"]
    cells = "".join(rf"<td>{100 * reached[name]:.2f}</td>\s*" for name in ("accuracy", "micro_f1", "macro_f1"))
    assert re.search(rf">tfidf-lr</th>\s*{cells}", shown)
