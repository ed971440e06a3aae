"""Word vectors: the pad row, frozen vectors, and both dropouts."""

from __future__ import annotations

import pytest
import torch

from cct_text.errors import UsageError
from cct_text.model import build_model
from cct_text.model.dropout import Dropout
from cct_text.model.embedding import LEARNED_STD, WordEmbedding
from cct_text.text.vocabulary import PAD, UNK

IDS = torch.tensor([[2, 3, 4, 0, 0], [5, 2, 0, 0, 0], [0, 0, 0, 0, 0]])
MASK = IDS != PAD


def train_a_few_steps(model):
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.5)
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model.train()(IDS, MASK), torch.tensor([0, 1, 2])).backward()
        optimizer.step()


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("freeze", [True, False])
@pytest.mark.parametrize("name", ["cct-2/4", "vit-lite-2/2", "transformer-2"])
def test_the_pad_row_stays_zero_and_gets_no_gradient(name, given, freeze):
    vectors = torch.randn(8, 12) if given else None
    model = build_model(
        name,
        num_classes=3,
        vocab_size=8,
        embedding_dim=12,
        vectors=vectors,
        freeze_vectors=freeze,
        word_dropout=0.3,
        embedding_dropout=0.3,
    )
    train_a_few_steps(model)
    assert (model.embedding.weight[PAD] == 0).all()
    if not freeze:
        assert (model.embedding.weight.grad[PAD] == 0).all()
        assert (model.embedding.weight.grad[UNK:] != 0).any()


def test_no_gradient_reaches_the_pad_row_whatever_stands_behind_the_embedding():
    embedding = WordEmbedding(8, 3)
    embedding(IDS, MASK).sum().backward()
    assert (embedding.weight.grad[PAD] == 0).all()
    assert (embedding.weight.grad[2] == 2).all()


def test_frozen_vectors_get_no_gradient_stay_as_given_and_are_saved():
    vectors = torch.randn(8, 12)
    vectors[PAD] = 0
    model = build_model("cct-2/1", num_classes=3, vocab_size=8, embedding_dim=12, vectors=vectors, freeze_vectors=True)
    train_a_few_steps(model)
    assert model.embedding.weight.grad is None
    assert torch.equal(model.embedding.weight, vectors)
    assert torch.equal(model.state_dict()["embedding.weight"], vectors)


def test_tuned_vectors_move_and_leave_the_given_ones_alone():
    vectors = torch.ones(8, 12)
    model = build_model("cct-2/1", num_classes=3, vocab_size=8, embedding_dim=12, vectors=vectors)
    train_a_few_steps(model)
    assert not torch.equal(model.embedding.weight[2], vectors[2])
    assert torch.equal(vectors, torch.ones(8, 12))


def test_learned_vectors_start_small_and_random():
    weight = WordEmbedding(2000, 50).weight
    assert weight[UNK:].std().item() == pytest.approx(LEARNED_STD, rel=0.02)
    assert weight[UNK:].mean().item() == pytest.approx(0, abs=0.002)


def test_vectors_of_another_shape_are_refused():
    with pytest.raises(UsageError, match=r"\(3, 4\).*\(4, 3\)"):
        WordEmbedding(4, 3, vectors=torch.zeros(3, 4))


def test_word_dropout_makes_words_unknown_in_training_and_never_touches_pads():
    vectors = torch.arange(10.0).unsqueeze(1)  # the vector of word i is i
    embedding = WordEmbedding(10, 1, vectors=vectors, word_dropout=0.4)
    ids = torch.randint(2, 10, (200, 20))
    mask = torch.arange(20).expand(200, 20) < 15
    ids[~mask] = PAD
    seen = embedding.train()(ids, mask).squeeze(-1)
    assert (seen[~mask] == PAD).all()
    unknown = (seen == UNK) & mask
    assert unknown.sum().item() / mask.sum().item() == pytest.approx(0.4, abs=0.03)
    assert torch.equal(seen[~unknown], ids[~unknown].float())
    assert torch.equal(embedding.eval()(ids, mask).squeeze(-1), ids.float())


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_keeps_the_mean_and_passes_the_same_gradient(rate):
    dropout = Dropout(rate)
    x = torch.ones(31, 67, 49, requires_grad=True)
    dropped = dropout(x)
    dropped.sum().backward()
    assert (dropped == 0).float().mean().item() == pytest.approx(rate, abs=0.01)
    assert torch.isclose(dropped.unique(), torch.tensor([0.0, 1 / (1 - rate)])).all()
    assert torch.equal(x.grad, dropped.detach())
    assert dropout.eval()(x) is x


def test_dropout_is_independent_from_element_to_element():
    dropped = (Dropout(0.5)(torch.ones(1 << 18)) == 0).float() - 0.5
    for distance in (1, 2, 3, 4, 8):
        assert (dropped[distance:] * dropped[:-distance]).mean().abs().item() < 0.002  # 4 standard errors


def test_dropout_follows_the_seed():
    dropped = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        dropped.append(Dropout(0.5)(torch.ones(1000)))
    assert torch.equal(dropped[0], dropped[1])
    assert not torch.equal(dropped[0], dropped[2])


FIRST_WORDS = torch.tensor([0, 1, 2, 3, 4, 2, 3])
"""Ids 5 and 6 are bigrams that begin with 2 and 3."""


def test_a_bigrams_vector_is_added_to_that_of_its_first_word():
    vectors = torch.randn(7, 3)
    embedding = WordEmbedding(7, 3, vectors=vectors, first_words=FIRST_WORDS).eval()
    found = embedding(torch.tensor([[5, 2, 6, 4, 0]]), torch.tensor([[True, True, True, True, False]]))
    expected = torch.stack([vectors[2] + vectors[5], vectors[2], vectors[3] + vectors[6], vectors[4], torch.zeros(3)])
    torch.testing.assert_close(found[0], expected)
    found.sum().backward()
    assert embedding.weight.grad[:, 0].tolist() == [0, 0, 2, 1, 1, 1, 1]


def test_random_vectors_begin_without_bigrams():
    embedding = WordEmbedding(7, 3, first_words=FIRST_WORDS)
    assert not embedding.weight[5:].any()
    assert embedding.weight[2:5].all()


def test_a_word_that_is_dropped_leaves_its_bigram():
    vectors = torch.arange(7.0)[:, None].expand(7, 2)
    embedding = WordEmbedding(7, 2, vectors=vectors, word_dropout=0.5, first_words=FIRST_WORDS).train()
    found = embedding(torch.full((1, 4000), 5), torch.ones(1, 4000, dtype=torch.bool))[0, :, 0]
    assert set(found.tolist()) == {1 + 5, 2 + 5}
    assert (found == 6).float().mean().item() == pytest.approx(0.5, abs=0.05)
