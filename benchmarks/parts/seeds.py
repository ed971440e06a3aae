"""Five seeds of TREC: at once, one thread each, against one after another."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.clock import THREADS, Stopwatch, in_turns
from benchmarks.measurement import Goal, Measurement, Work, ratio
from benchmarks.tasks import TREC, Settings
from benchmarks.work import TRAINING, operations
from cct_text.model.architecture import resolve_architecture
from cct_text.training.preparation import prepare

SEEDS = 5
AT_ONCE = "at once"
ONE_BY_ONE = {threads: f"one after another, {threads} thread" + "s" * (threads > 1) for threads in (THREADS, 1)}


def measure(settings: Settings) -> list[Measurement]:
    """Seconds of all runs together, start-up included."""
    seeds, options = settings.at_most(SEEDS, 2), {"epochs": 1} if settings.quick else {}
    sides = in_turns(
        {
            AT_ONCE: partial(_train, seeds, options, workers=THREADS, threads=1),
            **{
                side: partial(_train, seeds, options, workers=1, threads=threads)
                for threads, side in ONE_BY_ONE.items()
            },
        },
        settings.rounds,
    )
    faster = min(ONE_BY_ONE.values(), key=lambda side: median(sides[side]))
    return [
        Measurement(
            f"training, {seeds} seeds of trec",
            "s",
            sides,
            f"`cct-text train` with the recipe's options, each run a process; at once: {THREADS} at a time, one thread "
            "each",
            (Goal(f"as fast as {faster}", ratio(sides, faster, AT_ONCE), 1.8),),
            _work(seeds, options),
        )
    ]


def _train(seeds: int, options: dict[str, object], *, workers: int, threads: int) -> float:
    """Seconds until all seeds are trained."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    with TemporaryDirectory() as folder, Stopwatch() as watch, ThreadPoolExecutor(workers) as pool:

        def run(seed: int) -> None:
            arguments = TREC.arguments(**options, seed=seed, out=Path(folder) / str(seed))
            command = [sys.executable, "-m", "cct_text_cli", "train", *arguments, "--json"]
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)

        list(pool.map(run, range(seeds)))
    return watch.seconds


def _work(seeds: int, options: dict[str, object]) -> Work:
    """Of all epochs of all seeds."""
    config = TREC.config(**options)
    data = prepare(config)
    lengths = np.minimum(data.train.lengths, config.text.max_words)
    architecture = resolve_architecture(config.model, data.embedding_dim)
    counted = operations(architecture, len(data.dataset.labels), lengths)
    times = seeds * config.training.epochs * TRAINING
    return Work({stage: number * times for stage, number in counted.items()}, 0.0)
