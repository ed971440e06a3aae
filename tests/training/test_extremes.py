"""Data that stretch a number as far as it goes: classes, words, rows; and none of them."""

import numpy as np
import pytest

from cct_text.config import Config
from cct_text.datasets import load_dataset
from cct_text.inference.classifier import TextClassifier
from cct_text.training.run import train
from tests.support.user_files import as_csv


@pytest.fixture
def trained(tmp_path):
    """A function that trains on rows of labels and texts, and gives the run's figures and its classifier."""

    def run(rows, **options):
        path = tmp_path / "rows.csv"
        path.write_bytes(as_csv(rows))
        values = {
            "dataset": str(path),
            "embeddings": "learned",
            "embedding_dim": 8,
            "width": 8,
            "heads": 2,
            "max_words": 16,
            "epochs": 2,
            **options,
        }
        metrics = train(Config().with_values(values), tmp_path / "run")
        return metrics, TextClassifier.load(tmp_path / "run", precision="fp32")

    return run


def test_ten_thousand_classes(trained):
    rows = [(f"class {number // 2:05}", f"word{number // 2} again") for number in range(20_000)]
    metrics, classifier = trained(rows, epochs=1, batch_size=512, dev_fraction=0.05, class_weights="balanced")
    assert len(metrics["labels"]) == len(metrics["dev"]["per_class"]) == 10_000
    assert metrics["dev"]["confusion_matrix"] is None
    probabilities = classifier.predict_proba(["word7 again", ""])
    assert probabilities.shape == (2, 10_000)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("long", ["head", "chunks"])
def test_a_text_of_a_million_words(trained, long):
    endless = "good film and so on " * 200_000
    rows = [("good", "a good film"), ("bad", "a bad film")] * 10 + [("good", endless)]
    metrics, classifier = trained(rows, max_words=256, long=long, dev_fraction=0.0, epochs=1)
    assert metrics["truncated_fraction"] == pytest.approx(0 if long == "chunks" else 1 / 21)
    assert classifier.predict([endless])[0] in {"good", "bad"}
    words = classifier.explain(endless[:400_000])
    assert len(words) == 100_000
    assert sum(word.weight for word in words) == pytest.approx(1)


def test_a_vocabulary_of_one_word(trained):
    metrics, classifier = trained([("yes", "word"), ("no", "word"), ("yes", "word")] * 20)
    assert metrics["vocabulary"] == 3  # the pad and the unknown word beside it
    assert classifier.predict(["word", "another", ""])[0] == "yes"


def test_no_word_at_all(trained, caplog):
    metrics, classifier = trained([("yes", ""), ("no", " "), ("yes", "")] * 20)
    assert metrics["vocabulary"] == 2
    assert "60 of 60 rows have no text" in caplog.text
    assert classifier.predict(["", " "]) == ["yes", "yes"]


def test_one_row_of_each_class(trained):
    metrics, classifier = trained([("yes", "a word"), ("no", "another word")], epochs=60, learning_rate=0.01)
    assert (metrics["train_rows"], metrics["dev_rows"], metrics["dev"]) == (2, 0, None)
    assert classifier.predict(["a word", "another word"]) == ["yes", "no"]


def test_classes_that_the_chosen_rows_lack_weigh_nothing(trained):
    rows = [("a", "first word"), ("b", "second word")] * 20 + [("c", "third word"), ("d", "fourth word")]
    metrics, classifier = trained(rows, train_rows=8, class_weights="balanced", dev_fraction=0.0, epochs=8)
    assert metrics["labels"] == ["a", "b", "c", "d"]
    assert np.isfinite(classifier.predict_proba(["third word", "fourth word"])).all()
    assert classifier.predict(["first word", "second word"]) == ["a", "b"]


def test_batches_of_one_row(trained):
    metrics, classifier = trained([("yes", "good"), ("no", "bad")] * 20, batch_size=1, class_weights="balanced")
    assert metrics["dev"]["accuracy"] == 1
    assert classifier.predict(["good", "bad"]) == ["yes", "no"]


def test_the_same_options_give_the_same_figures_but_for_the_time(tmp_path):
    config = Config().with_values({"embeddings": "learned", "width": 16, "max_words": 12, "epochs": 2})
    first, second = (train(config, tmp_path / name) for name in ("first", "second"))
    for metrics in (first, second):
        del metrics["seconds"], metrics["examples_per_second"]
    assert first == second
    assert first["test_rows"] == len(load_dataset("questions").test)
