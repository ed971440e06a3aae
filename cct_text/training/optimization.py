"""What moves the weights: parameter groups, the learning-rate schedule, and the moving average of the weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from cct_text.config import TrainingConfig
from cct_text.training.working_copy import WorkingCopy


def build_optimizer(copy: WorkingCopy, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW in two groups: matrices with decay; biases, norms, tokens and positions without.

    Word vectors, which have no decay either, are `RowwiseAdam`'s.
    """
    groups = [
        {"params": [copy.decayed], "weight_decay": config.weight_decay},
        {"params": [copy.plain], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


def warmup_cosine(steps: int, warmup_fraction: float) -> list[float]:
    """The learning rate of each of `steps` and of one after the last, as a share of its peak.

    A linear rise over the first `warmup_fraction` of the steps, then a half cosine to 0. The first step has the rate of a
    rise that began one step before.
    """
    warmup = round(steps * warmup_fraction)
    rise = [(step + 1) / warmup for step in range(warmup)]
    fall = max(1, steps - warmup)
    return rise + [0.5 * (1 + math.cos(math.pi * step / fall)) for step in range(steps - warmup + 1)]


def clip(gradients: list[Tensor], largest: float) -> None:
    """Shrink the gradients in place so that they have a norm of `largest` together, if it is greater."""
    norm = math.hypot(*(gradient.norm().item() for gradient in gradients))
    if norm > largest:
        for gradient in gradients:
            gradient.mul_(largest / norm)


class WeightAverage:
    """Exponential moving average of a network's trained weights.

    The average of step t is decay_t * average + (1 - decay_t) * weights with decay_t = min(decay, (1 + t) / (10 + t)),
    so that it does not remember the random start; frozen weights are left alone.

    Args:
        network: the network.
        decay: per step.
        rowwise: name of a table whose average is not kept by `update` but row by row, by who updates its rows.
    """

    def __init__(self, network: torch.nn.Module, decay: float, *, rowwise: str | None = None) -> None:
        self.decay = decay
        self.steps = 0
        self.weights = {name: p.detach().clone() for name, p in network.named_parameters() if p.requires_grad}
        self.table = self.weights.get(rowwise) if rowwise is not None else None
        self.rising = max(0, math.ceil((10 * decay - 1) / (1 - decay)) - 1)  # steps with a decay below the full one

    def decay_at(self, step: int) -> float:
        """decay_t."""
        return min(self.decay, (1 + step) / (10 + step))

    def kept(self, start: Tensor, end: int) -> Tensor:
        """The share of the average of step `start` (int64, of any shape) in that of step `end`: float32."""
        return (self._log_kept(torch.as_tensor(end)) - self._log_kept(start)).exp().float()

    def _log_kept(self, step: Tensor) -> Tensor:
        """Logarithm of decay_1 * ... * decay_step; the rising ones multiply to (step + 1)! 10! / (step + 10)!."""
        rising = step.double().clamp(max=self.rising)
        full = (step - rising) * math.log(self.decay)
        return (rising + 2).lgamma() - (rising + 11).lgamma() + full

    @torch.no_grad()
    def update(self, network: torch.nn.Module) -> None:
        """Move the average towards the network's present weights."""
        self.steps += 1
        current = dict(network.named_parameters())
        names = [name for name, weight in self.weights.items() if weight is not self.table]
        torch._foreach_lerp_(
            [self.weights[name] for name in names],
            [current[name].detach() for name in names],
            1 - self.decay_at(self.steps),
        )

    def state_dict(self) -> dict[str, Any]:
        """Steps and averaged weights."""
        return {"steps": self.steps, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.steps = state["steps"]
        for name, weight in state["weights"].items():
            self.weights[name].copy_(weight)
