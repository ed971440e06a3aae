"""A shared run's tokenizer and weights in the libraries that others read them with: the same ids, the same numbers."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from cct_text.artifacts import TOKENIZER, TOKENIZER_CONFIG, WEIGHTS
from cct_text.datasets import load_dataset
from cct_text.inference.classifier import TextClassifier
from cct_text.sharing.shared_copy import share

AWKWARD = [
    *("", " \t\n", "<pad> and <unk> are words", "Zürich's \"best\" 3.5% -- don't", "ΟΔΥΣΣΕΥΣ ΣΑΣ", "İstanbul ǅ ß"),
    *("a\u2028b\u00a0c\u3000d", "e\u0301 🙂 東京", "no:where;at<br />all", "x" * 500),
]


@pytest.fixture(scope="module")
def shared(own_run, tmp_path_factory):
    out = tmp_path_factory.mktemp("shared") / "copy"
    share(own_run, out, "ann/tickets")
    return out


@pytest.fixture(scope="module")
def texts():
    return [*AWKWARD, *load_dataset("questions").test.texts.to_pylist()]


@pytest.fixture(scope="module")
def ids(shared, texts):
    """Ours."""
    encoded = TextClassifier.load(shared).model.tokenizer.encode(texts)
    return [
        encoded.ids[start:end].tolist() for start, end in zip(encoded.offsets[:-1], encoded.offsets[1:], strict=True)
    ]


def test_the_tokenizers_library_gives_the_same_ids(shared, texts, ids):
    from tokenizers import Tokenizer

    library = Tokenizer.from_file(str(shared / TOKENIZER))
    assert [one.ids for one in library.encode_batch(texts)] == ids


def test_transformers_gives_the_same_ids_of_the_folder(shared, texts, ids):
    from transformers import AutoTokenizer

    library = AutoTokenizer.from_pretrained(shared)
    assert library(texts)["input_ids"] == ids
    assert (library.pad_token_id, library.unk_token_id, library.model_max_length) == (0, 1, 256)
    padded = library(["who is it ?", "who ?"], padding=True, return_tensors="np")
    assert padded["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert (padded["input_ids"][1, 2:] == 0).all()


def test_transformers_gives_the_same_ids_of_the_file_alone(shared, texts, ids):
    from transformers import PreTrainedTokenizerFast

    options = json.loads((shared / TOKENIZER_CONFIG).read_text())
    names = {name: options[name] for name in ("unk_token", "pad_token", "split_special_tokens")}
    library = PreTrainedTokenizerFast(tokenizer_file=str(shared / TOKENIZER), **names)
    assert library(texts)["input_ids"] == ids


def test_safetensors_gives_the_same_weights(shared):
    weights = load_file(shared / WEIGHTS)
    ours = TextClassifier.load(shared).model.weights
    assert weights.keys() == ours.keys()
    assert all(np.array_equal(weights[name], ours[name]) for name in ours)
    assert len(weights["embedding.weight"]) == len(TextClassifier.load(shared).model.tokenizer.vocabulary)
