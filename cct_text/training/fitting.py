"""A network from data, in memory: nothing is read that the data set does not hold, and nothing is written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from cct_text.config import Config
from cct_text.datasets import Dataset
from cct_text.model.classifier import TextTransformer
from cct_text.model.forward import predict_logits
from cct_text.model.network import TextNetwork
from cct_text.model.persistence import build_network, weights_of
from cct_text.model.saved import SavedModel
from cct_text.training.calibration import Calibration
from cct_text.training.loop import LabelledTexts, Trainer
from cct_text.training.objective import starting_logits
from cct_text.training.preparation import PreparedData, prepare
from cct_text.training.progress import EpochRecord, TrainingObserver


def fit(
    config: Config,
    dataset: Dataset,
    *,
    row_weights: np.ndarray | None = None,
    observer: TrainingObserver | None = None,
) -> SavedModel:
    """Train on a data set in memory; its test split is not looked at.

    Args:
        config: all options; those of its section `data` are not read.
        dataset: what is learned; its dev split chooses the epoch and the temperature, where there is one.
        row_weights: (N,) how much each row of the learned split counts in the loss, beside `class_weights`.
        observer: hears of steps and epochs.

    Raises:
        UsageError: if the loss or a weight is no longer a number.
        DataError: if the word vectors do not know the text at all, and are frozen.
        ResourceError: if the vectors are not here and cannot be fetched.
    """
    data = prepare(config, dataset, with_test=False)
    trainer = trainer_of(new_network(config, data), config, data, row_weights=row_weights)
    trainer.fit(observer or TrainingObserver(), lambda: None)
    return saved_model(config, data, trainer, calibrate(trainer))


@dataclass(frozen=True)
class OnDev:
    """What a training reached on the dev split.

    Attributes:
        kept: the epoch that a run would keep.
        seconds: of training, that of `corpus` vectors included.
        calibrated: figures as `dev` has them in `metrics.json`.
    """

    kept: EpochRecord
    seconds: float
    calibrated: dict[str, float]


def fit_on_dev(config: Config, dataset: Dataset | None = None) -> OnDev:
    """Train and look at the dev split alone: for who has choices to make still.

    Args:
        config: all options.
        dataset: loaded by `config.data` when not given.

    Raises:
        UsageError: if the loss or a weight is no longer a number.
        DataError: if the data set cannot be used.
        ResourceError: if the data set or the vectors are not here and cannot be fetched.
    """
    data = prepare(config, dataset, with_test=False)
    trainer = trainer_of(new_network(config, data), config, data)
    progress = trainer.fit(TrainingObserver(), lambda: None)
    found = calibrate(trainer)
    calibrated = trainer.objective.metrics(
        found.logits, trainer.dev.labels, temperature=found.temperature, thresholds=found.thresholds
    )
    return OnDev(progress.history[progress.best_epoch - 1], data.vector_seconds + progress.seconds, calibrated)


def new_network(config: Config, data: PreparedData) -> TextTransformer:
    """A new network; all that is random about the run begins here."""
    torch.manual_seed(config.training.seed)
    network = build_network(
        config,
        num_classes=len(data.dataset.labels),
        vocab_size=len(data.tokenizer.vocabulary),
        embedding_dim=data.embedding_dim,
        bigrams=data.tokenizer.vocabulary.bigrams,
        vectors=None if data.vectors is None else torch.from_numpy(data.vectors),
        class_of_label=data.dataset.class_of_label,
    )
    if data.dataset.multi_label:
        balanced = config.training.class_weights == "balanced"
        start = starting_logits(data.dataset.train.labels, balanced=balanced)
        with torch.no_grad():
            network.head.bias.copy_(torch.from_numpy(start))
    return network


def trainer_of(
    network: TextNetwork, config: Config, data: PreparedData, *, row_weights: np.ndarray | None = None
) -> Trainer:
    """What trains a network on the train split and chooses the epoch on dev."""
    train = LabelledTexts(data.train, data.dataset.learned.labels, row_weights)
    dev = LabelledTexts(data.dev, data.dataset.dev.labels)
    return Trainer(network, config, train, dev)


def calibrate(trainer: Trainer) -> Calibration:
    """The logits of the dev split by the epoch that `fit` kept, and the temperature and thresholds that suit them."""
    return trainer.objective.calibrate(predict_logits(trainer.network, trainer.dev.texts), trainer.dev.labels)


def saved_model(config: Config, data: PreparedData, trainer: Trainer, calibration: Calibration) -> SavedModel:
    """What prediction needs of a trained network."""
    dataset = data.dataset
    return SavedModel(
        config=config,
        labels=dataset.labels,
        tokenizer=data.tokenizer,
        weights=weights_of(trainer.network),
        temperature=calibration.temperature,
        class_of_label=dataset.class_of_label,
        thresholds=calibration.thresholds,
    )
