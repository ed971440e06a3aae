"""The training loop: epochs of optimizer steps, of which one is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import torch

from cct_text.config import Config
from cct_text.errors import UsageError
from cct_text.model.forward import predict_logits
from cct_text.model.network import TextNetwork
from cct_text.text.batching import Batch, batches, number_of_batches
from cct_text.text.encoded import Chunks
from cct_text.training.interruption import Wish
from cct_text.training.objective import objective_of
from cct_text.training.processes import Processes
from cct_text.training.progress import EpochRecord, TrainingObserver
from cct_text.training.step import Stepper
from cct_text.training.working_copy import bf16_is_faster


@dataclass(frozen=True)
class LabelledTexts:
    """What is read of N texts, their labels as in a `Split`, and how much each counts (N,); all the same if None."""

    texts: Chunks
    labels: np.ndarray
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass
class Progress:
    """Where a run stands: epochs done, the best of them and its weights, and what is done of the epoch under way.

    Attributes:
        history: of the epochs done.
        best_epoch: counted from 1; 0 before there is one.
        best_score: of that epoch.
        best_weights: of that epoch.
        steps: of the epoch under way.
        losses: of their batches.
        seconds_under_way: that they took.
    """

    history: list[EpochRecord] = field(default_factory=list)
    best_epoch: int = 0
    best_score: tuple[float, float] = (-math.inf, -math.inf)
    best_weights: dict[str, torch.Tensor] = field(default_factory=dict)
    steps: int = 0
    losses: list[float] = field(default_factory=list)
    seconds_under_way: float = 0.0

    @property
    def epochs_done(self) -> int:
        """Whole epochs behind."""
        return len(self.history)

    @property
    def seconds(self) -> float:
        """Of all epochs, evaluation included."""
        return sum(record.seconds for record in self.history)


class Trainer:
    """Trains a network on the train split; `fit` leaves the weights of the epoch that is kept in it.

    Args:
        network: the model; it is moved to the accelerator's device.
        config: all options of the run.
        train: the train split, with the labels that the network learns.
        dev: the dev split, with its classes; may be empty, then the last epoch is kept.
    """

    def __init__(
        self,
        network: TextNetwork,
        config: Config,
        train: LabelledTexts,
        dev: LabelledTexts,
    ) -> None:
        self.config = config.training
        self.train, self.dev = train, dev
        self.processes = Processes()
        self.device = self.processes.device
        if self.processes.rank:
            torch.manual_seed(self.config.seed + (self.processes.rank << 32))  # other rows, other dropout
        self.bf16 = use_bf16(self.config.precision, self.device)
        self.chunk_labels = train.labels[train.texts.texts]  # each chunk has its text's label
        batches_of_pass = number_of_batches(len(self.chunk_labels), self.config.batch_size)
        steps = math.ceil(batches_of_pass / self.config.gradient_accumulation)
        self.passes = math.ceil(self.config.min_epoch_steps / steps)
        self.steps = steps * self.passes
        self.network = network.to(self.device)
        self.objective = objective_of(train.labels, balanced=self.config.class_weights == "balanced")
        self.stepper = Stepper(
            self.network,
            self.config,
            self.objective,
            steps=self.steps * self.config.epochs,
            bf16=self.bf16,
            row_weights=self._row_weights(),
            processes=self.processes,
        )
        self.progress = Progress()

    @property
    def texts_in_an_epoch(self) -> int:
        """Rows of the train split, times the passes over it."""
        return len(self.train) * self.passes

    def fit(
        self, observer: TrainingObserver, keep: Callable[[], None], wish: Callable[[], Wish] = lambda: Wish.GO_ON
    ) -> Progress:
        """Train until the last epoch or until patience ends.

        Args:
            observer: hears of steps and epochs; of those steps of the epoch under way, too, that are behind already.
            keep: called when the state is consistent: after each epoch, and after a step as `wish` says.
            wish: of this process, asked after each step; what any of the processes wants is done by all.

        Raises:
            UsageError: if the loss is no longer a number.
            KeyboardInterrupt: if a process wishes to stop; its state has been kept.
        """
        observer.started(self.config.epochs, self.steps, self.progress.history)
        for loss in self.progress.losses[-1:] * self.progress.steps:
            observer.step(loss)
        while self.progress.epochs_done < self.config.epochs and not self._out_of_patience():
            record = self._epoch(self.progress.epochs_done + 1, observer, keep, wish)
            self.progress.history.append(record)
            observer.epoch(record)
            keep()
            if self.processes.greatest(wish()) == Wish.STOP:
                raise KeyboardInterrupt
        self.network.load_state_dict(self.progress.best_weights, strict=False)
        self.network.eval()
        return self.progress

    def _epoch(
        self, epoch: int, observer: TrainingObserver, keep: Callable[[], None], wish: Callable[[], Wish]
    ) -> EpochRecord:
        """What is left of an epoch, and its evaluation."""
        progress = self.progress
        start = time.perf_counter() - progress.seconds_under_way
        for group in islice(self._groups(epoch), progress.steps, None):
            losses = self.stepper.step(group, self.chunk_labels)
            progress.steps += 1
            progress.losses += losses
            if not all(math.isfinite(loss) for loss in losses):
                raise self._diverged(f"the loss became {losses[-1]} in epoch {epoch}, batch {len(progress.losses)}")
            observer.step(losses[-1])
            wanted = self.processes.greatest(wish())
            if wanted > Wish.GO_ON:
                progress.seconds_under_way = time.perf_counter() - start
                keep()
            if wanted == Wish.STOP:
                raise KeyboardInterrupt
        record = self._record(epoch, float(np.mean(progress.losses)), start)
        progress.steps, progress.losses, progress.seconds_under_way = 0, [], 0.0
        return record

    def _groups(self, epoch: int) -> Iterator[list[Batch]]:
        """The batches of an epoch, step by step; the last step of a pass over the train split may have fewer."""
        for number in range((epoch - 1) * self.passes + 1, epoch * self.passes + 1):
            stream = batches(self.train.texts.encoded, self.config.batch_size, seed=self.config.seed, epoch=number)
            while group := list(islice(stream, self.config.gradient_accumulation)):
                yield group

    def _diverged(self, what: str) -> UsageError:
        return UsageError(
            f"{what}; lower --lr (now {self.config.learning_rate:g}) or set gradient_clip "
            f"(now {self.config.gradient_clip:g})"
        )

    def _record(self, epoch: int, train_loss: float, start: float) -> EpochRecord:
        """Evaluate on dev, with the averaged weights where there are any, and keep the weights if they are the best."""
        metrics: dict[str, float] = {}
        self.stepper.settle()
        average = self.stepper.average
        trained = {name: p.detach() for name, p in self.network.named_parameters() if p.requires_grad}
        evaluated = trained if average is None else average.weights
        if not all(bool(weight.isfinite().all()) for weight in evaluated.values()):
            raise self._diverged(f"a weight is no number after epoch {epoch}")
        if len(self.dev):
            logits = self._dev_logits(trained, evaluated)
            if not np.isfinite(logits).all():
                raise self._diverged(f"a logit is no number after epoch {epoch}")
            metrics = self.objective.metrics(logits, self.dev.labels)
        score = self._score(epoch, metrics)
        best = score > self.progress.best_score
        if best:
            self.progress.best_epoch, self.progress.best_score = epoch, score
            self.progress.best_weights = {name: weight.clone() for name, weight in evaluated.items()}
        return EpochRecord(
            epoch=epoch,
            train_loss=train_loss,
            learning_rate=self.stepper.learning_rate,
            dev_accuracy=metrics.get("accuracy"),
            dev_macro_f1=metrics.get("macro_f1"),
            dev_loss=metrics.get("loss"),
            best=best,
            seconds=time.perf_counter() - start,
        )

    def _score(self, epoch: int, metrics: Mapping[str, float]) -> tuple[float, float]:
        """By which the epoch that is kept is chosen, from its figures on dev if there is one: the greatest, then the first."""
        if self.config.keep == "last" or not metrics:
            return float(epoch), 0.0
        name = self.config.keep
        return (-metrics["loss"] if name == "loss" else metrics[name]), -metrics["loss"]

    def _dev_logits(self, trained: dict[str, torch.Tensor], evaluated: dict[str, torch.Tensor]) -> np.ndarray:
        """Logits of the dev split with the weights `evaluated`; the network keeps its own, `trained`."""
        kept = {} if evaluated is trained else {name: weight.clone() for name, weight in trained.items()}
        if kept:
            self.network.load_state_dict(evaluated, strict=False)
        logits = np.empty((len(self.dev), self.network.num_classes), dtype=np.float32)
        mine = np.arange(len(self.dev))[self.processes.share]
        for rank, part in enumerate(self.processes.gather(predict_logits(self.network, self.dev.texts.take(mine)))):
            logits[rank :: self.processes.count] = part
        if kept:
            self.network.load_state_dict(kept, strict=False)
        return logits

    def _out_of_patience(self) -> bool:
        patience = self.config.patience
        return patience is not None and self.progress.epochs_done - self.progress.best_epoch >= patience

    def _row_weights(self) -> torch.Tensor | None:
        """How much each chunk of train counts, float32: on average 1, as its text does, unless they weigh all the same."""
        given = self.train.weights
        if self.config.class_weights == "balanced" and self.train.labels.ndim == 1:
            given = self._balanced() if given is None else given * self._balanced()
        if given is None:
            return None
        of_chunks = given[self.train.texts.texts]
        return torch.from_numpy((of_chunks / of_chunks.mean()).astype(np.float32))

    def _balanced(self) -> np.ndarray:
        """(N,) as much for each row of train as one of its class counts; 1 where its label is of no class."""
        from sklearn.utils.class_weight import compute_class_weight

        count, given = self.network.num_labels, self.network.class_of_label
        class_of_label = np.array(range(count) if given is None else given)  # (F,)
        of_rows = class_of_label[self.train.labels]
        of_rows = of_rows[of_rows >= 0]
        present = np.unique(of_rows)
        weights = np.ones(count)
        for found, weight in zip(present, compute_class_weight("balanced", classes=present, y=of_rows), strict=True):
            weights[class_of_label == found] = weight
        balanced: np.ndarray = weights[self.train.labels]
        return balanced

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {
            "network": self.network.state_dict(),
            "stepper": self.stepper.state_dict(),
            "random": self.processes.gather(_random_state(self.device)),
            "history": [record.to_dict() for record in self.progress.history],
            "best_epoch": self.progress.best_epoch,
            "best_score": self.progress.best_score,
            "best_weights": self.progress.best_weights,
            "steps": self.progress.steps,
            "losses": self.progress.losses,
            "seconds_under_way": self.progress.seconds_under_way,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned; the next step is then the one that would have followed.

        Raises:
            UsageError: if it was returned by another number of processes.
            ValueError: if its best weights are not of this network.
        """
        trained = {name: weight.shape for name, weight in self.network.named_parameters() if weight.requires_grad}
        if state["history"] and {name: weight.shape for name, weight in state["best_weights"].items()} != trained:
            raise ValueError("best_weights")
        self.network.load_state_dict(state["network"])
        self.stepper.load_state_dict(state["stepper"])
        if len(state["random"]) != self.processes.count:
            raise UsageError(
                f"the interrupted run was trained by {len(state['random'])} processes, now there are "
                f"{self.processes.count}; start as many"
            )
        _set_random_state(self.device, state["random"][self.processes.rank])
        self.progress = Progress(
            history=[EpochRecord(**record) for record in state["history"]],
            best_epoch=state["best_epoch"],
            best_score=tuple(state["best_score"]),
            best_weights=state["best_weights"],
            steps=state["steps"],
            losses=state["losses"],
            seconds_under_way=state["seconds_under_way"],
        )


def _random_state(device: torch.device) -> list[torch.Tensor]:
    """Of the processor and, on a GPU, of that."""
    return [torch.get_rng_state(), *([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])]


def _set_random_state(device: torch.device, states: list[torch.Tensor]) -> None:
    """Take over what `_random_state` returned; a run that changes between processor and GPU draws other numbers."""
    torch.set_rng_state(states[0])
    if device.type == "cuda" and len(states) > 1:
        torch.cuda.set_rng_state(states[1], device)


def use_bf16(precision: str, device: torch.device) -> bool:
    """Whether the network is trained in bf16: as named, or where that is faster (`auto`)."""
    return precision == "bf16" or (precision == "auto" and bf16_is_faster(device))
