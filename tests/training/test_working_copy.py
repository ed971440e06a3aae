"""The copy that computes the gradients against the network whose weights it takes."""

import pytest
import torch
from torch.nn import functional as F

from cct_text.config import ModelConfig
from cct_text.model import build_model
from cct_text.training.working_copy import WorkingCopy

IDS = torch.randint(2, 30, (16, 12), generator=torch.Generator().manual_seed(1))
MASK = torch.arange(12) < torch.arange(1, 17).clamp(max=12).unsqueeze(1)
LABELS = torch.arange(16) % 3


def network(model="cct-2/2", **options):
    torch.manual_seed(0)
    sizes = ModelConfig(model=model, attention_dropout=0.0, stochastic_depth=0.0)
    return build_model(sizes, num_classes=3, vocab_size=30, embedding_dim=12, max_words=12, **options)


def gradients(model, dtype):
    """Loss, gradient of all weights but the words', and gradient of the words."""
    copy = WorkingCopy(model, dtype)
    copy.set_words(model.embedding.weight.detach().clone(), trained=True)
    loss = F.cross_entropy(copy.label_logits(IDS * MASK, MASK), LABELS)
    loss.backward()
    decayed, plain, words = copy.take_gradients()
    return copy, loss, torch.cat([decayed, plain]), words


@pytest.mark.parametrize("model", ["cct-2/2", "vit-lite-2/2", "transformer-2"])
def test_in_float32_its_gradients_are_those_of_the_network(model):
    net = network(model)
    copy, loss, gradient, words = gradients(net, torch.float32)
    expected = F.cross_entropy(net.train()(IDS * MASK, MASK), LABELS)
    expected.backward()
    torch.testing.assert_close(loss, expected)
    of_network = dict(net.named_parameters())
    torch.testing.assert_close(gradient, torch.cat([of_network[name].grad.flatten() for name in copy.names]))
    torch.testing.assert_close(words, net.embedding.weight.grad)
    assert set(copy.names) | {"embedding.weight"} == of_network.keys()


@pytest.mark.parametrize("model", ["cct-2/2", "cct-2/1", "vit-lite-2/2"])
def test_in_bf16_its_gradients_are_close_to_those_in_float32(model):
    _, loss, gradient, words = gradients(network(model), torch.bfloat16)
    _, exact_loss, exact, exact_words = gradients(network(model), torch.float32)
    assert loss.dtype == gradient.dtype == words.dtype == torch.float32
    assert loss.item() == pytest.approx(exact_loss.item(), rel=0.01)
    assert F.cosine_similarity(gradient, exact, dim=0) > 0.995
    assert F.cosine_similarity(words.flatten(), exact_words.flatten(), dim=0) > 0.995


def test_updates_too_small_for_bf16_add_up():
    net = network()
    copy = WorkingCopy(net, torch.bfloat16)
    before = net.head.weight.detach().clone().fill_(1.0)
    net.head.weight.data.fill_(1.0)
    for _ in range(100):
        copy.master.add_(1e-4)
        copy.refresh()
    torch.testing.assert_close(net.head.weight.detach(), before + 0.01)
    assert (copy.network.head.weight == torch.tensor(1.01).bfloat16()).all()


def test_the_networks_weights_change_with_the_copys_and_keep_names_and_shapes():
    shapes = {name: weight.shape for name, weight in network().state_dict().items()}
    net = network()
    copy = WorkingCopy(net, torch.float32)
    assert {name: weight.shape for name, weight in net.state_dict().items()} == shapes
    with torch.no_grad():
        copy.decayed.zero_()
    copy.refresh()
    assert not net.head.weight.any()
    assert not copy.network.head.weight.any()
    assert net.encoder.norm.weight.all()


def test_the_copy_never_holds_the_vocabulary():
    copy = WorkingCopy(network(), torch.bfloat16)
    assert len(copy.network.embedding.weight) == 0


def test_frozen_words_get_no_gradient():
    net = network(vectors=torch.randn(30, 12), freeze_vectors=True)
    copy = WorkingCopy(net, torch.float32)
    copy.set_words(net.embedding.weight.detach(), trained=False)
    copy.label_logits(IDS * MASK, MASK).sum().backward()
    assert len(copy.take_gradients()) == 2
