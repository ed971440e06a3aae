import json
import math
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from cct_text.artifacts import HISTORY, METRICS, PREDICTIONS, STATE, WEIGHTS, RunFolder, sha256_of
from cct_text.datasets import load_dataset
from cct_text.errors import DataError, UsageError
from cct_text.figures import read_figures
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.evaluation import evaluate
from cct_text.inference.stream import predict_file
from cct_text.training.calibration import fit_temperature
from cct_text.training.metrics import expected_calibration_error
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train
from tests.support.official_files import write_trees


def small(dataset="questions", **options):
    """The embedded data set, few epochs, a small model: seconds."""
    values = {"epochs": 3, "embeddings": "glove-tuned", "vectors": "glove.6B.50d", "width": 32, "max_words": 16}
    return resolve_config(dataset, values={**values, **options})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "questions"
    return folder, train(small(), folder)


def test_the_run_folder_holds_what_the_design_names(finished):
    folder, metrics = finished
    assert read_figures(RunFolder(folder)) == metrics
    history = [json.loads(line) for line in (folder / HISTORY).read_text().splitlines()]
    assert [record["epoch"] for record in history] == [1, 2, 3]
    assert not (folder / STATE).exists()
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["config.toml", "tokenizer.json", WEIGHTS, METRICS, HISTORY, PREDICTIONS]
    )


def test_the_metrics_say_what_was_run_on_which_rows(finished):
    _, metrics = finished
    assert (metrics["train_rows"], metrics["dev_rows"], metrics["test_rows"]) == (420, 60, 120)
    assert metrics["dataset"] == "questions"
    assert 0.9 < metrics["coverage"]["tokens"] <= 1
    # Two blocks of width 32 behind a kernel of 2 over 50-d vectors, by PAPER.md's arithmetic.
    block = 64 + 32 * 96 + (32 * 32 + 32) + 64 + 2 * (32 * 32 + 32)
    assert metrics["parameters"] == 2 * 50 * 32 + 2 * block + 64 + 33 + (32 * 6 + 6)
    assert metrics["embedding_parameters"] == metrics["vocabulary"] * 50
    assert metrics["test"]["accuracy"] > 1 / 6


def test_the_predictions_are_the_test_rows_in_order_and_agree_with_the_accuracy(finished):
    folder, metrics = finished
    table = pq.read_table(folder / PREDICTIONS).to_pydict()
    assert list(table) == ["text", "label", "prediction", "probability"]
    right = np.mean([a == b for a, b in zip(table["label"], table["prediction"], strict=True)])
    assert right == pytest.approx(metrics["test"]["accuracy"])
    assert all(1 / 6 <= p <= 1 for p in table["probability"])


@pytest.fixture(scope="module")
def classifier(finished):
    return TextClassifier.load(finished[0], precision="fp32")


def test_the_temperature_is_the_one_that_suits_the_dev_split(finished, classifier):
    _, metrics = finished
    dev = load_dataset("questions").dev
    logits = classifier.engine.logits(classifier.model.tokenizer.encode(dev.texts))
    assert classifier.model.temperature == metrics["temperature"]
    assert metrics["temperature"] == pytest.approx(fit_temperature(logits, dev.labels), rel=1e-3)
    assert metrics["temperature"] != pytest.approx(1.0, abs=0.02)


def test_the_calibration_error_of_the_metrics_is_that_of_the_predictions(finished):
    folder, metrics = finished
    table = pq.read_table(folder / PREDICTIONS).to_pydict()
    right = np.equal(table["label"], table["prediction"])
    best = np.array(table["probability"])
    # Two classes, the one that was predicted and all others, of which the first is the larger for the sake of its bin.
    probabilities = np.column_stack([best, np.zeros(len(best))])
    assert metrics["test"]["ece"] == pytest.approx(expected_calibration_error(probabilities, ~right), abs=1e-6)


def test_every_way_of_predicting_says_what_the_run_says_of_its_test_split(finished, classifier, tmp_path):
    folder, metrics = finished
    test = load_dataset("questions").test
    table = pq.read_table(folder / PREDICTIONS)
    predictions, probabilities = table["prediction"].to_pylist(), table["probability"].to_numpy()
    (tmp_path / "in.txt").write_text("".join(f"{text}\n" for text in test.texts.to_pylist()), encoding="utf-8")
    predict_file(classifier, [tmp_path / "in.txt"], tmp_path / "out.parquet")
    written = pq.read_table(tmp_path / "out.parquet")
    on_torch = TextClassifier.load(folder, device="cpu:0")
    assert predictions == classifier.predict(test.texts) == on_torch.predict(test.texts) == written["label"].to_pylist()
    for found in (classifier.predict_proba(test.texts), on_torch.predict_proba(test.texts)):
        np.testing.assert_allclose(found.max(axis=1), probabilities, atol=1e-5)
    np.testing.assert_allclose(written["probability"].to_numpy(), probabilities, atol=1e-5)
    figures = evaluate(classifier, test)
    for name in ("accuracy", "macro_f1", "loss", "ece"):
        assert figures[name] == pytest.approx(metrics["test"][name], abs=1e-5), name


def test_the_temperature_changes_loss_and_calibration_but_no_prediction(finished, classifier):
    _, metrics = finished
    data = load_dataset("questions")
    plain = TextClassifier(replace(classifier.model, temperature=1.0), precision="fp32")
    for name, split in (("dev", data.dev), ("test", data.test)):
        figures, calibrated = evaluate(plain, split), metrics[name]
        assert figures["accuracy"] == calibrated["accuracy"]
        assert figures["ece"] == pytest.approx(calibrated["ece_uncalibrated"], abs=1e-5)
        assert figures["loss"] != pytest.approx(calibrated["loss"], abs=1e-4)
        assert plain.predict(split.texts) == classifier.predict(split.texts)
    assert metrics["dev"]["loss"] < evaluate(plain, data.dev)["loss"]


def test_the_epoch_is_chosen_by_the_loss_before_calibration(finished):
    folder, metrics = finished
    history = [json.loads(line) for line in (folder / HISTORY).read_text().splitlines()]
    kept = history[metrics["best_epoch"] - 1]
    assert kept["dev_accuracy"] == metrics["dev"]["accuracy"]
    assert kept["dev_loss"] > metrics["dev"]["loss"]


def test_the_same_seed_gives_the_same_weights_bit_for_bit(finished, tmp_path):
    folder, _ = finished
    train(small(), tmp_path / "again")
    assert sha256_of(folder / WEIGHTS) == sha256_of(tmp_path / "again" / WEIGHTS)


def test_another_seed_gives_other_weights(finished, tmp_path):
    folder, _ = finished
    train(small(seed=1), tmp_path / "other")
    assert sha256_of(folder / WEIGHTS) != sha256_of(tmp_path / "other" / WEIGHTS)


def test_the_config_of_a_run_repeats_it(finished, tmp_path):
    folder, metrics = finished
    config = resolve_config("questions", config_file=folder / "config.toml")
    assert config == small()
    again = train(config, tmp_path / "again")
    assert again["test"] == metrics["test"]


def test_a_loss_that_is_no_number_stops_with_the_learning_rate_named(tmp_path):
    with pytest.raises(UsageError, match="epoch 1.*--lr"):
        train(small(learning_rate=1e30, gradient_clip=0.0, warmup_fraction=0.0), tmp_path / "run")
    assert not RunFolder(tmp_path / "run").exists()


@pytest.mark.parametrize("embeddings", ["learned", "glove-frozen", "glove-tuned", "corpus"])
def test_the_pad_row_stays_zero_and_only_frozen_vectors_stay_what_they_were(tmp_path, embeddings):
    from cct_text.model.saved import EMBEDDING_WEIGHT

    options = {"embeddings": embeddings, "embedding_dim": 20, "ema_decay": 0.5}
    train(small(epochs=1, learning_rate=1e-9, **options), tmp_path / "start")
    metrics = train(small(epochs=1, **options), tmp_path / "end")
    start = RunFolder(tmp_path / "start").read_model().weights[EMBEDDING_WEIGHT]
    end = RunFolder(tmp_path / "end").read_model().weights[EMBEDDING_WEIGHT]
    assert not end[0].any()
    assert np.allclose(start, end, atol=1e-6) == (embeddings == "glove-frozen")
    assert (metrics["embedding_parameters"] == 0) == (embeddings == "glove-frozen")


def test_weights_that_are_no_numbers_after_the_last_step_are_not_saved(tmp_path):
    # One batch, so that no loss is seen after the step that ruins the weights.
    options = {"learning_rate": 1e30, "gradient_clip": 0.0, "warmup_fraction": 0.0, "batch_size": 420, "epochs": 1}
    with pytest.raises(UsageError, match="epoch 1.*--lr"):
        train(small(**options), tmp_path / "run")
    assert not RunFolder(tmp_path / "run").exists()


def test_what_the_environment_tells_accelerate_changes_nothing(finished, tmp_path, monkeypatch):
    folder, metrics = finished
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4")
    assert train(small(), tmp_path / "again")["dev"] == metrics["dev"]
    assert sha256_of(folder / WEIGHTS) == sha256_of(tmp_path / "again" / WEIGHTS)


def test_frozen_vectors_that_know_no_word_are_refused_and_tuned_ones_told(tmp_path, caplog):
    (tmp_path / "foreign.txt").write_text("ζωή 1 2\nлес 3 4\n")
    vectors = {"vectors": str(tmp_path / "foreign.txt"), "epochs": 1}
    with pytest.raises(DataError, match="not one word of the train split has a vector"):
        train(small(embeddings="glove-frozen", **vectors), tmp_path / "frozen")
    train(small(embeddings="glove-tuned", **vectors), tmp_path / "tuned")
    assert "only 0.0 % of the text has a vector" in caplog.text


def test_a_link_to_nothing_is_no_run_folder(tmp_path):
    (tmp_path / "run").symlink_to("elsewhere")
    with pytest.raises(UsageError, match="run: a link to elsewhere, which is not there"):
        RunFolder(tmp_path / "run").require_writable()
    (tmp_path / "elsewhere").mkdir()
    RunFolder(tmp_path / "run").require_writable()


def test_a_place_that_cannot_be_written_to_is_told_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file is not a folder"):
        train(small("nowhere.csv"), tmp_path / "file" / "run")


def test_balanced_class_weights_hold_in_batches_of_one_row(tmp_path):
    rows = "".join(f"word{n % 5} thing,{'rare' if n % 8 == 0 else 'common'}\n" for n in range(80))
    (tmp_path / "train.csv").write_text("text,label\n" + rows)
    losses = {
        weights: train(
            small(str(tmp_path / "train.csv"), class_weights=weights, batch_size=1, epochs=1, learning_rate=1e-9),
            tmp_path / weights,
        )
        and json.loads((tmp_path / weights / HISTORY).read_text())["train_loss"]
        for weights in ("none", "balanced")
    }
    assert losses["none"] != pytest.approx(losses["balanced"], abs=1e-4)


def test_balanced_classes_and_smoothing_leave_common_rows_common(tmp_path):
    rows = [("thing", "common")] * 490 + [("stuff", "rare")] * 10
    lines = "text,label\n" + "".join(f"{word} {n % 7},{label}\n" for n, (word, label) in enumerate(rows))
    (tmp_path / "train.csv").write_text(lines)
    options = {"class_weights": "balanced", "label_smoothing": 0.1, "epochs": 4, "learning_rate": 0.01}
    train(small(str(tmp_path / "train.csv"), **options), tmp_path / "run")
    classifier = TextClassifier.load(tmp_path / "run")
    assert classifier.predict(["thing 1", "stuff 1"]) == ["common", "rare"]


def test_a_train_split_too_small_for_a_dev_split_is_told(tmp_path, caplog):
    (tmp_path / "own.csv").write_text("text,label\none thing,a\nother thing,b\n")
    metrics = train(small(str(tmp_path / "own.csv"), epochs=2), tmp_path / "run")
    assert "no dev split (too few rows, or dev_fraction is 0); the last epoch is kept" in caplog.text
    assert (metrics["dev"], metrics["best_epoch"], metrics["temperature"]) == (None, 2, 1.0)


def test_every_training_option_trains(tmp_path):
    metrics = train(
        small(
            epochs=2,
            label_smoothing=0.1,
            class_weights="balanced",
            embedding_dropout=0.3,
            word_dropout=0.1,
            embedding_learning_rate=1e-4,
            precision="bf16",
            dropout=0.1,
            vocabulary_extra_words=500,
        ),
        tmp_path / "run",
    )
    assert metrics["precision"] == "bf16"
    assert math.isfinite(metrics["dev"]["loss"])
    plain = json.loads((tmp_path / "run" / METRICS).read_text())["vocabulary"]
    assert plain > 500


@pytest.mark.parametrize(
    ("keep", "worth"),
    [
        ("accuracy", lambda epoch: (epoch["dev_accuracy"], -epoch["dev_loss"])),
        ("macro_f1", lambda epoch: (epoch["dev_macro_f1"], -epoch["dev_loss"])),
        ("loss", lambda epoch: -epoch["dev_loss"]),
        ("last", lambda epoch: epoch["epoch"]),
    ],
)
def test_the_epoch_that_is_kept_is_chosen_as_asked(tmp_path, keep, worth):
    options = {"keep": keep, "epochs": 6, "learning_rate": 0.02, "precision": "fp32"}
    metrics = train(small(**options), tmp_path / "run")
    history = [json.loads(line) for line in (tmp_path / "run" / HISTORY).read_text().splitlines()]
    kept = max(history, key=worth)
    assert (metrics["best_epoch"], metrics["dev"]["accuracy"]) == (kept["epoch"], kept["dev_accuracy"])
    for behind, epoch in enumerate(history, start=1):
        assert epoch["best"] == (epoch == max(history[:behind], key=worth))


@pytest.mark.parametrize("keep", ["accuracy", "macro_f1"])
def test_patience_ends_a_run_that_no_longer_improves(tmp_path, keep):
    metrics = train(small(epochs=50, patience=2, learning_rate=1e-12, keep=keep), tmp_path / "run")
    assert metrics["epochs"] - metrics["best_epoch"] == 2
    assert metrics["epochs"] < 50


def test_bigrams_beside_frozen_vectors_are_told_to_be_of_no_use(tmp_path, caplog):
    metrics = train(small(bigram_min_count=2, embeddings="glove-frozen"), tmp_path / "run")
    assert "bigram_min_count = 2 does not count, for the vectors are frozen" in caplog.text
    assert metrics["embedding_parameters"] == 0


def test_patience_for_the_last_epoch_is_told_to_be_of_no_use(tmp_path, caplog):
    metrics = train(small(epochs=3, patience=1, learning_rate=1e-12, keep="last"), tmp_path / "run")
    assert "patience = 1 does not count, for the last epoch is kept" in caplog.text
    assert (metrics["epochs"], metrics["best_epoch"]) == (3, 3)


def test_finer_labels_are_learned_and_classes_are_answered(tmp_path):
    grades = {0: "awful", 1: "dull", 2: "seen", 3: "nice", 4: "great"}
    trees = [f"({grade} (2 film{n}) ({grade} {word}))" for n in range(12) for grade, word in grades.items()]
    write_trees(tmp_path, dict.fromkeys(("train", "dev", "test"), trees))
    metrics = train(
        small(
            "sst2",
            data_dir=str(tmp_path),
            phrases=False,
            fine_labels=True,
            class_weights="balanced",
            epochs=8,
            batch_size=8,
        ),
        tmp_path / "run",
    )
    assert (metrics["train_rows"], metrics["dev_rows"], metrics["labels"]) == (60, 48, ["negative", "positive"])
    assert metrics["test"]["accuracy"] > 0.9
    classifier = TextClassifier.load(tmp_path / "run")
    assert classifier.predict(["film1 awful", "film1 great"]) == ["negative", "positive"]
    assert classifier.predict_proba(["film1 awful"]).shape == (1, 2)
