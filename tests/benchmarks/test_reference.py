"""The plain pipeline is no straw man: it reads the same words and computes the same network."""

import csv

import pytest
import torch

from benchmarks.reference import Reference, encode, predict_file, tokenize
from cct_text.datasets import load_dataset
from cct_text.model.zoo import build_model
from cct_text.text.batching import batches
from cct_text.text.tokenizer import Tokenizer, split_words
from cct_text.text.vocabulary import Vocabulary
from tests.datasets.test_real_data import there
from tests.text.test_rules import goldens

LENGTH = 64
LABELS = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")


@pytest.fixture(scope="module")
def texts():
    """Real questions: of TREC where it is, the embedded ones elsewhere."""
    dataset = load_dataset((there("trec") or there("questions"))[0])
    return dataset.train.texts.to_pylist()[:400]


@pytest.fixture(scope="module")
def tokenizer(texts):
    # A quarter of the texts is left out of the vocabulary, so that there are unknown words.
    return Tokenizer("basic_english", Vocabulary.build(split_words(texts[100:], "basic_english")))


@pytest.fixture(scope="module")
def ids(tokenizer):
    return {word: index for index, word in enumerate(tokenizer.vocabulary.words)}


def network_of(model, tokenizer):
    """A network in which no two weights are alike, so that none can stand in for another."""
    torch.manual_seed(0)
    network = build_model(
        model, num_classes=len(LABELS), vocab_size=len(tokenizer.vocabulary), embedding_dim=50, max_words=LENGTH
    )
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name != "embedding.weight":  # the pad's vector stays zero
                parameter += 0.05 * torch.randn_like(parameter)
    return network.eval()


@torch.inference_mode()
def products_logits(network, tokenizer, texts):
    logits = torch.zeros(len(texts), len(LABELS))
    for batch in batches(tokenizer.encode(texts).chunks(LENGTH, "head").encoded, 64):
        logits[batch.rows] = network(torch.from_numpy(batch.ids), torch.from_numpy(batch.mask))
    return logits


def test_the_tokenizer_gives_the_words_of_torchtext():
    for text, words in goldens():
        assert tokenize(text) == words


@pytest.mark.parametrize("model", ["cct-2/1", "cct-2/2", "cct-2/4", "cct-4/2"])
def test_the_logits_are_the_products(model, texts, tokenizer, ids):
    network = network_of(model, tokenizer)
    plain = Reference(network.architecture, network.state_dict(), length=LENGTH).eval()
    with torch.inference_mode():
        logits = plain(encode(texts, ids, LENGTH))
    expected = products_logits(network, tokenizer, texts)
    assert expected.std(dim=0).min() > 0.01  # the texts are told apart
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


def test_a_file_gets_the_products_label_on_each_line(texts, tokenizer, ids, tmp_path):
    network = network_of("cct-2/2", tokenizer)
    plain = Reference(network.architecture, network.state_dict(), length=LENGTH)
    source, output = tmp_path / "texts.txt", tmp_path / "labels.csv"
    source.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    predict_file(plain, ids, LABELS, source, output)
    probabilities, classes = products_logits(network, tokenizer, texts).softmax(dim=1).max(dim=1)
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == [LABELS[index] for index in classes]
    assert [float(row["probability"]) for row in rows] == pytest.approx(probabilities.tolist(), abs=1e-5)


def test_weights_of_another_network_are_refused(tokenizer):
    network = network_of("cct-4/2", tokenizer)
    with pytest.raises(ValueError, match=r"blocks\.2"):
        Reference(network_of("cct-2/2", tokenizer).architecture, network.state_dict(), length=LENGTH)
