"""Baselines on real rows: the embedded questions, and TREC where a figure is known."""

import json
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_matrix

from cct_text.artifacts import RunFolder
from cct_text.config import Config
from cct_text.datasets import load_dataset
from cct_text.errors import UsageError
from cct_text.figures import read_figures
from cct_text.studies.baselines import BASELINES
from cct_text.studies.baselines.learned import choose
from cct_text.studies.baselines.linear import Logistic, NaiveBayesSVM, log_count_ratio
from cct_text.studies.baselines.run import train_baseline
from cct_text.training.recipes import resolve_config
from tests.support.real_data import of


def config(**values):
    return resolve_config("questions", values={"epochs": 2, "vocabulary_extra_words": 0, **values})


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Each baseline once: its folder and its metrics."""
    out = tmp_path_factory.mktemp("baselines")
    return {name: (out / name, train_baseline(name, config(), out / name)) for name in BASELINES}


@pytest.mark.parametrize("name", BASELINES)
def test_metrics_and_predictions_are_those_of_a_run_on_the_same_rows(runs, name):
    folder, metrics = runs[name]
    dataset = load_dataset(config().data)
    table = pq.read_table(folder / "predictions.parquet")
    assert read_figures(RunFolder(folder)) == json.loads(json.dumps(metrics))
    assert table["text"].to_pylist() == dataset.test.texts.to_pylist()
    right = np.equal(table["label"].to_pylist(), table["prediction"].to_pylist())
    assert metrics["test"]["accuracy"] == pytest.approx(right.mean())
    assert (metrics["train_rows"], metrics["dev_rows"]) == (len(dataset.train), len(dataset.dev))
    assert (metrics["model"], metrics["data_sha256"]) == (name, dataset.sha256)
    if name not in ("majority", "kim-cnn-static", "kim-cnn-tuned"):  # two epochs are too few for these
        assert metrics["test"]["accuracy"] > 0.5


def test_a_baseline_has_the_figures_of_a_trained_network(runs, tmp_path):
    from cct_text.training.run import train

    network = train(config(embeddings="learned"), tmp_path / "run")
    for name, (_, metrics) in runs.items():
        assert network.keys() <= metrics.keys(), name
        assert network["test"].keys() == metrics["test"].keys(), name


def test_rows_a_second_are_those_of_training_a_network_alone(runs):
    known = {name for name, (_, metrics) in runs.items() if metrics["examples_per_second"] is not None}
    assert known == {"kim-cnn-static", "kim-cnn-tuned"}


def test_the_majority_is_right_as_often_as_it_stands_in_test(runs):
    dataset = load_dataset(config().data)
    most = np.bincount(dataset.train.labels).argmax()
    assert runs["majority"][1]["test"]["accuracy"] == pytest.approx((dataset.test.labels == most).mean())


def test_distances_from_a_plane_are_no_probabilities(runs):
    folder, metrics = runs["nb-svm"]
    names = ("loss", "ece", "ece_by_chance", "ece_uncalibrated")
    unknown = [metrics[split][name] for split in ("dev", "test") for name in names]
    assert [*unknown, metrics["temperature"]] == [None] * 9
    assert pq.read_table(folder / "predictions.parquet")["probability"].null_count == metrics["test_rows"]


def test_probabilities_are_calibrated_on_dev_as_those_of_a_network_are(runs):
    for name, (folder, metrics) in runs.items():
        if name == "nb-svm":
            continue
        assert metrics["temperature"] > 0
        table = pq.read_table(folder / "predictions.parquet").to_pydict()
        right, best = np.equal(table["label"], table["prediction"]), np.array(table["probability"])
        figures = metrics["test"]
        # In the mean over all rows the gap is at most the mean over the bins of their gaps.
        assert abs(best.mean() - right.mean()) <= figures["ece"] + 1e-6
    sure = runs["tfidf-lr"][1]
    assert sure["temperature"] != pytest.approx(1.0, abs=0.02)
    assert sure["test"]["ece"] != sure["test"]["ece_uncalibrated"]


def test_metrics_say_what_dev_chose(runs):
    chosen = {name: set(metrics["chosen"]) for name, (_, metrics) in runs.items()}
    strength, epoch = {"C"}, {"epoch"}
    assert chosen == {
        "majority": set(),
        "tfidf-lr": strength,
        "nb-svm": strength,
        "fasttext": {"epochs", "learning_rate"},
        "glove-mean-lr": strength,
        "kim-cnn-static": epoch,
        "kim-cnn-tuned": epoch,
    }


@pytest.mark.parametrize("name", ["fasttext", "kim-cnn-tuned", "tfidf-lr"])
def test_the_same_seed_gives_the_same_figures(runs, name, tmp_path):
    again = train_baseline(name, config(), tmp_path)
    assert (again["dev"], again["test"]) == (runs[name][1]["dev"], runs[name][1]["test"])


def test_baselines_that_claim_to_depend_on_no_seed_do_not(runs, tmp_path):
    for name, baseline in BASELINES.items():
        if not baseline.seeded:
            other = train_baseline(name, config(seed=1), tmp_path / name)
            assert other["test"] == runs[name][1]["test"], name


def test_a_finished_run_is_taken_as_it_is_and_one_of_other_options_refused(runs):
    folder, metrics = runs["tfidf-lr"]
    before = (folder / "metrics.json").stat().st_mtime_ns
    assert train_baseline("tfidf-lr", config(), folder) == json.loads(json.dumps(metrics))
    assert (folder / "metrics.json").stat().st_mtime_ns == before
    with pytest.raises(UsageError, match="a run with other options"):
        train_baseline("tfidf-lr", config(tokenizer="penn"), folder)
    with pytest.raises(UsageError, match="a run with other options"):
        train_baseline("nb-svm", config(), folder)


@of("trec")
@pytest.mark.parametrize(("name", "low", "high"), [("tfidf-lr", 0.86, 0.91), ("nb-svm", 0.87, 0.91)])
def test_accuracy_on_trec_is_what_is_known_of_it(name, low, high, tmp_path):
    metrics = train_baseline(name, resolve_config("trec"), tmp_path)
    assert low < metrics["test"]["accuracy"] < high
    assert metrics["test"]["without_rows_in_train"]["rows"] == 490
    assert "loss" in metrics["test"]["without_rows_in_train"]


def test_dev_chooses_the_most_accurate_and_then_the_lower_loss():
    labels = np.array([0, 1, 1])
    logits = {
        "wrong": np.array([[0.0, 9.0], [0.0, 9.0], [0.0, 9.0]]),
        "unsure": np.array([[0.1, 0.0], [0.0, 0.1], [0.0, 0.1]]),
        "sure": np.array([[2.0, 0.0], [0.0, 2.0], [0.0, 2.0]]),
    }
    assert choose(list(logits), logits.get, lambda model: model, labels, without_dev="wrong")[0] == "sure"
    assert choose(list(logits), logits.get, lambda model: model, labels[:0], without_dev="wrong")[0] == "wrong"


def test_log_count_ratios_by_hand():
    # Counts and one: positive rows 2+1, 0+1, sum 4; the others 1+1, 2+1, sum 5.
    features = csr_matrix([[1, 0], [1, 0], [1, 1], [0, 1]])
    found = log_count_ratio(features, np.array([True, True, False, False]))
    assert found == pytest.approx([np.log((3 / 4) / (2 / 5)), np.log((1 / 4) / (3 / 5))])


def test_nb_svm_never_predicts_a_class_that_train_lacks():
    features = csr_matrix(np.eye(4))
    scores = NaiveBayesSVM.fit(features, np.array([0, 0, 2, 2]), 3, 1.0).scores(features)
    assert scores.shape == (4, 3)
    assert scores.argmax(axis=1).tolist() == [0, 0, 2, 2]
    assert np.isneginf(scores[:, 1]).all()


def test_nb_svm_weights_by_hand_where_the_svm_is_known():
    # One feature to a class: by symmetry the SVM's own weights are equal, and interpolating leaves them as they are.
    features = csr_matrix(np.eye(2))
    ratio = log_count_ratio(features, np.array([False, True]))
    model = NaiveBayesSVM.fit(features, np.array([0, 1]), 2, 1.0)
    # The least w**2 / 2 + (1 - w |r|)**2 is at w = |r| / (0.5 + r**2), which r multiplies; to the tolerance of the SVM.
    assert ratio == pytest.approx([-np.log(2), np.log(2)])
    assert model.weights[1] == pytest.approx(ratio * abs(ratio) / (0.5 + ratio**2), rel=0.1)
    assert model.weights[0] == pytest.approx(-model.weights[1])


def test_nb_svm_has_no_favourite_class_for_a_text_of_unknown_words():
    features = csr_matrix(np.eye(4))
    model = NaiveBayesSVM.fit(features, np.array([0, 0, 0, 1]), 2, 1.0)
    assert model.scores(csr_matrix((1, 4))).tolist() == [[0.0, 0.0]]


def test_logistic_regression_that_is_very_sure_has_finite_logits():
    features = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    for labels in ([0, 0, 2, 2], [0, 1, 2, 2]):
        logits = Logistic.fit(features, np.array(labels), 3, 1000.0).scores(1000.0 * features)
        assert np.isfinite(logits).all()
        assert logits.argmax(axis=1)[2:].tolist() == [2, 2]


def test_logits_of_logistic_regression_are_its_log_probabilities():
    features, labels = np.array([[-1.0], [-0.5], [0.2], [1.0]]), np.array([0, 1, 1, 2])
    for classes in (labels, np.minimum(labels, 1)):
        model = Logistic.fit(features, classes, int(classes.max()) + 1, 1.0)
        assert model.scores(features) == pytest.approx(model.model.predict_log_proba(features))


def test_nb_svm_is_the_same_whatever_numpy_drew_before():
    features = csr_matrix(np.random.default_rng(0).integers(0, 2, (40, 90)).astype(float))
    labels = np.arange(40) % 2
    weights = []
    for seed in (0, 1):
        np.random.seed(seed)
        weights.append(NaiveBayesSVM.fit(features, labels, 2, 1.0).weights)
    assert np.array_equal(*weights)


@of("sst2")
def test_fasttext_learns_from_rows_that_stand_class_by_class(tmp_path):
    some = resolve_config("sst2", values={"phrases": "false", "train_rows": 2000})
    labels = load_dataset(some.data).train.labels
    assert (labels[1:] != labels[:-1]).mean() < 0.2  # half, if they were shuffled
    assert train_baseline("fasttext", some, tmp_path)["test"]["accuracy"] > 0.72  # 0.69 as they stand


def test_fasttext_takes_no_word_of_a_text_for_a_label_or_an_end(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("text,label\n" + "__label__7 </s> good,yes\n__label__foo </s> bad,no\n" * 20)
    values = {"dataset": str(file), "tokenizer": "whitespace", "dev_fraction": 0.2, "test_fraction": 0.2}
    metrics = train_baseline("fasttext", Config().with_values(values), tmp_path / "run")
    assert metrics["test"]["accuracy"] == 1.0


def test_without_its_package_fasttext_says_how_to_install_it(tmp_path):
    code = (
        "import sys\nsys.modules['fasttext'] = None\n"
        "from cct_text.config import Config\nfrom cct_text.studies.baselines.run import train_baseline\n"
        f"train_baseline('fasttext', Config(), {str(tmp_path / 'run')!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ResourceError: fasttext is not installed: pip install 'cct-text[baselines]'" in done.stderr
    assert not (tmp_path / "run").exists()


def test_data_without_dev_and_test(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("text,label\n" + "a good thing,yes\na bad thing,no\n" * 10)
    values = {"dataset": str(file), "dev_fraction": 0}
    for name in ("majority", "tfidf-lr", "nb-svm", "fasttext"):
        metrics = train_baseline(name, Config().with_values(values), tmp_path / name)
        assert (metrics["dev"], metrics["test"]) == (None, None)
        assert metrics["temperature"] == (None if name == "nb-svm" else 1.0)
        assert not (tmp_path / name / "predictions.parquet").exists()
    assert metrics["chosen"] == {"epochs": 25, "learning_rate": 0.1}


def test_importing_the_names_of_the_baselines_loads_no_heavy_package():
    code = "import sys, cct_text.studies.baselines\nassert not {'torch', 'sklearn', 'fasttext'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
