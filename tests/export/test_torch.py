"""`cct-text export --to torch`: the program says what the network says, for batches of all sizes."""

import io
import json

import numpy as np
import pytest
import torch

from cct_text.errors import UsageError
from cct_text.export.torch_export import traced
from cct_text.inference.classifier import TextClassifier
from cct_text.model.forward import predict_logits
from cct_text.text.encoded import EncodedTexts
from tests.support.random_networks import MAX_WORDS, random_model, read

# One layer each, as the others are traced like the first; a network of each kind.
VARIANTS = [
    {"model": "cct-2/2"},
    {"model": "cct-2/4x2", "pooling": "max", "positions": "none"},
    {"model": "cct-2/1+3+5", "max_pool": "false", "pooling": "mean", "positions": "learnable"},
    {"model": "cvt-6/4"},
    {"model": "vit-lite-4/2", "positions": "learnable"},
    {"model": "transformer-2"},
    {"model": "cct-2/1+2", "bigram_min_count": 1},
]


@pytest.mark.parametrize("options", VARIANTS, ids=lambda options: options["model"])
def test_a_saved_program_takes_any_number_of_texts_of_any_length(options):
    network, model = random_model({**options, "layers": 1})
    file = io.BytesIO()
    torch.export.save(traced(model), file)
    file.seek(0)
    program = torch.export.load(file).module()
    ids = torch.from_numpy(np.random.default_rng(0).integers(1, 50, (20, MAX_WORDS)))
    for texts in (1, 2, 20):
        for words in (0, 1, 2, 3, 4, 9, MAX_WORDS):
            batch = ids[:texts, :words].clone()
            batch[:, words // 2 :][::2] = 0  # shorter texts beside longer ones
            lengths = (batch != 0).sum(dim=1).tolist()
            texts_of_batch = EncodedTexts(batch[batch != 0].numpy(), np.cumsum([0, *lengths]))
            expected = predict_logits(network, read(model, texts_of_batch))
            torch.testing.assert_close(program(batch), torch.from_numpy(expected), atol=1e-4, rtol=0)


def test_more_words_than_the_run_reads_are_refused_by_the_program():
    program = traced(random_model({"model": "transformer-2", "layers": 1})[1]).module()
    with pytest.raises(AssertionError, match="30"):
        program(torch.ones(2, MAX_WORDS + 1, dtype=torch.int64))


def test_the_exported_folder_holds_a_checked_program(run, program):
    assert sorted(path.name for path in program.iterdir()) == [
        *("README.md", "export.json", "program.pt2", "tokenizer.json"),
    ]
    says = json.loads((program / "export.json").read_text(encoding="utf-8"))
    assert says["target"] == "torch"
    assert says["checked"]["models"]["fp32"]["largest_difference"] < 1e-4
    assert says["checked"]["texts"] == 126


def test_prediction_says_what_a_program_is_for(program):
    with pytest.raises(UsageError, match="exported --to torch; predict with the run folder, or export it --to onnx"):
        TextClassifier.load(program)


def test_a_single_word_is_no_length_that_varies(cct_text, tmp_path):
    random_model({"model": "cct-2/2", "max_words": 1})[1].save(tmp_path / "run")
    done = cct_text("export", tmp_path / "run", "--to", "torch", "-o", tmp_path / "x")
    assert (done.code, "max_words = 1" in done.err) == (2, True)
    assert cct_text("export", tmp_path / "run", "--to", "onnx", "-o", tmp_path / "x").code == 0
