"""What moves the weights: parameter groups, the learning-rate schedule, and the moving average of the weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

from cct_text.config import TrainingConfig
from cct_text.model.classifier import TextTransformer


def build_optimizer(network: TextTransformer, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW in three groups: matrices with decay; biases, norms, tokens and positions without; word vectors without.

    Only the word vectors may have a learning rate of their own (`embedding_learning_rate`).
    """
    embedding = [p for p in network.embedding.parameters() if p.requires_grad]
    apart = {id(p) for p in embedding}
    others = [(name, p) for name, p in network.named_parameters() if p.requires_grad and id(p) not in apart]
    decayed = [p for name, p in others if _decays(name, p)]
    plain = [p for name, p in others if not _decays(name, p)]
    embedding_rate = config.embedding_learning_rate
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
        {
            "params": embedding,
            "weight_decay": 0.0,
            "lr": config.learning_rate if embedding_rate is None else embedding_rate,
        },
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=config.learning_rate, fused=True)


def _decays(name: str, parameter: torch.nn.Parameter) -> bool:
    return parameter.ndim > 1 and not name.endswith(("class_token", "positions"))


def warmup_cosine(optimizer: torch.optim.Optimizer, steps: int, warmup_fraction: float) -> LambdaLR:
    """A linear rise over the first `warmup_fraction` of `steps`, then a half cosine.

    The first step has the rate of a rise that began one step before; a step after the last would have 0.
    """
    warmup = round(steps * warmup_fraction)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))

    return LambdaLR(optimizer, factor)


class WeightAverage:
    """Exponential moving average of a network's trained weights.

    The average of step t is decay_t * average + (1 - decay_t) * weights with decay_t = min(decay, (1 + t) / (10 + t)),
    so that it does not remember the random start; frozen weights are left alone.
    """

    def __init__(self, network: torch.nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.weights = {name: p.detach().clone() for name, p in network.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def update(self, network: torch.nn.Module) -> None:
        """Move the average towards the network's present weights."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        current = dict(network.named_parameters())
        torch._foreach_lerp_(list(self.weights.values()), [current[name].detach() for name in self.weights], 1 - decay)

    def state_dict(self) -> dict[str, Any]:
        """Steps and averaged weights."""
        return {"steps": self.steps, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.steps = state["steps"]
        for name, weight in state["weights"].items():
            self.weights[name].copy_(weight)
