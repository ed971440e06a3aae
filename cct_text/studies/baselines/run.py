"""A baseline's run: data, fitting, figures on dev and test, and the folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cct_text.artifacts import RunFolder
from cct_text.config import Config
from cct_text.datasets import Dataset, load_dataset
from cct_text.errors import UsageError
from cct_text.figures import has_figures, read_figures, write_figures
from cct_text.locks import alone_in
from cct_text.provenance import commit
from cct_text.studies.baselines import BASELINES
from cct_text.studies.baselines.learned import Learned
from cct_text.training.objective import objective_of, split_metrics
from cct_text.training.results import Learner, run_metrics, write_predictions

KIM_CNN = {"kim-cnn-static": "glove-frozen", "kim-cnn-tuned": "glove-tuned"}
"""Embedding mode by name."""


def train_baseline(name: str, config: Config, out: str | Path) -> dict[str, Any]:
    """Fit a baseline to what `train` would train on, and write `metrics.json` and `predictions.parquet`.

    What is chosen is chosen by dev, which calibrates the probabilities as well, as it does a network's; test is read
    once, at the end. The options of the network do not count, but that Kim's network is trained with those of the
    training.

    Args:
        name: of `BASELINES`.
        config: the options of the run.
        out: its folder; a finished run of the same options is returned as it is.

    Returns:
        The content of `metrics.json`: what a run has, and `baseline`, `config` and what was `chosen`.

    Raises:
        UsageError: if the folder holds a run of other options, cannot be written to, or is another process's; or if the
            baseline gives a text one label, and it may have several.
        DataError: if the data set cannot be used.
        ResourceError: if data, vectors or the baseline's package are not here.
    """
    BASELINES[name].require_task(several=config.data.multi_label)
    folder = RunFolder(out)
    own = {"baseline": BASELINES[name].name, "config": config.to_dict()}
    if (finished := _finished(folder, own)) is not None:
        return finished  # also from where nothing can be written
    with alone_in(folder):
        return _finished(folder, own) or _train(name, config, folder, own)


def _finished(folder: RunFolder, own: Mapping[str, Any]) -> dict[str, Any] | None:
    """The figures of a finished run of these options; None where there is none."""
    if not has_figures(folder):
        return None
    found = read_figures(folder)
    if {key: found.get(key) for key in own} != own:
        raise UsageError(f"{folder.path}: a run with other options; choose another --out")
    return found


def _train(name: str, config: Config, folder: RunFolder, own: Mapping[str, Any]) -> dict[str, Any]:
    """`train_baseline` in a folder that holds no run and that no other process trains into."""
    commit()  # what is checked out now is what runs
    if name in KIM_CNN:
        metrics = {**_kim_cnn(folder, name, config), **own}
    else:
        dataset = replace(load_dataset(config.data), fine=None)  # these learn the classes themselves
        learned = _fit(name)(dataset, config)
        metrics = {**_metrics(folder, name, config, dataset, learned), **own, "chosen": learned.chosen}
    write_figures(folder, metrics)
    return metrics


def _fit(name: str) -> Callable[[Dataset, Config], Learned]:
    if name == "fasttext":
        from cct_text.studies.baselines.fasttext import fit_fasttext

        return fit_fasttext
    from cct_text.studies.baselines import linear

    return {
        "majority": linear.fit_majority,
        "tfidf-lr": linear.fit_tfidf,
        "nb-svm": linear.fit_nb_svm,
        "glove-mean-lr": linear.fit_mean_of_vectors,
    }[name]


def _metrics(folder: RunFolder, name: str, config: Config, dataset: Dataset, learned: Learned) -> dict[str, Any]:
    dev = test = None
    objective = objective_of(dataset.train.labels)
    classes = len(dataset.labels)
    temperature, thresholds = 1.0 if learned.probabilities else None, None
    if learned.probabilities:
        scores = np.zeros((0, classes)) if learned.dev is None else learned.dev
        calibration = objective.calibrate(scores, dataset.dev.labels)
        temperature, thresholds = calibration.temperature, calibration.thresholds
    if learned.dev is not None:
        figures = objective.metrics(learned.dev, dataset.dev.labels, temperature=temperature, thresholds=thresholds)
        dev = _figures(figures, learned)
    if dataset.test is not None and learned.test is not None:
        figures = split_metrics(
            learned.test,
            dataset.test.labels,
            dataset.labels,
            temperature=temperature,
            thresholds=thresholds,
            seen_in_train=dataset.test_seen_in_train,
        )
        test = _figures(figures, learned)
        write_predictions(folder, dataset.test, learned.test, dataset.labels, temperature, thresholds)
    learner = Learner(
        model=name,
        embeddings=None,
        coverage=learned.coverage,
        parameters=learned.parameters,
        embedding_parameters=learned.embedding_parameters,
        vocabulary=learned.features,
        epochs=learned.epochs,
        best_epoch=learned.epochs,
        seconds=learned.seconds,
        texts=None,  # features, and a fit for each value that dev chooses from
        precision="fp32",
        threads=torch.get_num_threads(),
        processes=1,
        device="cpu",
        truncated_fraction=0.0,
        temperature=temperature,
    )
    return run_metrics(config, dataset, learner, dev, test)


def _figures(metrics: dict[str, Any], learned: Learned) -> dict[str, Any]:
    """Without loss and calibration where the scores are no probabilities."""
    if learned.probabilities:
        return metrics
    unknown = dict.fromkeys(("loss", "ece", "ece_by_chance", "ece_uncalibrated"))
    apart = metrics.get("without_rows_in_train")
    return metrics | unknown | ({"without_rows_in_train": apart | unknown} if apart else {})


def _kim_cnn(folder: RunFolder, name: str, config: Config) -> dict[str, Any]:
    from cct_text.studies.baselines.kim_cnn import train_kim_cnn
    from cct_text.training.fitting import calibrate
    from cct_text.training.preparation import prepare
    from cct_text.training.run import evaluate_and_write

    config = config.with_values({"embeddings": KIM_CNN[name], "bigram_min_count": 0}, source=name)
    data = prepare(config)
    trainer = train_kim_cnn(config, data)
    metrics = evaluate_and_write(folder, config, data, trainer, calibrate(trainer), name)
    return metrics | {"chosen": {"epoch": metrics["best_epoch"]} if len(data.dev) else {}}
