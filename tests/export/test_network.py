"""The network as an ONNX graph, run by ONNX Runtime, against the network that was trained."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from cct_text.errors import UsageError
from cct_text.export import graph
from cct_text.export.calibration import input_ranges
from cct_text.export.network import onnx_network
from cct_text.export.storage import Float16, Float32, Int8
from cct_text.inference.on_onnx import new_session
from cct_text.model.forward import predict_logits
from cct_text.text.encoded import EncodedTexts, chunks_of_text
from tests.support.random_networks import MAX_WORDS, VARIANTS, name_of, random_model, read, some_texts


def padded(encoded):
    """All texts in one batch, as long as they are: (B, S)."""
    ids = np.zeros((len(encoded), encoded.lengths.max(initial=0)), np.int64)
    for row, (start, length) in enumerate(zip(encoded.offsets[:-1], encoded.lengths, strict=True)):
        ids[row, :length] = encoded.ids[start : start + length]
    return ids


def run(model, ids, storage=None):
    session = new_session(onnx_network(model, storage or Float32()).SerializeToString())
    return session.run(["logits", "weights"], {"ids": ids})


@pytest.fixture(params=VARIANTS, ids=name_of)
def both(request):
    return random_model(request.param)


def test_the_graph_gives_the_logits_of_the_network_for_ragged_batches(both):
    network, model = both
    logits, _ = run(model, padded(some_texts()))
    expected = predict_logits(network, read(model, some_texts()))
    np.testing.assert_allclose(logits, expected, atol=1e-4)


def test_the_graph_weighs_words_as_the_network_does(both):
    network, model = both
    ids = padded(some_texts())
    _, weights = run(model, ids)
    assert weights.shape == ids.shape
    for row in (0, 1, 3, int(some_texts().lengths.argmax())):
        words = ids[row][: some_texts().lengths[row]]
        expected = np.zeros(ids.shape[1])
        if len(words):
            chunks = chunks_of_text(len(words), MAX_WORDS, model.config.text.long)
            for places in chunks:
                chunk = EncodedTexts(words[places], np.array([0, len(places)]))
                kept = torch.from_numpy(model.tokenizer.vocabulary.bigrams.found_in(chunk).ids).long()[None]
                expected[places] = network.token_weights(kept, torch.ones_like(kept, dtype=torch.bool))[0] / len(chunks)
        np.testing.assert_allclose(weights[row], expected, atol=1e-5)


# One of them is enough for what has nothing to do with the kind of network.


@pytest.fixture(scope="module")
def model():
    return random_model({"model": "cct-2/2"})[1]


def test_one_text_many_texts_and_texts_without_words_go_through_the_same_file(model):
    session = new_session(onnx_network(model, Float32()).SerializeToString())

    def logits(ids):
        return session.run(["logits"], {"ids": np.array(ids, np.int64)})[0]

    alone = logits([[3, 4]])
    np.testing.assert_allclose(logits([[3, 4, 0, 0], [5, 6, 7, 8]])[:1], alone, atol=1e-6)
    np.testing.assert_allclose(logits([[3, 4], *[[9, 9]] * 99])[:1], alone, atol=1e-6)
    np.testing.assert_allclose(logits([[]]), logits([[0, 0, 0]]), atol=1e-6)
    assert logits(np.zeros((0, 3))).shape == (0, 5)


def test_finer_labels_become_classes_and_the_temperature_is_in_the_file():
    network, fine = random_model({"model": "cct-2/2"}, class_of_label=(0, 1, 2, 3, 4, 4, 0, -1))
    logits, _ = run(replace(fine, temperature=0.5), padded(some_texts()))
    expected = predict_logits(network, some_texts().chunks(MAX_WORDS, "head")) / 0.5
    np.testing.assert_allclose(logits, expected, atol=2e-4)


def test_the_file_is_valid_onnx_and_says_what_it_is(model):
    file = onnx_network(model, Float32())
    onnx.checker.check_model(file, full_check=True)
    assert [opset.version for opset in file.opset_import] == [graph.OPSET]
    says = {entry.key: entry.value for entry in file.metadata_props}
    assert json.loads(says["labels"]) == list("abcde")
    assert (says["max_words"], says["long"], says["temperature"]) == ("30", "head", "1.0")
    assert "ids" in file.graph.doc_string


STORAGES = {"fp16": lambda _: Float16(), "int8": lambda model: Int8(input_ranges(model))}


@pytest.mark.parametrize(("precision", "apart"), [("fp16", 0.02), ("int8", 0.25)])
@pytest.mark.parametrize("name", ["cct-2/2", "transformer-2", "cvt-2/4", "cct-2/1+2x2"])
def test_a_coarser_precision_is_near(name, precision, apart):
    model = random_model({"model": name})[1]
    exact, _ = run(model, padded(some_texts()))
    coarse, weights = run(model, padded(some_texts()), STORAGES[precision](model))
    assert 0 < np.abs(coarse - exact).max() < apart * np.abs(exact).max()
    np.testing.assert_allclose(weights.sum(axis=1), some_texts().lengths > 0, atol=1e-5)


def test_a_coarser_precision_is_smaller(model):
    whole = len(onnx_network(model, Float32()).SerializeToString())
    sizes = {name: len(onnx_network(model, of(model)).SerializeToString()) / whole for name, of in STORAGES.items()}
    assert sizes["fp16"] < 0.55
    assert sizes["int8"] < 0.35


def test_a_network_of_zeros_has_ranges_and_an_int8_file(model):
    zeros = replace(model, weights={name: np.zeros_like(weight) for name, weight in model.weights.items()})
    logits, _ = run(zeros, padded(some_texts()), Int8(input_ranges(zeros)))
    assert not logits.any()


def test_an_int8_prediction_does_not_depend_on_the_texts_beside_it(model):
    session = new_session(onnx_network(model, Int8(input_ranges(model))).SerializeToString())
    ids = padded(some_texts())
    (together,) = session.run(["logits"], {"ids": ids})
    alone = np.concatenate([session.run(["logits"], {"ids": ids[row : row + 1]})[0] for row in range(len(ids))])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_weights_that_float16_cannot_hold_are_refused(model):
    huge = {**model.weights, "encoder.blocks.0.mlp.0.weight": model.weights["encoder.blocks.0.mlp.0.weight"] * 1e6}
    with pytest.raises(UsageError, match=r"encoder.blocks.0.mlp.0 holds 9\d+, which float16 cannot"):
        onnx_network(replace(model, weights=huge), Float16())


def test_more_weights_than_a_file_can_hold_are_refused(model, monkeypatch):
    monkeypatch.setattr(graph, "LARGEST", 100_000)
    with pytest.raises(UsageError, match="larger than the 2 GB of an ONNX file; export with --precision int8"):
        onnx_network(model, Float32())
