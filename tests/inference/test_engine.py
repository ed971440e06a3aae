"""The engine that predicts without torch, against the network that was trained."""

import numpy as np
import pytest
import torch

from cct_text.inference import folding
from cct_text.inference.engine import Engine
from cct_text.inference.folding import FoldedTokenizer
from cct_text.inference.kernels import NumPyKernels
from cct_text.inference.native import choose_kernels
from cct_text.model.forward import predict_logits
from cct_text.text.encoded import EncodedTexts
from tests.support.random_networks import MAX_WORDS, VARIANTS, WORDS, name_of, random_model, some_texts


@pytest.fixture(params=[NumPyKernels(), choose_kernels("fp32")], ids=["numpy", "compiled"])
def kernels(request):
    return request.param


@pytest.fixture(params=VARIANTS, ids=name_of)
def both(request, kernels):
    """A network whose every weight is random, and the engine of it."""
    network, model = random_model(request.param)
    return network, Engine(model, kernels)


def test_the_engine_gives_the_logits_of_the_network(both):
    network, engine = both
    expected = predict_logits(network, engine.bigrams.found_in_chunks(some_texts().chunks(MAX_WORDS, engine.long)))
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(engine.logits(some_texts()), expected, atol=1e-4)


def test_the_engine_weighs_words_as_the_network_does(both):
    network, engine = both
    for length in (1, 2, 7, MAX_WORDS):
        ids = np.random.default_rng(length).integers(1, WORDS, length)
        read = engine.bigrams.found_in(EncodedTexts(ids, np.array([0, length])))
        row = torch.from_numpy(read.ids).long()[None]
        expected = network.token_weights(row, torch.ones_like(row, dtype=torch.bool))[0].numpy()
        np.testing.assert_allclose(engine.word_weights(ids.astype(np.int32)), expected, atol=1e-5)


def test_words_that_are_not_read_weigh_nothing(both):
    _, engine = both
    weights = engine.word_weights(np.full(MAX_WORDS + 5, 3, np.int32))
    assert weights.sum() == pytest.approx(1, abs=1e-5)
    if engine.long == "chunks":
        assert weights[:17].sum() == pytest.approx(0.5, abs=1e-5)  # the first of two chunks, of 17 and 18 words
    else:
        first = MAX_WORDS if engine.long == "head" else MAX_WORDS // 2
        assert not weights[first : first + 5].any()


def test_the_table_grows_with_the_words_that_are_met(both, monkeypatch):
    monkeypatch.setattr(folding, "FIRST_ROWS", 2)
    _, engine = both
    tokenizer = FoldedTokenizer(engine.architecture, engine.tokenizer.vectors, engine_weights(both), engine.kernels)
    before = engine.logits(some_texts())
    engine.tokenizer = tokenizer
    np.testing.assert_array_equal(engine.logits(some_texts()), before)
    assert 2 < len(tokenizer._table) < 4 * len(tokenizer.vectors)


def engine_weights(both):
    return {name: weight.numpy() for name, weight in both[0].state_dict().items()}
