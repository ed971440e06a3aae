"""A network that learns finer labels than it answers with."""

import tomllib

import numpy as np
import pytest
import torch

from cct_text.config import Config
from cct_text.errors import DataError
from cct_text.inference.engine import Engine
from cct_text.inference.kernels import NumPyKernels
from cct_text.inference.native import choose_kernels
from cct_text.model.forward import predict_logits
from cct_text.model.persistence import build_network, restore_network, weights_of
from cct_text.model.saved import SavedModel
from cct_text.text.encoded import EncodedTexts
from cct_text.text.tokenizer import Tokenizer
from cct_text.text.vocabulary import Vocabulary

CLASSES = (0, 0, -1, 1, 1)
IDS = torch.tensor([[2, 3, 4], [5, 6, 7]])
MASK = torch.ones_like(IDS, dtype=torch.bool)


@pytest.fixture
def saved():
    torch.manual_seed(0)
    config = Config().with_values({"max_words": 8, "width": 16})
    network = build_network(config, num_classes=2, vocab_size=9, embedding_dim=6, class_of_label=CLASSES)
    torch.nn.init.normal_(network.head.weight)
    vocabulary = Vocabulary(("<pad>", "<unk>", *(f"w{word}" for word in range(2, 9))), (0,) * 9)
    return SavedModel(config, ("bad", "good"), Tokenizer("whitespace", vocabulary), weights_of(network), 1.0, CLASSES)


def test_a_class_has_the_probabilities_of_its_labels_and_those_of_no_class_do_not_count(saved):
    network = restore_network(saved)
    of_labels = network.label_logits(IDS, MASK).softmax(dim=1)  # (B, 5)
    expected = torch.stack([of_labels[:, :2].sum(dim=1), of_labels[:, 3:].sum(dim=1)], dim=1)
    expected = expected / expected.sum(dim=1, keepdim=True)
    torch.testing.assert_close(network(IDS, MASK).softmax(dim=1), expected)


@pytest.mark.parametrize(
    ("kernels", "tolerance"),
    [(NumPyKernels(), 1e-5), (choose_kernels("fp32"), 1e-5), (choose_kernels(), 2e-2)],
    ids=["numpy", "compiled", "fastest"],
)
def test_the_engine_and_a_run_folder_know_the_classes(saved, tmp_path, kernels, tolerance):
    saved.save(tmp_path)
    model = SavedModel.load(tmp_path)
    assert model.class_of_label == CLASSES
    texts = EncodedTexts(IDS.numpy().ravel().astype(np.int32), np.array([0, 3, 6]))
    read = texts.chunks(3, "head")
    expected = predict_logits(restore_network(saved), read)
    assert expected.shape == (2, 2)
    np.testing.assert_allclose(Engine(model, kernels).logits(texts), expected, atol=tolerance)
    np.testing.assert_allclose(predict_logits(restore_network(model), read), expected)


@pytest.mark.parametrize("class_of_label", [(0, 0, -1, 0, 0), (0, 0, -1, 1, 2), (0, 1, 1)])
def test_classes_that_do_not_fit_are_damage(saved, tmp_path, class_of_label):
    damaged = SavedModel(saved.config, saved.labels, saved.tokenizer, saved.weights, 1.0, class_of_label)
    damaged.save(tmp_path)
    with pytest.raises(DataError, match=r"\[run\] class_of_label is not|does not fit the model"):
        SavedModel.load(tmp_path)


def test_a_run_without_finer_labels_names_no_classes(saved, tmp_path):
    head = {name: saved.weights[name][:2] for name in ("head.weight", "head.bias")}
    plain = SavedModel(saved.config, saved.labels, saved.tokenizer, {**saved.weights, **head}, 1.0)
    plain.save(tmp_path)
    assert "class_of_label" not in tomllib.loads((tmp_path / "config.toml").read_text())["run"]
    assert SavedModel.load(tmp_path).class_of_label is None
