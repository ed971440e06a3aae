"""Studies from one end to the other, on the embedded data set."""

import csv
import json
import shutil
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from cct_text.artifacts import RunFolder
from cct_text.errors import DataError, ResourceError, UsageError
from cct_text.studies.compare import compare
from cct_text.studies.grid import grid
from cct_text.studies.study import StudyObserver, plan
from cct_text.training.checkpoint import Checkpoint
from tests.support.signed import sign_figures

SMALL = {"embeddings": "learned", "embedding_dim": 16, "width": 16, "epochs": 2}


class Listener(StudyObserver):
    def __init__(self):
        self.heard = []

    def ended(self, run, *, earlier):
        self.heard.append((run.condition.name, run.seed, earlier))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two poolings, two seeds each, once."""
    planned = plan(
        "questions", grid(["pooling=seqpool,mean"]), seeds=2, out=tmp_path_factory.mktemp("study"), values=SMALL
    )
    return planned, compare(planned, workers=2)


def test_accuracies_are_those_of_the_runs_own_metrics_and_predictions(study):
    planned, comparison = study
    assert [side.name for side in comparison.sides] == ["seqpool", "mean"]
    for side in comparison.sides:
        for seed, accuracy in side.accuracies.items():
            folder = planned.out / "runs" / f"pooling={side.name}" / f"seed-{seed}"
            assert accuracy == json.loads((folder / "metrics.json").read_text())["test"]["accuracy"]
            table = pq.read_table(folder / "predictions.parquet").to_pydict()
            assert accuracy == pytest.approx(np.mean(np.equal(table["label"], table["prediction"])))
    first, second = (np.mean(list(side.accuracies.values())) for side in comparison.sides)
    assert comparison.pairs[0].difference.mean == pytest.approx(first - second)


def test_one_line_a_run_in_csv_and_parquet_and_all_of_it_in_json(study):
    planned, comparison = study
    with (planned.out / "runs.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["pooling"], line["seed"]) for line in lines] == [
        ("seqpool", "0"), ("mean", "0"), ("seqpool", "1"), ("mean", "1")
    ]  # fmt: skip
    table = pq.read_table(planned.out / "runs.parquet").to_pylist()
    assert [float(line["test_accuracy"]) for line in lines] == [row["test_accuracy"] for row in table]
    assert json.loads((planned.out / "comparison.json").read_text()) == json.loads(json.dumps(comparison.to_dict()))


def test_what_is_there_is_not_run_again_and_more_seeds_add_to_it(study, tmp_path):
    planned, comparison = study
    shutil.copytree(planned.out, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "runs" / "pooling=mean" / "seed-0")
    again, listener = plan("questions", planned.conditions, seeds=3, out=tmp_path / "copy", values=SMALL), Listener()
    found = compare(again, workers=1, observer=listener)
    fresh = {(name, seed) for name, seed, earlier in listener.heard if not earlier}
    assert fresh == {("mean", 0), ("seqpool", 2), ("mean", 2)}
    for side, before in zip(found.sides, comparison.sides, strict=True):
        assert side.accuracies.items() >= before.accuracies.items()
        assert side.accuracy.seeds == 3


def test_one_failed_run_is_told_and_does_not_stop_the_others(tmp_path):
    values = {"embedding_dim": 16, "width": 16, "epochs": 1}
    broken = tmp_path / "broken.txt"
    broken.write_text("the 1 2\nof 1\n")
    conditions = grid([f"vectors=glove.6B.50d,{broken}"])
    planned = plan(
        "questions", conditions, seeds=1, out=tmp_path / "study", values={**values, "embeddings": "glove-frozen"}
    )
    good, bad = compare(planned, workers=1).sides
    assert (good.failed, bad.failed, bad.accuracy) == (0, 1, None)
    assert str(broken) in json.loads((tmp_path / "study" / "comparison.json").read_text())["runs"][1]["error"]


@pytest.mark.parametrize(
    ("vary", "beside"),
    [
        ("embeddings=learned,glove-frozen", []),
        ("pooling=mean", ["kim-cnn-static"]),
        ("pooling=mean", ["glove-mean-lr"]),
    ],
)
def test_vectors_that_are_nowhere_are_told_before_the_first_run(tmp_path, vary, beside):
    values = {"epochs": 1, "vectors": "nosuch.txt"} | ({"embeddings": "learned"} if beside else {})
    planned = plan("questions", grid([vary]), seeds=1, out=tmp_path / "study", beside=beside, values=values)
    with pytest.raises(ResourceError, match="nosuch.txt"):
        compare(planned)
    assert not (tmp_path / "study").exists()


def test_vectors_that_nothing_reads_need_not_be_there(tmp_path):
    values = {**SMALL, "vectors": "nosuch.txt"}
    planned = plan("questions", grid(["pooling=mean"]), seeds=1, out=tmp_path, beside=["majority"], values=values)
    assert not any(side.failed for side in compare(planned, workers=1).sides)


def test_a_baseline_whose_package_is_missing_is_told_before_the_first_run(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fasttext", None)
    planned = plan("questions", grid(["pooling=mean"]), seeds=1, out=tmp_path / "study", beside=["fasttext"])
    with pytest.raises(ResourceError, match=r"fasttext is not installed: pip install 'cct-text\[baselines\]'"):
        compare(planned)
    assert not (tmp_path / "study").exists()


def test_a_folder_of_a_study_with_other_options_is_refused(study):
    planned, _ = study
    with pytest.raises(UsageError, match="a run with other options; choose another --out"):
        plan("questions", planned.conditions, seeds=2, out=planned.out, values={**SMALL, "epochs": 3})


def test_an_interrupted_run_with_other_options_is_told_before_anything_runs(tmp_path):
    conditions = grid(["pooling=mean,max"])
    first = plan("questions", conditions, seeds=1, out=tmp_path, values={**SMALL, "epochs": 60})
    job = list(first.jobs().values())[1][2]
    keeper = Checkpoint(RunFolder(job.out), job.config, seconds=0)
    keeper.keep({"fingerprint": {}})
    keeper.write()
    assert plan("questions", conditions, seeds=1, out=tmp_path, values={**SMALL, "epochs": 60}) == first
    with pytest.raises(UsageError, match=r"pooling=max.*the interrupted run has other options: epochs = 60 \(now 2\)"):
        plan("questions", conditions, seeds=1, out=tmp_path, values=SMALL)


def test_a_seed_that_cuts_the_test_split_cannot_be_varied_and_one_that_cuts_dev_alone_can(tmp_path):
    vary = grid(["split_seed=0,1"])
    assert plan("questions", vary, seeds=1, out=tmp_path, values=SMALL)
    with pytest.raises(UsageError, match="--vary split_seed: conditions are compared on the same test rows"):
        plan("mine.csv", vary, seeds=1, out=tmp_path, values={**SMALL, "test_fraction": 0.2})


def test_all_faults_of_a_plan_are_told_before_anything_runs(tmp_path):
    def planned(vary, **values):
        return plan("questions", grid(vary), seeds=1, out=tmp_path / "study", values=values)

    with pytest.raises(UsageError, match="poling"):
        planned(["poling=mean,max"])
    with pytest.raises(UsageError, match="expected one of seqpool, class-token, mean, max"):
        planned(["pooling=mean,median"])
    with pytest.raises(UsageError, match="pooling is given by an option as well"):
        planned(["pooling=mean,max"], pooling="mean")
    with pytest.raises(UsageError, match="pooling is given by an option as well"):
        planned(["pooling=mean,max"], **{"model.pooling": "mean"})
    with pytest.raises(UsageError, match="--vary: epochs=1 and epochs=01 are the same options"):
        planned(["epochs=1,01"])
    with pytest.raises(UsageError, match="--seeds 0"):
        plan("questions", grid(["pooling=mean"]), seeds=0, out=tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_data_without_a_test_split_cannot_be_compared(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("text,label\n" + "good,yes\nbad,no\n" * 30)
    planned = plan(str(file), grid(["pooling=mean,max"]), seeds=1, out=tmp_path / "study", values=SMALL)
    with pytest.raises(UsageError, match="no test split.*--test FILE"):
        compare(planned)


def test_runs_on_other_test_rows_are_not_compared(study, tmp_path):
    planned, _ = study
    shutil.copytree(planned.out, tmp_path / "copy")
    folder = tmp_path / "copy" / "runs" / "pooling=mean" / "seed-1"
    sign_figures(folder, data_sha256="0")
    again = plan("questions", planned.conditions, seeds=2, out=tmp_path / "copy", values=SMALL)
    assert compare(again).sides  # other train rows, the same test rows
    table = pq.read_table(folder / "predictions.parquet")
    pq.write_table(table.slice(1), folder / "predictions.parquet")
    with pytest.raises(DataError, match="predictions.parquet: damaged: it is not the one that metrics.json tells of"):
        compare(again)
    sign_figures(folder)
    with pytest.raises(DataError, match="its test rows are not those of"):
        compare(again)


def test_baselines_stand_beside_on_the_same_rows_and_a_seedless_one_is_run_once(study, tmp_path):
    planned, _ = study
    shutil.copytree(planned.out, tmp_path / "copy")
    names = ["majority", "cvt"]
    again = plan("questions", planned.conditions, seeds=2, out=tmp_path / "copy", beside=names, values=SMALL)
    listener = Listener()
    comparison = compare(again, workers=2, observer=listener)
    fresh = sorted((name, seed) for name, seed, earlier in listener.heard if not earlier)
    assert fresh == [("cvt-2/2", 0), ("cvt-2/2", 1), ("majority", 0)]
    assert [side.name for side in comparison.sides if side.baseline] == ["majority", "cvt-2/2"]
    assert {pair.second for pair in comparison.pairs} == {"mean", "majority", "cvt-2/2"}
    rows = {row["condition"]: row for row in pq.read_table(tmp_path / "copy" / "runs.parquet").to_pylist()}
    assert (rows["majority"]["pooling"], rows["mean"]["pooling"], rows["majority"]["model"]) == (
        None,
        "mean",
        "majority",
    )


def test_a_part_of_train_is_drawn_anew_with_each_seed(tmp_path):
    planned = plan("questions", grid(["train_rows=50,100"]), seeds=2, out=tmp_path, beside=["majority"], values=SMALL)
    seeds = {(condition.name, job.config.data.train_rows_seed) for condition, _, job in planned.jobs().values()}
    assert seeds == {*((f"train_rows={rows}", seed) for rows in (50, 100) for seed in (0, 1)), ("majority", 0)}


def test_a_test_split_can_be_cut_from_a_file(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("text,label\n" + "".join(f"good {n},yes\nbad {n},no\n" for n in range(40)))
    values = {**SMALL, "test_fraction": 0.25}
    planned = plan(str(file), grid(["pooling=mean"]), seeds=1, out=tmp_path / "study", values=values)
    assert compare(planned, workers=1).test_rows == 20


def test_another_study_does_not_take_the_folder_and_the_same_one_may_grow(study):
    planned, _ = study
    options = {"seeds": 2, "out": planned.out, "values": SMALL}
    told = "holds another study .compare questions of seqpool; mean., not compare questions of seqpool; max; choose another"
    with pytest.raises(UsageError, match=told):
        plan("questions", grid(["pooling=seqpool,max"]), **options)
    with pytest.raises(UsageError, match="not curve questions of seqpool; mean"):
        plan("questions", planned.conditions, kind="curve", **options)
    assert plan("questions", grid(["pooling=seqpool,mean,max"]), **options)
    assert plan("questions", planned.conditions, beside=["majority"], **{**options, "seeds": 3})


def test_where_all_runs_fail_there_is_no_answer_and_an_earlier_one_stays(study, tmp_path):
    planned, _ = study
    shutil.copytree(planned.out, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "runs")
    files = {path: path.read_bytes() for path in (tmp_path / "copy").iterdir()}
    values = {**SMALL, "learning_rate": 1e30}
    again = plan("questions", planned.conditions, seeds=1, out=tmp_path / "copy", values=values)
    assert all(side.failed for side in compare(again, workers=1).sides)
    assert {path: path.read_bytes() for path in (tmp_path / "copy").iterdir() if path.is_file()} == files


def test_a_single_test_row_is_refused_before_anything_runs(tmp_path):
    train, test = tmp_path / "mine.csv", tmp_path / "test.csv"
    train.write_text("text,label\n" + "good,yes\nbad,no\n" * 30)
    test.write_text("text,label\ngood,yes\n")
    values = {**SMALL, "test": str(test)}
    planned = plan(str(train), grid(["pooling=mean,max"]), seeds=1, out=tmp_path / "study", values=values)
    with pytest.raises(
        DataError, match="mine.csv: 1 row of test, and a comparison takes 2 or more; name more by --test"
    ):
        compare(planned)
    assert not (tmp_path / "study").exists()


def test_beside_frozen_vectors_which_have_no_bigrams_none_has_them(tmp_path, caplog):
    values = {name: value for name, value in SMALL.items() if name != "embeddings"} | {"bigram_min_count": 3}
    frozen, tuned = plan(
        "questions", grid(["embeddings=glove-frozen,glove-tuned"]), seeds=1, out=tmp_path / "both", values=values
    ).configs
    assert frozen.text.bigram_min_count == tuned.text.bigram_min_count == 0
    assert "bigram_min_count = 0 for all, for frozen vectors have no bigrams" in caplog.text
    trained = plan("questions", grid(["embeddings=learned,corpus"]), seeds=1, out=tmp_path / "trained", values=values)
    assert [config.text.bigram_min_count for config in trained.configs] == [3, 3]
