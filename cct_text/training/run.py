"""A whole run: data, training, the best epoch's model, its figures on dev and test, and the run folder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from cct_text.artifacts import HISTORY, METRICS, PREDICTIONS, REPORT, RunFolder
from cct_text.config import Config
from cct_text.errors import DataError, UsageError
from cct_text.figures import has_figures, read_figures, write_figures
from cct_text.locks import alone_in
from cct_text.model.forward import predict_logits
from cct_text.model.zoo import parameter_counts
from cct_text.provenance import commit
from cct_text.training.calibration import Calibration
from cct_text.training.checkpoint import (
    CHECKPOINT,
    Checkpoint,
    has_checkpoint,
    load_checkpoint,
    remove_checkpoint,
    require_equal,
    take_over,
)
from cct_text.training.fitting import calibrate, new_network, saved_model, trainer_of
from cct_text.training.interruption import Wish, interrupt_noted
from cct_text.training.loop import Trainer
from cct_text.training.objective import split_metrics
from cct_text.training.preparation import PreparedData, prepare
from cct_text.training.processes import Processes
from cct_text.training.progress import Observers, TrainingObserver
from cct_text.training.results import Learner, run_metrics, write_predictions
from cct_text.training.tracking import require_trackers, tracking

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_CHECKPOINTS = 20.0
"""A run that is killed loses at most this much; one that is interrupted by Ctrl-C, nothing."""


def train(
    config: Config,
    out: str | Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    observer: TrainingObserver | None = None,
    track: Sequence[str] = (),
) -> dict[str, Any]:
    """Train a classifier and write its run folder.

    Where `accelerate launch` or torchrun started several processes, they share each batch; the first of them writes.

    Args:
        config: all options of the run.
        out: the run folder.
        resume: go on with an interrupted run in `out`; a finished one is returned as it is.
        overwrite: replace a finished run in `out`.
        observer: hears of steps and epochs.
        track: names of experiment trackers that are sent the figures: tensorboard, mlflow, wandb.

    Returns:
        The content of the run's `metrics.json`.

    Raises:
        UsageError: if `out` holds a run and neither `resume` nor `overwrite` is given, or one with other options is to be
            resumed; if `out` cannot be written to, or another process trains into it; if the loss or a
            weight is no longer a number.
        DataError: if the data set cannot be used, or is not the one that the interrupted run saw.
        ResourceError: if the data set or the vectors are not here and cannot be fetched, or a tracker is not installed.
    """
    folder = RunFolder(out)
    require_trackers(track)
    if resume and not overwrite and (finished := _finished(folder, config)) is not None:
        return finished  # also from where nothing can be written
    processes = Processes()
    if not processes.is_first:
        logging.getLogger("cct_text").setLevel(logging.ERROR)  # the first one says what is to be said
        return _train(folder, config, processes, resume=resume, overwrite=overwrite, observer=TrainingObserver())
    with alone_in(folder), tracking(track, folder, config) as trackers:
        observers = Observers([observer or TrainingObserver(), *trackers])
        return _train(folder, config, processes, resume=resume, overwrite=overwrite, observer=observers)


def _train(
    folder: RunFolder,
    config: Config,
    processes: Processes,
    *,
    resume: bool,
    overwrite: bool,
    observer: TrainingObserver,
) -> dict[str, Any]:
    """`train` in a folder that no other run trains into; the first of its processes writes."""
    checkpoint = load_checkpoint(folder, config) if resume else None
    # An interrupted run goes before the finished one that it was about to replace.
    if checkpoint is None and not overwrite:
        if resume and (finished := _finished(folder, config)) is not None:
            return finished
        _require_free(folder)
    commit()  # what is checked out now is what runs
    processes.wait()  # each has seen the folder as it was found
    with processes.first_before_others():
        data = prepare(config)
    fingerprint = {"data": data.dataset.sha256, "tokenizer": sha256(data.tokenizer.to_json().encode()).hexdigest()}
    if checkpoint is not None and checkpoint.get("fingerprint") != fingerprint:
        raise DataError(f"{config.data.dataset}: not the data that the interrupted run saw; --overwrite starts afresh")
    if checkpoint is None:
        if resume and processes.is_first:
            logger.warning("%s: nothing to resume; starting afresh", folder.path)
        if processes.is_first:
            remove_checkpoint(folder)
    if processes.is_first:
        folder.remove_parts(CHECKPOINT)
    if not len(data.dev):
        logger.warning(
            "%s: no dev split (too few rows, or dev_fraction is 0); the last epoch is kept", config.data.dataset
        )
    elif config.training.keep == "last" and config.training.patience is not None:
        logger.warning("patience = %d does not count, for the last epoch is kept", config.training.patience)
    if config.text.bigram_min_count and config.embedding.embeddings == "glove-frozen":
        logger.warning("bigram_min_count = %d does not count, for the vectors are frozen", config.text.bigram_min_count)
    trainer = trainer_of(new_network(config, data), config, data)
    if checkpoint is not None:
        take_over(checkpoint, trainer, folder)
    observer.prepared(_description(config, data, trainer))
    keeper = Checkpoint(folder, config, SECONDS_BETWEEN_CHECKPOINTS)

    def keep() -> None:
        state = trainer.state_dict()  # of all processes
        if processes.is_first:
            keeper.keep({"fingerprint": fingerprint, **state})

    with interrupt_noted() as interrupted:

        def wish() -> Wish:
            if interrupted():
                return Wish.STOP
            return Wish.KEEP if processes.is_first and keeper.is_due() else Wish.GO_ON

        try:
            progress = trainer.fit(observer, keep, wish)
        except KeyboardInterrupt:
            keeper.write()
            raise
    keeper.write()  # what comes now takes its time, too
    if not processes.is_first:
        processes.wait()
        return read_figures(folder)
    calibration = calibrate(trainer)
    folder.remove(METRICS, PREDICTIONS, HISTORY, REPORT)
    saved_model(config, data, trainer, calibration).save(folder.path)
    folder.write_history([record.to_dict() for record in progress.history])
    metrics = evaluate_and_write(folder, config, data, trainer, calibration, config.model.model)
    write_figures(folder, metrics)
    remove_checkpoint(folder)
    observer.finished(metrics)
    processes.wait()
    return metrics


def _finished(folder: RunFolder, config: Config) -> dict[str, Any] | None:
    """The figures of a finished run of these options; None where there is none or it was about to be replaced."""
    if has_checkpoint(folder) or not has_figures(folder):
        return None
    require_equal(folder.read_config(), config, f"{folder.path}: the finished run")
    return read_figures(folder)


def _require_free(folder: RunFolder) -> None:
    """See that nothing is in the folder that a new run would replace."""
    if has_figures(folder):
        raise UsageError(f"{folder.path}: holds a finished run; choose another --out, or --overwrite to replace it")
    if has_checkpoint(folder):
        raise UsageError(
            f"{folder.path}: holds an interrupted run; --resume goes on with it, --overwrite starts afresh"
        )
    if (name := folder.occupied_by()) is not None:
        raise UsageError(
            f"{folder.path}: has a {name} that is of no finished run; choose another --out, or --overwrite it"
        )


def _description(config: Config, data: PreparedData, trainer: Trainer) -> str:
    """The run in a line, before it begins."""
    parameters, _ = parameter_counts(trainer.network)
    rows = {"train": data.train, "dev": data.dev, "test": data.test or ()}
    counts = ", ".join(f"{len(encoded):,} {split}" for split, encoded in rows.items() if len(encoded))
    coverage = "" if data.coverage is None else f" ({data.coverage.tokens:.1%} of the text has a vector)"
    vocabulary = data.tokenizer.vocabulary
    bigrams = f" and {len(vocabulary.pairs):,} bigrams" if vocabulary.pairs else ""
    return (
        f"{data.dataset.name}: {counts} rows; {len(vocabulary.words):,} words{coverage}{bigrams}; "
        f"{_model_name(config)} with {parameters:,} parameters"
    )


def _model_name(config: Config) -> str:
    """The model's name, and what it has other than this name says."""
    return config.model.model + (", no max-pool," if config.model.max_pool is False else "")


def evaluate_and_write(
    folder: RunFolder, config: Config, data: PreparedData, trainer: Trainer, calibration: Calibration, model: str
) -> dict[str, Any]:
    """Read the test split, once, and write `predictions.parquet`, of dev where there is no test; content of `metrics.json`.

    Args:
        folder: of the run.
        config: its options.
        data: what it learned.
        trainer: after `fit`.
        calibration: of its network.
        model: name of the network.
    """
    dataset, network = data.dataset, trainer.network
    temperature, thresholds = calibration.temperature, calibration.thresholds
    dev = test = None
    if len(data.dev):
        dev = split_metrics(
            calibration.logits, dataset.dev.labels, dataset.labels, temperature=temperature, thresholds=thresholds
        )
        if dataset.test is None:
            write_predictions(folder, dataset.dev, calibration.logits, dataset.labels, temperature, thresholds)
    if dataset.test is not None and data.test is not None:
        logits = predict_logits(network, data.test)
        test = split_metrics(
            logits,
            dataset.test.labels,
            dataset.labels,
            temperature=temperature,
            thresholds=thresholds,
            seen_in_train=dataset.test_seen_in_train,
        )
        write_predictions(folder, dataset.test, logits, dataset.labels, temperature, thresholds)
    parameters, embedding_parameters = parameter_counts(network)
    learner = Learner(
        model=model,
        embeddings=config.embedding.embeddings,
        coverage=data.coverage,
        parameters=parameters,
        embedding_parameters=embedding_parameters,
        vocabulary=len(data.tokenizer.vocabulary),
        epochs=trainer.progress.epochs_done,
        best_epoch=trainer.progress.best_epoch,
        seconds=data.vector_seconds + trainer.progress.seconds,
        texts=trainer.texts_in_an_epoch * trainer.progress.epochs_done,
        precision="bf16" if trainer.bf16 else "fp32",
        threads=torch.get_num_threads(),
        processes=trainer.processes.count,
        device=trainer.device.type,
        truncated_fraction=data.truncated_fraction,
        temperature=temperature,
    )
    return run_metrics(config, dataset, learner, dev, test)
