import math

import pytest
import torch

from cct_text.config import ModelConfig, TrainingConfig
from cct_text.model import build_model
from cct_text.training.optimization import WeightAverage, build_optimizer, clip, warmup_cosine
from cct_text.training.working_copy import WorkingCopy


def network(model="cct-2/2", **options):
    return build_model(model, num_classes=3, vocab_size=20, embedding_dim=10, **options)


def shrunk_by_a_step_without_gradient(model):
    """Names of the weights that decay."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(1.0)
    copy = WorkingCopy(model, torch.float32)
    optimizer = build_optimizer(copy, TrainingConfig(learning_rate=0.5, weight_decay=0.1))
    for group in optimizer.param_groups:
        group["params"][0].grad = torch.zeros_like(group["params"][0])
    optimizer.step()
    assert torch.cat([p.flatten() for p in model.parameters()]).unique().tolist() == pytest.approx([0.95, 1.0])
    return {name for name, p in model.named_parameters() if p.max() < 1.0}


def test_only_matrices_outside_the_embedding_decay():
    model = network()
    matrices = {name for name, p in model.named_parameters() if p.ndim > 1 and name != "embedding.weight"}
    assert len(matrices) == 11
    assert shrunk_by_a_step_without_gradient(model) == matrices


def test_class_tokens_and_learnable_positions_do_not_decay():
    model = network(ModelConfig(model="vit-lite-2/2", positions="learnable"))
    learned = {name for name, _ in model.named_parameters() if "class_token" in name or "position" in name}
    assert len(learned) == 2
    assert not learned & shrunk_by_a_step_without_gradient(model)


def test_the_learning_rate_rises_linearly_and_falls_as_a_half_cosine_to_zero():
    shares = warmup_cosine(steps=100, warmup_fraction=0.1)
    assert len(shares) == 101
    assert shares[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert shares[10] == pytest.approx(1.0)
    assert shares[55] == pytest.approx(0.5 * (1 + math.cos(math.pi / 2)))
    assert shares[100] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_a_schedule_may_do_without_a_rise_or_a_fall(fraction):
    shares = warmup_cosine(steps=4, warmup_fraction=fraction)
    assert len(shares) == 5
    assert shares[0] == (1.0 if fraction == 0.0 else 0.25)


def test_clipping_shrinks_all_gradients_to_one_norm_and_leaves_small_ones_alone():
    gradients = [torch.tensor([3.0, 0.0]), torch.tensor([[4.0]])]
    clip(gradients, 10.0)
    assert gradients[0].tolist() == [3.0, 0.0]
    clip(gradients, 1.0)
    assert torch.cat([g.flatten() for g in gradients]).tolist() == pytest.approx([0.6, 0.0, 0.8])


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


@pytest.mark.parametrize("decay", [0.3, 0.5, 0.6, 0.9, 0.99])
def test_what_is_kept_of_an_average_is_the_product_of_the_decays(decay):
    average = WeightAverage(torch.nn.Linear(1, 1), decay)
    for start, end in ((0, 1), (0, 40), (7, 200), (300, 2000), (5, 5)):
        product = math.prod(average.decay_at(step) for step in range(start + 1, end + 1))
        assert average.kept(torch.tensor(start), end).item() == pytest.approx(product, rel=1e-5)
