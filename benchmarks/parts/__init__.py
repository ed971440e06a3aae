"""The parts of the benchmark, by the names that `python -m benchmarks --only NAME` takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

from benchmarks.measurement import Measurement
from benchmarks.tasks import AG_NEWS, IMDB, SST3, TREC, Settings


def _part(module: str, *arguments: object) -> Callable[[Settings], list[Measurement]]:
    return partial(_measure, f"benchmarks.parts.{module}", *arguments)


def _measure(module: str, *arguments: object) -> list[Measurement]:
    """Run a part in the process that it was sent to: only there are its packages imported."""
    measured: list[Measurement] = import_module(module).measure(*arguments)
    return measured


MACHINE = "machine"

PARTS: dict[str, Callable[[Settings], list[Measurement]]] = {
    MACHINE: _part("machine"),
    "training-trec": _part("training", TREC, 8.0),
    "training-sst3": _part("training", SST3, 6.0),
    "training-ag_news": _part("training", AG_NEWS, 4.0),
    "training-imdb": _part("training", IMDB, 4.0),
    "seeds": _part("seeds"),
    "predict-ag_news": _part("prediction", AG_NEWS),
    "predict-imdb": _part("prediction", IMDB),
    "model": _part("model", AG_NEWS),
    "precision": _part("precision", AG_NEWS),
    "vectors": _part("vectors"),
    "tokenization": _part("tokenization", AG_NEWS),
    "start": _part("start", AG_NEWS),
    "memory": _part("memory", TREC),
    "serving": _part("serving", AG_NEWS),
}
