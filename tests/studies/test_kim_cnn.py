"""Kim's network."""

import numpy as np
import pytest
import torch

from cct_text.model.embedding import WordEmbedding
from cct_text.model.zoo import parameter_counts
from cct_text.studies.baselines.kim_cnn import KimCNN
from cct_text.studies.baselines.run import train_baseline
from cct_text.training.recipes import resolve_config


@pytest.fixture
def network():
    torch.manual_seed(0)
    return KimCNN(WordEmbedding(50, 8), embedding_dim=8, num_classes=6).eval()


def test_the_number_of_parameters_by_hand(network):
    assert parameter_counts(network) == (8 * 100 * (3 + 4 + 5) + 300 + 300 * 6 + 6, 50 * 8)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 9])
def test_a_prediction_depends_neither_on_padding_nor_on_batch_mates(network, length):
    ids = torch.arange(2, 2 + length)
    alone = network(ids[None], torch.ones(1, length, dtype=torch.bool))
    padded = torch.zeros(3, 14, dtype=torch.long)
    padded[1:] = torch.randint(2, 50, (2, 14))
    padded[0, :length] = ids
    mask = padded > 0
    mask[0] = torch.arange(14) < length
    assert network(padded, mask)[0].detach().numpy() == pytest.approx(alone[0].detach().numpy(), abs=1e-6)


def test_a_feature_is_its_maximum_over_the_real_windows_by_hand(network):
    ids = torch.tensor([[5, 6, 7, 8, 0, 0, 0]])
    features = network.convolutions[0]
    vectors = network.embedding.weight[ids[0, :4]].detach()  # (4, E), two windows of three words
    windows = torch.stack([vectors[start : start + 3].T.flatten() for start in (0, 1)])
    by_hand = torch.relu(windows @ features.weight.flatten(1).T + features.bias).amax(dim=0)
    pooled = []
    network.head.register_forward_pre_hook(lambda _, inputs: pooled.append(inputs[0]))
    network(ids, ids > 0)
    assert pooled[0][0, :100].detach().numpy() == pytest.approx(by_hand.detach().numpy(), abs=1e-6)


def test_word_order_counts_within_a_window(network):
    ids = torch.tensor([[5, 6, 7], [7, 6, 5]])
    logits = network(ids, ids > 0).detach().numpy()
    assert not np.allclose(logits[0], logits[1])


def test_it_has_no_bigrams_whatever_stands_beside_it_has(tmp_path):
    values = {"vectors": "glove.6B.50d", "epochs": 1}
    with_bigrams = resolve_config("questions", values={**values, "bigram_min_count": 2})
    metrics = train_baseline("kim-cnn-tuned", with_bigrams, tmp_path / "run")
    plain = train_baseline("kim-cnn-tuned", resolve_config("questions", values=values), tmp_path / "plain")
    assert metrics["vocabulary"] == plain["vocabulary"]
    assert metrics["test"] == plain["test"]
