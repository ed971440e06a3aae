"""Any model: what is saved is loaded and says the same, and the three networks agree on any text."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cct_text.config import Config
from cct_text.export.network import onnx_network
from cct_text.export.storage import Float32
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.engine import Engine
from cct_text.inference.kernels import NumPyKernels
from cct_text.inference.native import choose_kernels
from cct_text.inference.on_onnx import new_session
from cct_text.model.forward import predict_logits
from cct_text.model.persistence import build_network, weights_of
from cct_text.model.saved import SavedModel
from cct_text.text.batching import batches_of_words
from cct_text.text.encoded import EncodedTexts
from cct_text.text.rules import RULES
from cct_text.text.tokenizer import Tokenizer
from cct_text.text.vocabulary import SPECIAL_WORDS, Vocabulary
from tests.support.random_networks import stir

EMBEDDING_DIM = 8
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WORD = TEXT.filter(lambda word: word not in SPECIAL_WORDS and " " not in word)
WORDS = st.lists(WORD, unique=True, max_size=8)
LABELS = st.lists(TEXT, unique=True, min_size=2, max_size=5)

CONVOLUTION = st.fixed_dictionaries(
    {
        "model": st.builds(
            "{}-{}/{}".format, st.sampled_from(["cct", "cvt", "vit-lite"]), st.integers(1, 2), st.integers(1, 5)
        ),
        "width": st.sampled_from([6, 12]),
        "conv_layers": st.integers(1, 2),
    }
)
KERNELS = st.lists(st.integers(1, 5), min_size=2, max_size=3).map(
    lambda kernels: {"model": f"cct-1/{'+'.join(map(str, kernels))}", "width": 12, "max_pool": len(kernels) == 2}
)
OPTIONS = st.builds(
    lambda network, others: {**others, **network},
    CONVOLUTION | KERNELS | st.just({"model": "transformer-2"}),
    st.fixed_dictionaries(
        {
            "heads": st.integers(1, 2),
            "mlp_ratio": st.sampled_from([0.5, 1.0, 1.5]),
            "positions": st.sampled_from(["none", "sine", "learnable"]),
            "pooling": st.sampled_from(["seqpool", "class-token", "mean", "max"]),
            "max_words": st.integers(1, 12),
            "long": st.sampled_from(["head", "head-tail", "chunks"]),
            "tokenizer": st.sampled_from(sorted(RULES)),
        }
    ),
)
"""Options of networks of every kind, all of them small."""


@st.composite
def models(draw):
    """A network in evaluation mode and the same as it is saved, all of it drawn but the weights, which are random."""
    config = Config().with_values(draw(OPTIONS))
    labels = tuple(draw(LABELS))
    words = (*SPECIAL_WORDS, *draw(WORDS))
    word = st.integers(2, len(words) - 1)
    pairs = sorted(draw(st.sets(st.tuples(word, word), max_size=20))) if len(words) > 2 else []
    vocabulary = Vocabulary(words, (0,) * len(words), tuple(pairs))
    rows = range(len(labels))
    finer = draw(st.none() | st.permutations([*rows, *draw(st.lists(st.integers(-1, len(labels) - 1), max_size=3))]))
    torch.manual_seed(draw(st.integers(0, 2**32 - 1)))
    network = build_network(
        config,
        num_classes=len(labels),
        vocab_size=len(vocabulary),
        embedding_dim=EMBEDDING_DIM,
        bigrams=vocabulary.bigrams,
        class_of_label=None if finer is None else tuple(finer),
    ).eval()
    stir(network)
    tokenizer = Tokenizer(config.text.tokenizer, vocabulary)
    temperature = draw(st.floats(0.05, 20))
    classes = None if finer is None else tuple(finer)
    return network, SavedModel(config, labels, tokenizer, weights_of(network), temperature, classes)


@st.composite
def encoded_texts(draw, words):
    """Some texts of random words, some without any."""
    lengths = draw(st.lists(st.integers(0, 30), min_size=1, max_size=6))
    ids = np.random.default_rng(draw(st.integers(0, 99))).integers(1, words, sum(lengths))
    return EncodedTexts(ids.astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


@settings(deadline=None, max_examples=60, derandomize=True)
@given(data=st.data(), both=models())
def test_the_network_the_engines_and_the_graph_agree(data, both):
    network, model = both
    vocabulary = model.tokenizer.vocabulary
    texts = data.draw(encoded_texts(len(vocabulary.words)))
    chunks = texts.chunks(model.config.text.max_words, model.config.text.long)
    expected = predict_logits(network, vocabulary.bigrams.found_in_chunks(chunks))
    for kernels in (NumPyKernels(), choose_kernels("fp32")):
        np.testing.assert_allclose(Engine(model, kernels).logits(texts), expected, atol=1e-4)
    session = new_session(onnx_network(model, Float32()).SerializeToString())
    logits = np.zeros((len(chunks.encoded), len(model.labels)), np.float32)
    for batch in batches_of_words(chunks.encoded):
        (logits[batch.rows],) = session.run(["logits"], {"ids": batch.ids})
    apart = 1e-4 * max(1.0, 1 / model.temperature)
    np.testing.assert_allclose(chunks.of_texts(logits), expected / np.float32(model.temperature), atol=apart, rtol=1e-5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("saved")


@settings(deadline=None, max_examples=60, derandomize=True)
@given(both=models(), texts=st.lists(TEXT, max_size=5))
def test_a_model_that_is_saved_and_loaded_says_the_same_bit_for_bit(folder, both, texts):
    _, model = both
    texts = [*texts, " ".join(model.tokenizer.vocabulary.words)]
    TextClassifier(model).save(folder / "run")
    loaded = TextClassifier.load(folder / "run")
    assert loaded.labels == model.labels
    assert loaded.config == model.config
    assert loaded.model.tokenizer == model.tokenizer
    assert loaded.model.class_of_label == model.class_of_label
    assert loaded.model.temperature == model.temperature
    assert loaded.predict_logits(texts).tobytes() == TextClassifier(model).predict_logits(texts).tobytes()
    assert json.loads(model.tokenizer.to_json())["model"]["vocab"]["<unk>"] == 1
