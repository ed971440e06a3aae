"""Models with random weights, a run that was trained and its exports, and a page in a real browser."""

import pytest
import torch

from cct_text.config import Config
from cct_text.export import measure
from cct_text.export.onnx_export import export_onnx
from cct_text.export.torch_export import export_torch
from cct_text.export.web import export_web
from cct_text.model.persistence import build_network, weights_of
from cct_text.model.saved import SavedModel
from cct_text.text.tokenizer import Tokenizer
from cct_text.text.vocabulary import PAD, Vocabulary
from tests.support.browser import browser

WORDS = Vocabulary(("<pad>", "<unk>", *(f"w{word}" for word in range(2, 50))), (0,) * 50)
LABELS = tuple("abcde")
TEMPERATURE = 0.8
"""Not 1, so that what forgets to divide by it is found out."""


def new_model(
    *, vocabulary=WORDS, tokenizer="whitespace", labels=LABELS, class_of_label=None, embedding_dim=12, **options
):
    """A model whose every weight is random; options as for `Config.with_values`."""
    torch.manual_seed(1)
    config = Config().with_values({"max_words": 30, "tokenizer": tokenizer, **options})
    network = build_network(
        config,
        num_classes=len(labels),
        vocab_size=len(vocabulary),
        embedding_dim=embedding_dim,
        bigrams=vocabulary.bigrams,
        class_of_label=class_of_label,
    )
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight.add_(torch.randn_like(weight) * 0.2)
            if name == "embedding.weight":
                weight[PAD] = 0
    return SavedModel(
        config, labels, Tokenizer(tokenizer, vocabulary), weights_of(network), TEMPERATURE, class_of_label
    )


@pytest.fixture(scope="package")
def chromium():
    with browser() as opened:
        yield opened


@pytest.fixture(scope="package")
def page(chromium, tmp_path_factory):
    """The page of a small model, from disk."""
    folder = tmp_path_factory.mktemp("page")
    new_model().save(folder / "run")
    export_web(folder / "run", folder / "small.html")
    page = chromium.new_page()
    page.goto((folder / "small.html").as_uri())
    return page


@pytest.fixture(scope="session", autouse=True)
def _short_rounds():
    """Speed is not what is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "SECONDS", 0.1)
        yield


@pytest.fixture(scope="session")
def run(questions_run):
    return questions_run


@pytest.fixture(scope="session")
def exported(run, tmp_path_factory):
    """An ONNX export in all precisions, measured on the dev split."""
    folder = tmp_path_factory.mktemp("exports") / "questions"
    export_onnx(run, folder, precisions=["fp32", "fp16", "int8"], measure_on="dev")
    return folder


@pytest.fixture(scope="session")
def program(run, tmp_path_factory):
    """A program of torch.export."""
    folder = tmp_path_factory.mktemp("programs") / "questions"
    export_torch(run, folder)
    return folder


@pytest.fixture(scope="session")
def texts(run):
    """The 120 test rows."""
    from pyarrow.parquet import read_table

    return read_table(run / "predictions.parquet")["text"].to_pylist()
