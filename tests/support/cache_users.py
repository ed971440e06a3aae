"""Processes that use the caches of data sets and of vectors; they import nothing that these do not."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from multiprocessing.queues import SimpleQueue
from pathlib import Path


def load_both(home: Path, data: Path, vectors: Path, go: Path, answer: SimpleQueue[tuple[object, ...]]) -> None:
    """Put what a process sees of TREC and of some vectors, and what it was warned of, once there is a file `go`.

    Not a barrier: one of those that wait may be killed.
    """
    import numpy as np

    from cct_text.config import DataConfig
    from cct_text.datasets import load_dataset
    from cct_text.vectors import load_vectors

    os.environ["CCT_TEXT_HOME"] = str(home)
    told: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    while not go.exists():
        time.sleep(0.001)
    dataset = load_dataset(DataConfig(dataset="trec", data_dir=str(data), dev_fraction=0.0))
    found = load_vectors(str(vectors))
    digest = hashlib.sha256(np.ascontiguousarray(found.matrix)).hexdigest()
    answer.put((dataset.sha256, found.words[-1], digest, told))
