"""A real run folder without training: random weights over a real vocabulary, three labels."""

import pytest
import torch

from cct_text.config import Config
from cct_text.datasets import load_dataset
from cct_text.inference.classifier import TextClassifier
from cct_text.model.forward import predict_logits
from cct_text.model.persistence import build_network, weights_of
from cct_text.model.saved import SavedModel
from cct_text.text.tokenizer import Tokenizer, split_words
from cct_text.text.vocabulary import Vocabulary

LABELS = ("HUM", "LOC", "NUM")
TEMPERATURE = 0.8
"""Not 1, so that what forgets to divide by it is found out."""


@pytest.fixture(scope="session")
def questions():
    return load_dataset("questions")


@pytest.fixture(scope="session")
def vocabulary(questions):
    return Vocabulary.build(split_words(questions.train.texts, "basic_english"))


@pytest.fixture(scope="session")
def new_model(vocabulary, questions):
    """A model with random weights; options as for `Config.with_values`."""

    def build(labels=LABELS, **options):
        torch.manual_seed(0)
        config = Config().with_values({"model": "cct-2/2", "width": 16, "max_words": 24, **options})
        network = build_network(config, num_classes=len(labels), vocab_size=len(vocabulary), embedding_dim=16)
        tokenizer = Tokenizer("basic_english", vocabulary)
        with torch.no_grad():
            # A fresh head says much the same about every text; this one uses all labels.
            network.head.weight *= 100
            logits = predict_logits(network, tokenizer.encode(questions.train.texts).chunks(24, "head"))
            network.head.bias -= torch.from_numpy(logits).mean(dim=0)
        return SavedModel(config, labels, tokenizer, weights_of(network), TEMPERATURE)

    return build


@pytest.fixture(scope="session")
def run(new_model, tmp_path_factory):
    """The run folder."""
    path = tmp_path_factory.mktemp("runs") / "random"
    new_model().save(path)
    return path


@pytest.fixture(scope="session")
def classifier(run):
    return TextClassifier.load(run)


@pytest.fixture(scope="session")
def texts(questions):
    """120 real questions."""
    return questions.test.texts.to_pylist()
