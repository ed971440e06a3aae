"""Processes that begin with what the library imports in memory: many can be started, and killed, in a second."""

from __future__ import annotations

import multiprocessing

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(
    [
        *("torch._dynamo", "sklearn.metrics", "sklearn.model_selection", "safetensors.numpy", "pandas", "filelock"),
        *("cct_text.training.run", "cct_text.inference.stream"),
    ]
)
