"""Texts that are longer than the network reads at once, in chunks: trained, evaluated, predicted, explained, carried."""

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from cct_text.artifacts import PREDICTIONS, WEIGHTS
from cct_text.config import Config
from cct_text.datasets import load_dataset
from cct_text.errors import UsageError
from cct_text.export.onnx_export import export_onnx
from cct_text.export.torch_export import export_torch
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.evaluation import evaluate
from cct_text.model.persistence import build_network
from cct_text.report.run_report import write_run_report
from cct_text.text.encoded import EncodedTexts
from cct_text.training.loop import LabelledTexts, Trainer
from cct_text.training.progress import TrainingObserver
from cct_text.training.run import train
from tests.training.test_run import small

MAX_WORDS = 4


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "questions"
    return folder, train(small(long="chunks", max_words=MAX_WORDS), folder)


def test_each_chunk_is_trained_on_with_the_label_and_the_weight_of_its_text():
    def weights_after(data):
        config = Config().with_values(
            {"max_words": 3, "width": 16, "embeddings": "learned", "epochs": 2, "batch_size": 4, "precision": "fp32"}
        )
        torch.manual_seed(0)
        network = build_network(config, num_classes=3, vocab_size=20, embedding_dim=6)
        nothing = EncodedTexts(np.zeros(0, np.int32), np.zeros(1, np.int64)).chunks(3, "head")
        trainer = Trainer(network, config, data, LabelledTexts(nothing, np.zeros(0, np.int64)))
        trainer.fit(TrainingObserver(), lambda: None)
        return network.state_dict()

    ids = np.random.default_rng(0).integers(2, 20, 13).astype(np.int32)
    texts = EncodedTexts(ids, np.array([0, 5, 6, 13]))
    chunks = EncodedTexts(ids, np.array([0, 2, 5, 6, 8, 10, 13]))  # of texts 0, 0, 1, 2, 2, 2
    of_texts = LabelledTexts(texts.chunks(3, "chunks"), np.array([2, 0, 1]), np.array([1.0, 2.0, 0.5]))
    of_chunks = LabelledTexts(
        chunks.chunks(3, "head"), np.array([2, 2, 0, 1, 1, 1]), np.array([1.0, 1.0, 2.0, 0.5, 0.5, 0.5])
    )
    torch.testing.assert_close(weights_after(of_texts), weights_after(of_chunks), rtol=0, atol=0)


def test_rows_are_texts_and_nothing_of_them_is_cut(run):
    folder, metrics = run
    assert (metrics["train_rows"], metrics["dev_rows"], metrics["test_rows"]) == (420, 60, 120)
    assert metrics["truncated_fraction"] == 0
    table = pq.read_table(folder / PREDICTIONS)
    assert len(table) == 120
    right = np.mean([a == b for a, b in zip(table["label"], table["prediction"], strict=True)])
    assert right == metrics["test"]["accuracy"]


def test_prediction_averages_the_logits_of_the_chunks(run):
    folder, metrics = run
    classifier = TextClassifier.load(folder, precision="fp32")
    whole, halves = "Who wrote the novel Don Quixote ?", ["Who wrote the", "novel Don Quixote ?"]
    expected = classifier.predict_logits(halves).mean(axis=0)
    np.testing.assert_allclose(classifier.predict_logits([whole])[0], expected, atol=1e-5)
    found = evaluate(classifier, load_dataset("questions"))
    assert found["accuracy"] == pytest.approx(metrics["test"]["accuracy"], abs=1 / 120)
    assert found["loss"] == pytest.approx(metrics["test"]["loss"], abs=0.02)


def test_every_word_of_a_long_text_is_explained(run):
    words = TextClassifier.load(run[0]).explain("Who wrote the novel Don Quixote ?")
    assert [word.word for word in words] == ["who", "wrote", "the", "novel", "don", "quixote", "?"]
    assert sum(word.weight for word in words) == pytest.approx(1)
    assert sum(word.weight for word in words[:3]) == pytest.approx(0.5)  # the first of two chunks


def test_the_exported_network_reads_all_chunks_by_itself(run, tmp_path):
    document = export_onnx(run[0], tmp_path / "export")
    assert document["checked"]["models"]["fp32"]["same_labels"] == 1
    texts = load_dataset("questions").test.texts.to_pylist()
    here, there = TextClassifier.load(run[0], precision="fp32"), TextClassifier.load(tmp_path / "export")
    np.testing.assert_allclose(there.predict_logits(texts), here.predict_logits(texts), atol=1e-4)
    for ours, theirs in zip(here.explain(texts[0]), there.explain(texts[0]), strict=True):
        assert ours.weight == pytest.approx(theirs.weight, abs=1e-5)


def test_a_torch_program_would_read_one_chunk_alone(run, tmp_path):
    with pytest.raises(
        UsageError, match='long = "chunks": a torch program reads one chunk of a text; export --to onnx'
    ):
        export_torch(run[0], tmp_path / "export")
    assert not (tmp_path / "export").exists()


def test_the_report_says_how_long_texts_are_read(run):
    page = write_run_report(run[0]).read_text(encoding="utf-8")
    assert "Texts of more than 4 words are read in chunks, whose answers are averaged." in page
    assert "are not read" not in page


def test_an_interrupted_run_goes_on_to_the_same_weights(run, tmp_path):
    class Stop(TrainingObserver):
        def epoch(self, record):
            if record.epoch == 2:
                raise KeyboardInterrupt

    config = small(long="chunks", max_words=MAX_WORDS)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "run", observer=Stop())
    train(config, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / WEIGHTS).read_bytes() == (run[0] / WEIGHTS).read_bytes()
