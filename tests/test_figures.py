"""metrics.json: what it tells of is what stands beside it."""

from __future__ import annotations

import json
import shutil

import pytest

from cct_text.artifacts import HISTORY, METRICS, PREDICTIONS, WEIGHTS, RunFolder
from cct_text.errors import DataError
from cct_text.figures import CHECKSUMS, has_figures, read_figures, write_figures
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train

SMALL = {"epochs": 1, "width": 8, "heads": 1, "max_words": 8, "embeddings": "learned", "embedding_dim": 8}


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """Runs with other seeds, and the figures that `train` returned for the first."""
    out = tmp_path_factory.mktemp("runs")
    figures = [train(resolve_config("questions", values={**SMALL, "seed": seed}), out / str(seed)) for seed in (1, 2)]
    return out / "1", out / "2", figures[0]


@pytest.fixture
def run(two_runs, tmp_path):
    return RunFolder(shutil.copytree(two_runs[0], tmp_path / "run"))


def test_figures_are_read_as_they_were_written(two_runs, tmp_path):
    assert read_figures(RunFolder(two_runs[0])) == json.loads(json.dumps(two_runs[2]))
    folder = RunFolder(tmp_path)
    assert not has_figures(folder)
    figures = {"dataset": "\u00fcber", "test": {"accuracy": 0.1 + 0.2}, "rows": {3: 1, 12: 2}}
    write_figures(folder, figures)
    assert has_figures(folder)
    assert read_figures(folder) == {**figures, "rows": {"3": 1, "12": 2}}


@pytest.mark.parametrize("name", [METRICS, HISTORY, PREDICTIONS])
def test_a_file_of_another_run_is_named(run, two_runs, name):
    shutil.copy(two_runs[1] / name, run.file(name))
    with pytest.raises(DataError, match=rf"/{name}: damaged: it (is not the one|tells of another)"):
        read_figures(run)


def test_figures_and_model_of_two_runs_are_not_taken_for_one(run, two_runs):
    for name in (METRICS, HISTORY, PREDICTIONS):
        shutil.copy(two_runs[1] / name, run.file(name))
    with pytest.raises(DataError, match=rf"{METRICS}: damaged: it tells of another {WEIGHTS}"):
        read_figures(run)


@pytest.mark.parametrize("name", [HISTORY, PREDICTIONS])
def test_each_bit_of_a_file_counts(run, name):
    content = bytearray(run.read(name))
    content[len(content) // 2] ^= 1
    run.file(name).write_bytes(content)
    with pytest.raises(DataError, match=f"/{name}: damaged"):
        read_figures(run)


def test_each_figure_counts_and_how_the_file_is_laid_out_does_not(run):
    written = run.read_json(METRICS)
    run.file(METRICS).write_text(json.dumps(dict(reversed(written.items()))))
    assert read_figures(run)
    for name in written:
        run.file(METRICS).write_text(json.dumps({key: value for key, value in written.items() if key != name}))
        with pytest.raises(DataError, match=rf"{METRICS}: damaged: it is not as it was written"):
            read_figures(run)
        run.file(METRICS).write_text(json.dumps({**written, name: "other"}))
        with pytest.raises(DataError, match=rf"{METRICS}: damaged: it is not as it was written"):
            read_figures(run)
    for name in written[CHECKSUMS]:
        checksums = {**written[CHECKSUMS], name: "0" * 64}
        run.file(METRICS).write_text(json.dumps({**written, CHECKSUMS: checksums}))
        with pytest.raises(DataError, match=rf"{METRICS}: damaged: it is not as it was written"):
            read_figures(run)


def test_predictions_may_be_left_out_where_a_run_is_shared(run):
    run.remove(PREDICTIONS)
    assert read_figures(run)["dataset"] == "questions"
