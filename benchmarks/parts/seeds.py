"""Five seeds of TREC: at once, one thread each, against one after another, all threads each."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.clock import THREADS, Stopwatch, in_turns
from benchmarks.measurement import Goal, Measurement, Work, ratio
from benchmarks.tasks import TREC, Settings
from benchmarks.work import TRAINING, operations
from cct_text.model.architecture import resolve_architecture
from cct_text.studies.workers import Job, train_all, workers_for
from cct_text.training.preparation import prepare

SEEDS = 5
AT_ONCE = "at once"
ONE_BY_ONE = "one after another"


def measure(settings: Settings) -> list[Measurement]:
    """Seconds of all runs together, start-up included."""
    seeds, options = settings.at_most(SEEDS, 2), {"epochs": 1} if settings.quick else {}
    sides = in_turns(
        {AT_ONCE: partial(_at_once, seeds, options), ONE_BY_ONE: partial(_one_by_one, seeds, options)}, settings.rounds
    )
    return [
        Measurement(
            f"training, {seeds} seeds of trec",
            "s",
            sides,
            f"the recipe's options; at once: {workers_for(seeds, THREADS)} workers of one thread each; one after another: "
            f"`cct-text train` with {THREADS} threads",
            (Goal(f"as fast as {ONE_BY_ONE}", ratio(sides, ONE_BY_ONE, AT_ONCE), 1.8),),
            _work(seeds, options),
        )
    ]


def _at_once(seeds: int, options: dict[str, object]) -> float:
    """Seconds until all seeds are trained by workers."""
    with TemporaryDirectory() as folder, Stopwatch() as watch:
        jobs = [Job(TREC.config(**options, seed=seed), Path(folder) / str(seed)) for seed in range(seeds)]
        for outcome in train_all(jobs):
            if outcome.error is not None:
                raise RuntimeError(outcome.error)
    return watch.seconds


def _one_by_one(seeds: int, options: dict[str, object]) -> float:
    """Seconds until all seeds are trained, each by a command of its own."""
    with TemporaryDirectory() as folder, Stopwatch() as watch:
        for seed in range(seeds):
            arguments = TREC.arguments(**options, seed=seed, out=Path(folder) / str(seed))
            command = [sys.executable, "-m", "cct_text_cli", "train", *arguments, "--json"]
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return watch.seconds


def _work(seeds: int, options: dict[str, object]) -> Work:
    """Of all epochs of all seeds."""
    config = TREC.config(**options)
    data = prepare(config)
    lengths = np.minimum(data.train.encoded.lengths, config.text.max_words)
    architecture = resolve_architecture(config.model, data.embedding_dim)
    counted = operations(architecture, len(data.dataset.labels), lengths)
    times = seeds * config.training.epochs * TRAINING
    return Work({stage: number * times for stage, number in counted.items()}, 0.0)
