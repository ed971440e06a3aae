"""Poolings of a frozen encoder's hidden states beside each other: only the pooling and a linear head are trained."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cct_text.artifacts import RunFolder
from cct_text.config import Config, DataConfig, Pooling
from cct_text.datasets import Dataset, load_dataset
from cct_text.errors import UsageError
from cct_text.figures import has_figures, read_figures, write_figures
from cct_text.model.pooling import AnyPool, build_pooling
from cct_text.studies.compare import write_comparison
from cct_text.studies.comparison import Comparison
from cct_text.studies.frozen_encoder import FrozenEncoder, HiddenStates
from cct_text.studies.grid import grid
from cct_text.studies.study import Study, StudyObserver, plan, run_all
from cct_text.studies.workers import Job, Outcome, attempt
from cct_text.training.calibration import Calibration
from cct_text.training.metrics import classification_metrics
from cct_text.training.objective import split_metrics
from cct_text.training.recipes import resolve_config
from cct_text.training.results import Learner, run_metrics, write_predictions

POOLINGS = "pooling=class-token,mean,max,seqpool"
LEARNING_RATES = (3e-3, 1e-2, 3e-2)
"""Tried by every run; dev chooses."""
EPOCHS = 20
COUNTING = ("epochs", "batch_size", "weight_decay", "seed")
"""Options that count beside those of the data; the others are of a network that is not trained here."""
PREDICTED_AT_ONCE = 256


class PooledClassifier(nn.Module):
    """A pooling and a linear head.

    Args:
        pooling: its name.
        width: W of the hidden states.
        num_classes: C.
    """

    def __init__(self, pooling: Pooling, width: int, num_classes: int) -> None:
        super().__init__()
        # The head first: with the same seed it starts the same behind every pooling.
        self.head = nn.Linear(width, num_classes)
        self.pooling = build_pooling(pooling, width)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) of hidden states (B, T, W) and their mask (B, T)."""
        logits: Tensor = self.head(self.pooling(hidden, mask))
        return logits


@dataclass(frozen=True)
class EncodedDataset:
    """A data set and the hidden states of its splits; None for one that is not there or empty."""

    dataset: Dataset
    train: HiddenStates
    dev: HiddenStates | None
    test: HiddenStates | None

    @classmethod
    def of(cls, dataset: Dataset, encoder: FrozenEncoder) -> EncodedDataset:
        """By an encoder."""
        train, dev, test = (
            None if split is None or not len(split) else encoder.encode(split.texts.to_pylist())
            for split in (dataset.train, dataset.dev, dataset.test)
        )
        assert train is not None  # a data set has rows to learn from
        return cls(dataset, train, dev, test)

    def pooled(self, pooling: AnyPool) -> EncodedDataset:
        """Each text as its pooled vector, which is as good as its tokens where the pooling has no weights to train."""
        train, dev, test = (
            None if states is None else _pooled(states, pooling) for states in (self.train, self.dev, self.test)
        )
        assert train is not None
        return EncodedDataset(self.dataset, train, dev, test)


@torch.inference_mode()
def _pooled(states: HiddenStates, pooling: AnyPool) -> HiddenStates:
    vectors = torch.cat([pooling(*states.batch(rows)) for rows in _parts(len(states))])
    return replace(states, flat=vectors, offsets=np.arange(len(states) + 1))


def _parts(count: int) -> list[np.ndarray]:
    return np.array_split(np.arange(count), -(-count // PREDICTED_AT_ONCE))


def plan_poolings(dataset: str, *, seeds: int, out: str | Path, values: Mapping[str, object] | None = None) -> Study:
    """A study of the four poolings.

    Args:
        dataset: registered name, file, or hub name.
        seeds: of each pooling.
        out: folder of the study.
        values: options of all runs; of the data, and `epochs`, `batch_size`, `weight_decay` and `seed`.

    Raises:
        UsageError: if an option is unknown or does not count, or its value cannot be used.
    """
    resolve_config(dataset, values=values)
    single = {"multi_label", "label_separator"}  # the heads give one label
    data = {option.name for option in fields(DataConfig)} - {"dataset", "fine_labels"} - single
    if useless := [name for name in values or {} if name.rpartition(".")[2] not in data.union(COUNTING)]:
        raise UsageError(
            f"{', '.join(useless)}: no option of this study, which trains a pooling and a head alone; "
            f"options of the data count, and {', '.join(COUNTING)}"
        )
    usual = {"epochs": EPOCHS, "phrases": False, "fine_labels": False}
    return plan(dataset, grid([POOLINGS]), seeds=seeds, out=out, values={**usual, **(values or {})}, kind="pooling")


def compare_poolings(
    study: Study, encoder: FrozenEncoder, *, observer: StudyObserver | None = None, command: str | None = None
) -> Comparison:
    """Make all runs that are not there yet, and compare them; what is written is what `compare` writes.

    The hidden states are computed once, and are the same for all runs.

    Args:
        study: as `plan_poolings` has it.
        encoder: whose hidden states are pooled.
        observer: hears of each run that ends.
        command: that repeats it, for the report.

    Raises:
        UsageError: if the folder cannot be written to, holds runs with other options or another encoder, or the data
            set has no test split.
        DataError: if the data set cannot be used.
    """

    def make(jobs: Sequence[Job]) -> Iterator[Outcome]:
        data = EncodedDataset.of(load_dataset(jobs[0].config.data), encoder) if jobs else None
        for job in jobs:
            assert data is not None  # there is a job
            yield attempt(job, partial(_train, data=data, encoder=encoder))

    for folder in study.jobs():
        _require_same_probe(RunFolder(folder), encoder)
    comparison = Comparison.of(study.dataset, run_all(study, observer=observer, make=make))
    write_comparison(study.out, comparison, command=command)
    return comparison


def _probe(encoder: FrozenEncoder) -> dict[str, Any]:
    """What a run depends on beside its options: `probe` in its metrics."""
    options = {"encoder": encoder.name, "max_pieces": encoder.max_pieces, "encoder_precision": encoder.precision}
    return {**options, "learning_rates": list(LEARNING_RATES)}


def _require_same_probe(folder: RunFolder, encoder: FrozenEncoder) -> None:
    """A run that is there must not pass for one of another encoder."""
    if not has_figures(folder):
        return
    found, wanted = read_figures(folder).get("probe"), _probe(encoder)
    if found != wanted:
        raise UsageError(
            f"{folder.path}: a run over other hidden states or learning rates ({found}, not {wanted}); "
            "choose another --out for this study"
        )


def _train(job: Job, data: EncodedDataset, encoder: FrozenEncoder) -> dict[str, Any]:
    """A run: its folder written, the content of its `metrics.json`."""
    start = time.perf_counter()
    assert job.config.model.pooling is not None  # it is what is varied
    pooling = build_pooling(job.config.model.pooling, data.train.width)
    if not any(True for _ in pooling.parameters()):
        data = data.pooled(pooling)
    fits = [_fit(job.config, data, rate) for rate in LEARNING_RATES]
    best = max(fits, key=lambda fit: fit.score)
    seconds = time.perf_counter() - start
    metrics = {
        **_metrics(RunFolder(job.out), job.config, data, best, encoder, seconds),
        "probe": _probe(encoder),
        "config": job.config.to_dict(),
        "chosen": {"learning_rate": best.learning_rate},
    }
    write_figures(RunFolder(job.out), metrics)
    return metrics


@dataclass(frozen=True)
class _Fit:
    """A classifier as of its best epoch on dev: (accuracy, -loss); of the last one where there is no dev split."""

    network: PooledClassifier
    learning_rate: float
    epoch: int
    score: tuple[float, float]


def _fit(config: Config, data: EncodedDataset, learning_rate: float) -> _Fit:
    """Train with one learning rate, which falls as a half cosine; the batches depend on the seed and the epoch alone."""
    options, labels = config.training, torch.tensor(data.dataset.train.labels)
    torch.manual_seed(options.seed)
    assert config.model.pooling is not None  # it is what is varied
    network = PooledClassifier(config.model.pooling, data.train.width, len(data.dataset.labels))
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=options.weight_decay)
    steps = options.epochs * -(-len(data.train) // options.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    best: _Fit | None = None
    for epoch in range(1, options.epochs + 1):
        network.train()
        order = np.random.default_rng([options.seed, epoch]).permutation(len(data.train))
        for first in range(0, len(order), options.batch_size):
            rows = order[first : first + options.batch_size]
            loss = F.cross_entropy(network(*data.train.batch(rows)), labels[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        score = (float(epoch), 0.0)
        if data.dev is not None:
            metrics = classification_metrics(_logits(network, data.dev), data.dataset.dev.labels)
            score = (metrics["accuracy"], -metrics["loss"])
        if best is None or score > best.score:
            best = _Fit(copy.deepcopy(network), learning_rate, epoch, score)
    assert best is not None  # there is an epoch
    return best


@torch.inference_mode()
def _logits(network: PooledClassifier, states: HiddenStates) -> np.ndarray:
    network.eval()
    logits: np.ndarray = torch.cat([network(*states.batch(rows)) for rows in _parts(len(states))]).numpy()
    return logits


def _metrics(
    folder: RunFolder, config: Config, data: EncodedDataset, fit: _Fit, encoder: FrozenEncoder, seconds: float
) -> dict[str, Any]:
    dataset, dev, test, temperature = data.dataset, None, None, 1.0
    if data.dev is not None:
        calibration = Calibration.of(_logits(fit.network, data.dev), dataset.dev.labels)
        temperature = calibration.temperature
        dev = classification_metrics(calibration.logits, dataset.dev.labels, temperature=temperature)
    if dataset.test is not None and data.test is not None:
        logits = _logits(fit.network, data.test)
        seen, labels = dataset.test_seen_in_train, dataset.test.labels
        test = split_metrics(logits, labels, dataset.labels, temperature=temperature, seen_in_train=seen)
        write_predictions(folder, dataset.test, logits, dataset.labels, temperature)
    epochs = config.training.epochs
    learner = Learner(
        model=encoder.name,
        embeddings=None,
        coverage=None,
        parameters=sum(parameter.numel() for parameter in fit.network.parameters()),
        embedding_parameters=0,
        vocabulary=0,
        epochs=epochs,
        best_epoch=fit.epoch,
        seconds=seconds,
        texts=len(dataset.train) * epochs * len(LEARNING_RATES),
        precision=encoder.precision,
        threads=torch.get_num_threads(),
        processes=1,
        device="cpu",
        truncated_fraction=data.train.truncated_fraction,
        temperature=temperature,
    )
    return run_metrics(config, dataset, learner, dev, test)
