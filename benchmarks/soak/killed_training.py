"""Kill trainings of several kinds at random moments and while they write a checkpoint, and resume them to the end."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import psutil

from benchmarks.soak import BrokenPromiseError, Figures
from cct_text.artifacts import WEIGHTS, sha256_of
from cct_text.training.checkpoint import CHECKPOINT
from tests.support.killed_trainings import SMALL, after, killed, train_whole, while_writing, within_an_epoch
from tests.support.started_together import finish, start

KINDS: dict[str, dict[str, object]] = {
    "tuned vectors": SMALL,
    "moving average, two batches a step, bf16": {
        **SMALL,
        "ema_decay": 0.9,
        "gradient_accumulation": 2,
        "precision": "bf16",
    },
    "frozen vectors": {**SMALL, "embeddings": "glove-frozen"},
    "learned vectors, balanced classes, patience": {
        **SMALL,
        "embeddings": "learned",
        "class_weights": "balanced",
        "patience": 2,
    },
}
KILLS = 6
"""Of a run before it is left alone; a third of them inside a checkpoint's writing."""


def run(minutes: float) -> Figures:
    """Kinds in turns, until the time is up; then, once, two processes of which one is killed."""
    end = time.monotonic() + 60 * minutes
    random = Random()
    counts: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        whole = {kind: Path(folder) / f"whole-{number}" for number, kind in enumerate(KINDS)}
        seconds = {kind: train_whole(whole[kind], values) for kind, values in KINDS.items()}
        while time.monotonic() < end or not counts:
            for kind, values in KINDS.items():
                torn = Path(folder) / f"torn-{counts['runs']}"
                for number in range(KILLS):
                    moments = (while_writing, within_an_epoch(random), after(random.uniform(0.0, seconds[kind])))
                    if killed(torn, values, moments[number % len(moments)]):
                        counts["kills"] += 1
                        counts["inside"] += number % len(moments) == 0
                killed(torn, values, lambda _: False)
                _require_equal(torn, whole[kind], kind)
                counts["runs"] += 1
        counts["kills"] += _two_processes(Path(folder), random)
    return {
        "runs": counts["runs"] + 1,
        "kinds of them, one with two processes": len(KINDS) + 1,
        "kills": counts["kills"],
        "of these inside the writing of a checkpoint": counts["inside"],
        "runs that ended with other weights": 0,
    }


def _two_processes(folder: Path, random: Random) -> int:
    """Kill one of two processes that train together, again and again: how often."""
    finish(start(folder / "whole", epochs=3, dropout=0.2))
    for _ in range(KILLS // 2):
        torn = start(folder / "torn", epochs=3, dropout=0.2, flags=["--resume", "--keep"])
        while not (workers := psutil.Process(torn.pid).children()):
            time.sleep(0.01)
        while not (folder / "torn" / CHECKPOINT).exists():
            time.sleep(0.01)
        time.sleep(random.uniform(0.0, 2.0))
        random.choice(workers).kill()
        torn.communicate()
    finish(start(folder / "torn", epochs=3, dropout=0.2, flags=["--resume"]))
    _require_equal(folder / "torn", folder / "whole", "two processes")
    return KILLS // 2


def _require_equal(torn: Path, whole: Path, kind: str) -> None:
    if sha256_of(torn / WEIGHTS) != sha256_of(whole / WEIGHTS):
        raise BrokenPromiseError(f"{kind}: a run that was killed has other weights")
