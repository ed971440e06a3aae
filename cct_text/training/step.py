"""One step of the optimizer: loss, gradients on the working copy, and the update of all trained weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from cct_text.config import TrainingConfig
from cct_text.model.network import TextNetwork
from cct_text.model.saved import EMBEDDING_WEIGHT
from cct_text.text.batching import Batch, distinct_words
from cct_text.training.objective import Objective
from cct_text.training.optimization import WeightAverage, build_optimizer, clip, warmup_cosine
from cct_text.training.processes import Processes
from cct_text.training.rowwise_adam import RowwiseAdam
from cct_text.training.working_copy import WorkingCopy


class Stepper:
    """Makes the steps of a run.

    Args:
        network: on its device; its weights are trained in place.
        config: the options of the training.
        objective: what is learned.
        steps: of the whole run.
        bf16: compute the gradients in bf16.
        row_weights: (N,) float32, how much each text of the data counts in the loss; None: all the same.
        processes: that train together.
    """

    def __init__(
        self,
        network: TextNetwork,
        config: TrainingConfig,
        objective: Objective,
        *,
        steps: int,
        bf16: bool,
        row_weights: torch.Tensor | None,
        processes: Processes,
    ) -> None:
        self.network = network
        self.config = config
        self.objective = objective
        self.row_weights = row_weights
        self.processes = processes
        self.device = network.embedding.weight.device
        self.copy = WorkingCopy(network, torch.bfloat16 if bf16 else torch.float32)
        self.optimizer = build_optimizer(self.copy, config)
        self.schedule = warmup_cosine(steps, config.warmup_fraction)
        self.average = WeightAverage(network, config.ema_decay, rowwise=EMBEDDING_WEIGHT) if config.ema_decay else None
        self.words = self._words()
        first_words = network.embedding.first_words
        self.first_words = None if first_words is None else first_words.cpu().numpy()
        self.done = 0

    @property
    def learning_rate(self) -> float:
        """Of the network for the next step; 0 after the last."""
        return self.config.learning_rate * self.schedule[self.done]

    def step(self, group: Sequence[Batch], labels: np.ndarray) -> list[float]:
        """One step on the mean loss of some batches, whose losses are returned; the weights stay if one is no number.

        Args:
            group: the batches.
            labels: of all texts of the data, as in a `Split`.
        """
        words, places = distinct_words(group, self.first_words)
        self._set_words(words)
        parts = []
        gradients: list[torch.Tensor] = []
        for batch, ids in zip(group, places, strict=True):
            loss = self._loss(ids, batch, labels)
            (loss / len(group)).backward()  # type: ignore[no-untyped-call]
            parts.append(loss.item())
            taken = self.copy.take_gradients()
            # Added up in float32, whatever they were computed in.
            gradients = [sum_.add_(part) for sum_, part in zip(gradients, taken, strict=True)] if gradients else taken
        total = torch.tensor(parts, dtype=torch.float64, device=self.device)
        self.processes.sum([total, *gradients])
        losses: list[float] = total.tolist()
        if all(map(math.isfinite, losses)):
            self._update(gradients)
        return losses

    def _moments(self, weight: torch.Tensor) -> list[torch.Tensor]:
        """What the optimizer keeps of a weight, once it has made a step."""
        kept = self.optimizer.state[weight]
        return [kept[name] for name in ("step", "exp_avg", "exp_avg_sq")] if self.done else []

    def settle(self) -> None:
        """Bring all weights up to date: before they are evaluated, kept or saved."""
        if self.words is not None:
            self.words.settle()

    def _words(self) -> RowwiseAdam | None:
        """What trains the word vectors; None where they are frozen."""
        table = self.network.embedding.weight
        if not table.requires_grad:
            return None
        own = self.config.embedding_learning_rate
        peak = self.config.learning_rate if own is None else own
        return RowwiseAdam(table.detach(), [peak * share for share in self.schedule[:-1]], self.average)

    def _set_words(self, words: np.ndarray) -> None:
        """Give the copy a small table, of the words of the step alone, (U,) int64, ascending."""
        rows = torch.from_numpy(words).to(self.device)
        first_words = None
        if self.first_words is not None:
            first_words = torch.from_numpy(np.searchsorted(words, self.first_words[words])).to(self.device)
        vectors = self.network.embedding.weight.detach()[rows] if self.words is None else self.words.take(rows)
        self.copy.set_words(vectors, trained=self.words is not None, first_words=first_words)

    def _loss(self, ids: np.ndarray, batch: Batch, labels: np.ndarray) -> torch.Tensor:
        """The part of this process's rows in the mean loss of a batch."""
        mine = self.processes.share if len(batch.rows) > self.processes.rank else slice(1)
        counts = mine == self.processes.share  # who has no row computes one that does not count
        rows = batch.rows[mine]
        words, real, wanted = (torch.from_numpy(x).to(self.device) for x in (ids[mine], batch.mask[mine], labels[rows]))
        logits = self.copy.label_logits(words, real)  # (B, F)
        losses = self.objective.losses(logits, wanted, self.config.label_smoothing)  # (B,)
        if self.row_weights is not None:
            # Rows are weighted, and their mean taken. Torch's own weights multiply what smoothing gives to the other labels,
            # too, so that a common row would be told to be of the rare class; and they cancel in a batch of one row.
            losses = losses * self.row_weights[rows].to(self.device)
        return losses.sum() * (counts / len(batch.rows))

    def _update(self, gradients: list[torch.Tensor]) -> None:
        if self.config.gradient_clip:
            clip(gradients, self.config.gradient_clip)
        for group, gradient in zip(self.optimizer.param_groups, gradients[:2], strict=True):
            group["lr"] = self.learning_rate
            group["params"][0].grad = gradient
        self.optimizer.step()
        if self.words is not None:
            self.words.update(gradients[2])
        self.copy.refresh()
        self.done += 1
        if self.average is not None:
            self.average.update(self.network)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on, but the network's own weights and the random numbers."""
        state = {"done": self.done, "optimizer": self.optimizer.state_dict()}
        if self.words is not None:
            state["words"] = self.words.state_dict()
        if self.average is not None:
            state["average"] = self.average.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned, after the network took over its weights.

        Raises:
            ValueError: if the optimizer's state is not of this network.
        """
        self.copy.refresh()
        self.done = state["done"]
        self.optimizer.load_state_dict(state["optimizer"])
        weights = [weight for group in self.optimizer.param_groups for weight in group["params"]]
        if any(moment.shape not in ((), weight.shape) for weight in weights for moment in self._moments(weight)):
            raise ValueError("optimizer")
        if self.words is not None:
            self.words.load_state_dict(state["words"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
