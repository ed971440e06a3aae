"""Kill trainings of several kinds at random moments and while they write a checkpoint, and resume them to the end."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.soak import BrokenPromiseError, Figures
from cct_text.artifacts import WEIGHTS, sha256_of
from tests.support.killed_trainings import SMALL, at_random, killed, train_whole, while_writing

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
        "vectors": None,
        "class_weights": "balanced",
        "patience": 2,
    },
}
KILLS = 6
"""Of a run before it is left alone; a third of them inside a checkpoint's writing."""


def run(minutes: float) -> Figures:
    """Kinds in turns, until the time is up."""
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
                    inside = number % 3 == 0
                    now = while_writing if inside else at_random(random, seconds[kind])
                    if killed(torn, values, now):
                        counts["kills"] += 1
                        counts["inside"] += inside
                killed(torn, values, lambda _: False)
                counts["runs"] += 1
                if sha256_of(torn / WEIGHTS) != sha256_of(whole[kind] / WEIGHTS):
                    raise BrokenPromiseError(f"{kind}: a run that was killed has other weights")
    return {
        "runs": counts["runs"],
        "kinds of them": len(KINDS),
        "kills": counts["kills"],
        "of these inside the writing of a checkpoint": counts["inside"],
        "runs that ended with other weights": 0,
    }
