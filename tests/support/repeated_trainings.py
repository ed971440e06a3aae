"""Many trainings one after another in one process, and what is left of them.

python -m tests.support.repeated_trainings 200 glove-tuned
"""

import gc
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

SMALL = {"width": 16, "max_words": 12, "epochs": 1, "vectors": "glove.6B.50d"}
WARM_UP = 10
"""Trainings after which caches are full and the allocator has its arenas."""


def left_of(runs, embeddings):
    """What a process has after each of some trainings with prediction: {"bytes": [...], "files": [...], "threads": [...]}."""
    program = [sys.executable, "-m", __name__, str(runs), embeddings]
    # One arena: what is measured is what is kept, not how the allocator spreads it.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def slope_in_mb(sizes):
    """Megabytes that a training leaves behind, on average after those that warm up: the least-squares slope."""
    settled = np.array(sizes[WARM_UP:]) / 1e6
    return float(np.polyfit(np.arange(len(settled)), settled, 1)[0])


def _measure(runs, embeddings):
    from cct_text.inference.classifier import TextClassifier
    from cct_text.training.recipes import resolve_config
    from cct_text.training.run import train

    config = resolve_config("questions", values={**SMALL, "embeddings": embeddings})
    left = {"bytes": [], "files": [], "threads": []}
    for number in range(runs):
        with TemporaryDirectory() as folder:
            train(config.with_values({"seed": number}), folder)
            TextClassifier.load(folder).predict(["Who wrote the Iliad ?"])
        gc.collect()
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        left["bytes"].append(resident)
        left["files"].append(len(list(Path("/proc/self/fd").iterdir())))
        left["threads"].append(threading.active_count())
    return left


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(int(sys.argv[1]), sys.argv[2])))
