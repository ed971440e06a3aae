"""The engine that predicts without torch, against the network that was trained."""

import numpy as np
import pytest
import torch

from cct_text.config import Config
from cct_text.inference import folding
from cct_text.inference.engine import Engine
from cct_text.inference.folding import FoldedTokenizer
from cct_text.inference.kernels import NumPyKernels
from cct_text.inference.native import choose_kernels
from cct_text.model import MODEL_NAMES
from cct_text.model.forward import predict_logits
from cct_text.model.persistence import build_network
from cct_text.model.saved import SavedModel
from cct_text.text.encoded import EncodedTexts
from cct_text.text.tokenizer import Tokenizer
from cct_text.text.vocabulary import PAD, Vocabulary

WORDS = 50
MAX_WORDS = 30
VARIANTS = [
    *({"model": name} for name in MODEL_NAMES),
    *({"model": "cct-2/2", "pooling": pooling} for pooling in ("class-token", "mean", "max")),
    *({"model": "cct-2/1", "positions": positions} for positions in ("learnable", "none")),
    *({"model": f"{family}/{kernel}"} for family in ("cct-2", "cvt-2") for kernel in ("3", "6", "4x2", "3x3")),
    {"model": "cct-2/1+3+5", "max_pool": "false"},
    {"model": "cct-2/1+2x2"},
    {"model": "cct-2/2", "long": "head-tail"},
    {"model": "cct-2/2", "width": 24, "heads": 3, "mlp_ratio": 1.5},
]


@pytest.fixture(params=[NumPyKernels(), choose_kernels("fp32")], ids=["numpy", "compiled"])
def kernels(request):
    return request.param


@pytest.fixture(params=VARIANTS, ids=lambda options: "-".join(options.values() if len(options) < 3 else ["sizes"]))
def both(request, kernels):
    """A network whose every weight is random, and the engine of it."""
    torch.manual_seed(1)
    config = Config().with_values({"max_words": MAX_WORDS, **request.param})
    network = build_network(config, num_classes=5, vocab_size=WORDS, embedding_dim=12).eval()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight.add_(torch.randn_like(weight) * 0.2)
            if name == "embedding.weight":
                weight[PAD] = 0
    vocabulary = Vocabulary(("<pad>", "<unk>", *(f"w{word}" for word in range(2, WORDS))), (0,) * WORDS)
    weights = {name: weight.numpy() for name, weight in network.state_dict().items()}
    model = SavedModel(config, tuple("abcde"), Tokenizer("whitespace", vocabulary), weights, 1.0)
    return network, Engine(model, kernels)


def some_texts():
    """Texts of 0 to 40 words, some longer than the model reads."""
    rng = np.random.default_rng(0)
    lengths = np.concatenate([[0, 1, 2, 3], rng.integers(0, 41, 60)])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return EncodedTexts(rng.integers(1, WORDS, offsets[-1]).astype(np.int32), offsets)


def test_the_engine_gives_the_logits_of_the_network(both):
    network, engine = both
    expected = predict_logits(network, some_texts().shortened(MAX_WORDS, engine.long))
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(engine.logits(some_texts()), expected, atol=1e-4)


def test_the_engine_weighs_words_as_the_network_does(both):
    network, engine = both
    for length in (1, 2, 7, MAX_WORDS):
        ids = np.random.default_rng(length).integers(1, WORDS, length)
        row = torch.from_numpy(ids)[None]
        expected = network.token_weights(row, torch.ones_like(row, dtype=torch.bool))[0].numpy()
        np.testing.assert_allclose(engine.word_weights(ids.astype(np.int32)), expected, atol=1e-5)


def test_words_that_are_not_read_weigh_nothing(both):
    _, engine = both
    weights = engine.word_weights(np.full(MAX_WORDS + 5, 3, np.int32))
    first = MAX_WORDS if engine.long == "head" else MAX_WORDS // 2
    assert weights.sum() == pytest.approx(1, abs=1e-5)
    assert not weights[first : first + 5].any()


def test_the_table_grows_with_the_words_that_are_met(both, monkeypatch):
    monkeypatch.setattr(folding, "FIRST_ROWS", 2)
    _, engine = both
    tokenizer = FoldedTokenizer(engine.architecture, {**engine_weights(both)}, engine.kernels)
    before = engine.logits(some_texts())
    engine.tokenizer = tokenizer
    np.testing.assert_array_equal(engine.logits(some_texts()), before)
    assert 2 < len(tokenizer._table) < 4 * WORDS


def engine_weights(both):
    return {name: weight.numpy() for name, weight in both[0].state_dict().items()}
