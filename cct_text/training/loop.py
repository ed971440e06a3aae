"""The training loop: epochs of optimizer steps, the dev split choosing the epoch that is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import GradientAccumulationPlugin
from torch.nn import functional as F

from cct_text.config import Config
from cct_text.errors import UsageError
from cct_text.model.classifier import TextTransformer
from cct_text.model.forward import predict_logits
from cct_text.text.batching import batches, number_of_batches
from cct_text.text.tokenizer import EncodedTexts
from cct_text.training.metrics import classification_metrics
from cct_text.training.optimization import WeightAverage, build_optimizer, warmup_cosine
from cct_text.training.progress import EpochRecord, TrainingObserver


@dataclass(frozen=True)
class LabelledTexts:
    """Encoded texts (N) and their class indices (N,) int64."""

    texts: EncodedTexts
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass
class Progress:
    """Where a run stands: epochs done, the best of them, and its weights."""

    history: list[EpochRecord] = field(default_factory=list)
    best_epoch: int = 0
    best_score: tuple[float, float] = (-math.inf, -math.inf)
    best_weights: dict[str, torch.Tensor] = field(default_factory=dict)

    @property
    def epochs_done(self) -> int:
        """Whole epochs behind."""
        return len(self.history)


class Trainer:
    """Trains a network on the train split; `fit` leaves the weights of the best dev epoch in it.

    Args:
        network: the model; it is moved to the accelerator's device.
        config: all options of the run.
        train: the train split.
        dev: the dev split; may be empty, then the last epoch is kept.
        num_classes: C.
    """

    def __init__(
        self,
        network: TextTransformer,
        config: Config,
        train: LabelledTexts,
        dev: LabelledTexts,
        num_classes: int,
    ) -> None:
        self.config = config.training
        self.max_words = config.text.max_words
        self.train, self.dev = train, dev
        # Precision and accumulation are the configuration's, whatever the environment says to accelerate.
        self.accelerator = Accelerator(
            mixed_precision="no", gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1)
        )
        if self.accelerator.num_processes > 1:
            raise UsageError("training in several processes is not supported; start one")
        self.bf16 = use_bf16(self.config.precision, self.accelerator.device)
        self.steps = math.ceil(
            number_of_batches(len(train), self.config.batch_size) / self.config.gradient_accumulation
        )
        optimizer = build_optimizer(network, self.config)
        self.network, self.optimizer = self.accelerator.prepare(network, optimizer)
        self.schedule = warmup_cosine(optimizer, self.steps * self.config.epochs, self.config.warmup_fraction)
        self.average = WeightAverage(network, self.config.ema_decay) if self.config.ema_decay else None
        self.class_weights = self._class_weights(num_classes)
        self.progress = Progress()

    def fit(self, observer: TrainingObserver, after_epoch: Callable[[], None]) -> Progress:
        """Train until the last epoch or until patience ends; `after_epoch` is called when the state is consistent.

        Raises:
            UsageError: if the loss is no longer a number.
        """
        observer.started(self.config.epochs, self.steps, self.progress.history)
        while self.progress.epochs_done < self.config.epochs and not self._out_of_patience():
            record = self._epoch(self.progress.epochs_done + 1, observer)
            self.progress.history.append(record)
            observer.epoch(record)
            after_epoch()
        network = self.accelerator.unwrap_model(self.network)
        network.load_state_dict(self.progress.best_weights, strict=False)
        network.eval()
        return self.progress

    def _epoch(self, epoch: int, observer: TrainingObserver) -> EpochRecord:
        start = time.perf_counter()
        self.network.train()
        losses: list[float] = []
        accumulation = self.config.gradient_accumulation
        pending = 0
        total = number_of_batches(len(self.train), self.config.batch_size)
        stream = batches(
            self.train.texts,
            self.config.batch_size,
            max_words=self.max_words,
            seed=self.config.seed,
            epoch=epoch,
        )
        for index, batch in enumerate(stream, start=1):
            loss = self._loss(batch.ids, batch.mask, self.train.labels[batch.rows])
            # The last step of an epoch may add up fewer batches than the others.
            group = min(accumulation, total - (index - 1) // accumulation * accumulation)
            self.accelerator.backward(loss / group)
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                raise self._diverged(f"the loss became {losses[-1]} in epoch {epoch}, batch {index}")
            pending += 1
            if pending == group:
                self._step()
                observer.step(losses[-1])
                pending = 0
        return self._record(epoch, float(np.mean(losses)), start)

    def _diverged(self, what: str) -> UsageError:
        return UsageError(
            f"{what}; lower --lr (now {self.config.learning_rate:g}) or set gradient_clip "
            f"(now {self.config.gradient_clip:g})"
        )

    def _loss(self, ids: np.ndarray, mask: np.ndarray, classes: np.ndarray) -> torch.Tensor:
        device = self.accelerator.device
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=self.bf16):
            logits = self.network(torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)).float()
        labels, smoothing = torch.from_numpy(classes).to(device), self.config.label_smoothing
        if self.class_weights is None:
            return F.cross_entropy(logits, labels, label_smoothing=smoothing)
        # The mean over the batch's rows. Torch's own divides by the batch's weights, which cancels them in a small batch.
        return F.cross_entropy(
            logits, labels, weight=self.class_weights, label_smoothing=smoothing, reduction="none"
        ).mean()

    def _step(self) -> None:
        if self.config.gradient_clip:
            self.accelerator.clip_grad_norm_(self.network.parameters(), self.config.gradient_clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.step()
        if self.average is not None:
            self.average.update(self.accelerator.unwrap_model(self.network))

    def _record(self, epoch: int, train_loss: float, start: float) -> EpochRecord:
        """Evaluate on dev, with the averaged weights where there are any, and keep the best weights."""
        network = self.accelerator.unwrap_model(self.network)
        metrics: dict[str, float] = {}
        current = {name: p.detach().clone() for name, p in network.named_parameters() if p.requires_grad}
        evaluated = current if self.average is None else {k: v.clone() for k, v in self.average.weights.items()}
        if not all(bool(weight.isfinite().all()) for weight in evaluated.values()):
            raise self._diverged(f"a weight is no number after epoch {epoch}")
        score = (float(epoch), 0.0)
        if len(self.dev):
            if self.average is not None:
                network.load_state_dict(evaluated, strict=False)
            logits = predict_logits(network, self.dev.texts, max_words=self.max_words)
            if self.average is not None:
                network.load_state_dict(current, strict=False)
            if not np.isfinite(logits).all():
                raise self._diverged(f"a logit is no number after epoch {epoch}")
            metrics = classification_metrics(logits, self.dev.labels)
            score = (metrics["accuracy"], -metrics["loss"])
        best = score > self.progress.best_score
        if best:
            self.progress.best_epoch, self.progress.best_score = epoch, score
            self.progress.best_weights = evaluated
        return EpochRecord(
            epoch=epoch,
            train_loss=train_loss,
            learning_rate=self.optimizer.param_groups[0]["lr"],
            dev_accuracy=metrics.get("accuracy"),
            dev_macro_f1=metrics.get("macro_f1"),
            dev_loss=metrics.get("loss"),
            best=best,
            seconds=time.perf_counter() - start,
        )

    def _out_of_patience(self) -> bool:
        patience = self.config.patience
        return patience is not None and self.progress.epochs_done - self.progress.best_epoch >= patience

    def _class_weights(self, num_classes: int) -> torch.Tensor | None:
        if self.config.class_weights == "none":
            return None
        from sklearn.utils.class_weight import compute_class_weight

        present = np.unique(self.train.labels)
        weights = np.ones(num_classes)
        weights[present] = compute_class_weight("balanced", classes=present, y=self.train.labels)
        return torch.tensor(weights, dtype=torch.float32, device=self.accelerator.device)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next epoch depends on."""
        network = self.accelerator.unwrap_model(self.network)
        state: dict[str, Any] = {
            "network": network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "history": [record.to_dict() for record in self.progress.history],
            "best_epoch": self.progress.best_epoch,
            "best_score": self.progress.best_score,
            "best_weights": self.progress.best_weights,
        }
        if self.average is not None:
            state["average"] = self.average.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` returned; the next epoch is then the one that would have followed."""
        self.accelerator.unwrap_model(self.network).load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        if len(state["random_cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["random_cuda"])
        self.progress = Progress(
            history=[EpochRecord(**record) for record in state["history"]],
            best_epoch=state["best_epoch"],
            best_score=tuple(state["best_score"]),
            best_weights=state["best_weights"],
        )
        if self.average is not None:
            self.average.load_state_dict(state["average"])


def use_bf16(precision: str, device: torch.device) -> bool:
    """Whether the forward pass multiplies in bf16: as named, or where it is faster (`auto`: on a GPU that has it)."""
    if precision != "auto":
        return precision == "bf16"
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
