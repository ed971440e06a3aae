import math

import pytest
import torch

from cct_text.config import TrainingConfig
from cct_text.model import build_model
from cct_text.training.optimization import WeightAverage, build_optimizer, warmup_cosine


def network(**options):
    return build_model("cct-2/2", num_classes=3, vocab_size=20, embedding_dim=10, **options)


def groups_by_name(model, optimizer):
    names = {id(p): name for name, p in model.named_parameters()}
    return [{names[id(p)] for p in group["params"]} for group in optimizer.param_groups]


def test_only_matrices_outside_the_embedding_decay():
    model = network()
    optimizer = build_optimizer(model, TrainingConfig(weight_decay=0.1))
    decayed, plain, embedding = groups_by_name(model, optimizer)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.0, 0.0]
    assert embedding == {"embedding.weight"}
    assert all(dict(model.named_parameters())[name].ndim == 1 for name in plain)
    assert all(dict(model.named_parameters())[name].ndim > 1 for name in decayed)
    assert decayed | plain | embedding == {name for name, _ in model.named_parameters()}


def test_class_tokens_and_learnable_positions_do_not_decay():
    from cct_text.config import ModelConfig

    model = build_model(
        ModelConfig(model="vit-lite-2/2", positions="learnable"), num_classes=3, vocab_size=20, embedding_dim=10
    )
    decayed, plain, _ = groups_by_name(model, build_optimizer(model, TrainingConfig()))
    learned = {name for name, _ in model.named_parameters() if "class_token" in name or "position" in name}
    assert len(learned) == 2
    assert learned <= plain
    assert not learned & decayed


def test_tuned_vectors_can_have_a_learning_rate_of_their_own():
    optimizer = build_optimizer(network(), TrainingConfig(learning_rate=1e-3, embedding_learning_rate=1e-4))
    assert [group["lr"] for group in optimizer.param_groups] == [1e-3, 1e-3, 1e-4]


def test_frozen_vectors_are_not_given_to_the_optimizer():
    model = network(vectors=torch.randn(20, 10), freeze_vectors=True)
    optimizer = build_optimizer(model, TrainingConfig())
    assert len(optimizer.param_groups) == 2


def test_the_learning_rate_rises_linearly_and_falls_as_a_half_cosine_to_zero():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = warmup_cosine(optimizer, steps=100, warmup_fraction=0.1)
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates[:10] == pytest.approx([0.2 * (step + 1) for step in range(10)])
    assert rates[10] == pytest.approx(2.0)
    assert rates[55] == pytest.approx(2.0 * 0.5 * (1 + math.cos(math.pi / 2)))
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.0, abs=1e-12)


def test_the_weight_average_equals_the_recurrence_written_out():
    model = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(1.0)
    average = WeightAverage(model, decay=0.9)
    expected = 1.0
    for step, value in enumerate([3.0, -2.0, 5.0], start=1):
        with torch.no_grad():
            model.weight.fill_(value)
        average.update(model)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    assert average.weights["weight"].item() == pytest.approx(expected)


def test_the_weight_average_leaves_frozen_weights_alone():
    model = network(vectors=torch.randn(20, 10), freeze_vectors=True)
    assert "embedding.weight" not in WeightAverage(model, decay=0.9).weights
