"""Searches from one end to the other, on the embedded questions as a file of one's own and as a data set with dev."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files

import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from cct_text.datasets import load_dataset
from cct_text.errors import UsageError
from cct_text.locks import LOCK
from cct_text.studies.tuning import TuningObserver, tune
from cct_text.studies.tuning_plan import on_split, plan_tuning
from cct_text.training.preparation import prepare
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train

OWN = str(files("cct_text_data") / "questions" / "train.csv")
SMALL = {"embeddings": "learned", "embedding_dim": 16, "width": 16, "epochs": 1, "min_epoch_steps": 1, "patience": ""}
TRAP = {"test": "no-such-file.csv", "test_fraction": 0.2}
"""A file of the test split that would be told if it were opened, and a share of train that must not be cut beside it."""
SEARCH = ("learning_rate=1e-3..1e-2", "pooling=seqpool,mean")


def planned(out, dataset=OWN, **options):
    return plan_tuning(dataset, out=out, **{"search": SEARCH, "trials": 3, "splits": 2, "values": SMALL, **options})


class Listener(TuningObserver):
    def __init__(self):
        self.earlier = []
        self.heard = []

    def started(self, tuning, dev, trials):
        self.earlier = [trial.number for trial in trials]

    def changed(self, trial):
        self.heard.append((trial.number, len(trial.scores)))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Three trials over two cuts of dev, once; the file of the test split is a trap."""
    return tune(planned(tmp_path_factory.mktemp("tuning"), values={**SMALL, **TRAP}), workers=2)


def test_the_test_split_is_neither_opened_nor_written_of(found):
    assert found.tuning.base.data.test == TRAP["test"]
    assert {trial.state for trial in found.trials} == {"complete"}
    assert sorted(path.name for path in found.tuning.out.iterdir() if not path.name.startswith(".")) == [
        "best.toml", "trials.csv", "trials.journal", "trials.parquet", "tuning.json"
    ]  # fmt: skip
    assert "test_" not in (found.tuning.out / "trials.csv").read_text()


def test_the_recipe_is_tried_first_and_the_best_trial_chosen_by_the_mean_over_the_splits(found):
    assert [trial.recipe for trial in found.trials] == [True, False, False]
    assert found.recipe.config == resolve_config(OWN, values={**SMALL, **TRAP})
    assert all(trial.state == "complete" and len(trial.scores) == 2 for trial in found.trials)
    assert found.best.score == max(sum(trial.scores) / 2 for trial in found.trials)
    assert (found.dev.rows, found.dev.is_cut) == (42, True)


def test_a_score_is_what_training_reaches_on_that_cut_of_dev(found, tmp_path):
    trial = found.trials[1]
    for split in (0, 1):
        config = on_split(trial.config, split, dev_is_cut=True)
        assert train(config, tmp_path / str(split))["dev"]["accuracy"] == trial.scores[split]


def test_one_line_a_trial_in_csv_and_parquet_and_all_of_it_in_json(found):
    out = found.tuning.out
    with (out / "trials.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    table = pq.read_table(out / "trials.parquet").to_pylist()
    assert [row["number"] for row in table] == [0, 1, 2]
    assert [float(line["score"]) for line in lines] == [row["score"] for row in table]
    assert {row["pooling"] for row in table} <= {None, "seqpool", "mean"}
    assert json.loads((out / "tuning.json").read_text()) == json.loads(json.dumps(found.to_dict()))


def test_the_recipe_that_is_written_is_the_best_trials(found):
    path = found.tuning.out / "best.toml"
    assert resolve_config(OWN, config_file=path) == found.best.config
    named = {name for options in found.tuning.options(found.best.config).values() for name in options}
    assert named == {*SMALL, *TRAP, "learning_rate", "pooling"}


def test_what_a_configuration_file_took_back_stays_taken_back(tmp_path):
    run = tmp_path / "config.toml"
    run.write_text("[run]\nformat = 1\n[text]\nmax_words = 9\n")  # a run's own file is whole: the recipe is left out
    tuning = planned(tmp_path / "study", config_file=run, values={})
    assert tuning.options(tuning.base)["training"]["patience"] == ""
    assert tuning.options(tuning.base)["text"] == {"max_words": 9, "vocabulary_extra_words": 0}
    usual = planned(tmp_path / "study", search=["embedding_learning_rate=1e-3..1e-2"], values={})
    assert usual.options(usual.base) == {}  # the recipe as it is sets none, and so needs nothing taken back


def test_repeated_nothing_is_tried_again_and_more_trials_add_to_it(found):
    listener = Listener()
    again = tune(replace(found.tuning, trials=4), workers=1, observer=listener)
    assert listener.earlier == [0, 1, 2]
    assert listener.heard == [(3, 0), (3, 1), (3, 2)]
    assert again.trials[:3] == found.trials


def test_a_data_set_with_dev_is_scored_on_it_with_several_seeds(tmp_path):
    tuned = tune(planned(tmp_path, "questions", trials=1, splits=3, metric="loss"), workers=1)
    assert (tuned.dev.rows, tuned.dev.is_cut) == (60, False)
    (recipe,) = tuned.trials
    assert len(set(recipe.scores)) == 3
    assert tuned.gain is None
    assert tuned.to_dict()["statements"] == [
        f"No trial is better than the recipe: loss {recipe.score:.4f} ± {recipe.standard_error:.4f}."
    ]


def test_rows_cut_off_for_test_are_in_no_train_or_dev_split_of_a_trial(tmp_path):
    tuning = planned(tmp_path, values={**SMALL, "test_fraction": 0.25}, splits=4)
    of_training = set(load_dataset(tuning.base.data).test.texts.to_pylist())
    devs = []
    for split in range(tuning.splits):
        config = on_split(tuning.base, split, dev_is_cut=True)
        data = prepare(config, with_test=False)
        assert data.test is None
        seen = {*data.dataset.train.texts.to_pylist(), *data.dataset.dev.texts.to_pylist()}
        assert not seen & of_training
        devs.append(tuple(data.dataset.dev.texts.to_pylist()))
        assert config.training.seed == split
    assert len(set(devs)) == tuning.splits


def test_faults_are_told_before_anything_runs(tmp_path):
    def refused(told, **options):
        with pytest.raises(UsageError, match=told):
            tune(planned(tmp_path / "study", **options))

    refused("--trials 0: expected at least 1", trials=0)
    refused("--splits 0: expected at least 1", splits=0)
    refused("--metric: unknown metric 'acuracy'; did you mean accuracy", metric="acuracy")
    refused("--search pooling: pooling is given by an option as well", values={"model.pooling": "mean"})
    refused("droput.*lerning_rate", search=["droput=0,1", "lerning_rate=1..2"])
    refused("unknown model 'cct'", values={"model": "cct"}, search=())
    refused("no dev split.*--dev FILE", values={**SMALL, "dev_fraction": 0})
    assert not (tmp_path / "study").exists()


def test_a_folder_where_another_command_is_tuning_is_left_to_it(tmp_path):
    with FileLock(tmp_path / LOCK), pytest.raises(UsageError, match="another command is tuning there"):
        tune(planned(tmp_path))


def test_without_optuna_it_says_how_to_install_it(tmp_path):
    code = (
        "import sys\nsys.modules['optuna'] = None\n"
        "from cct_text.studies.tuning_plan import plan_tuning\n"
        f"plan_tuning('questions', out={str(tmp_path / 'study')!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ResourceError: optuna is not installed: pip install 'cct-text[search]'" in done.stderr


def test_planning_imports_neither_optuna_nor_torch():
    code = (
        "import sys\nfrom cct_text.studies.tuning_plan import plan_tuning\nplan_tuning('questions', out='study')\n"
        "assert not {'torch', 'optuna', 'sklearn'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
