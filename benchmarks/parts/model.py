"""The network alone in prediction: word ids to logits, without reading, tokenizing and writing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from benchmarks.clock import Stopwatch, in_turns
from benchmarks.measurement import PRODUCT, REFERENCE, Measurement, Work
from benchmarks.reference import WORDS_TOGETHER, Reference, padded
from benchmarks.tasks import Settings, Task
from benchmarks.work import FLOAT, operations, per_row
from cct_text.datasets import load_dataset
from cct_text.inference.classifier import ROWS_TOGETHER, TextClassifier
from cct_text.inference.parallel import ordered_map
from cct_text.text.encoded import EncodedTexts

ROWS = 20_000
PRODUCT_FP32 = f"{PRODUCT} in fp32"


def measure(task: Task, settings: Settings) -> list[Measurement]:
    """Rows a second of both sides on texts of the train split."""
    classifier = TextClassifier.load(task.run(settings))
    plain = TextClassifier.load(task.run(settings), precision="fp32")
    texts = load_dataset(task.dataset).train.texts.slice(0, settings.at_most(ROWS, 500))
    encoded = [
        classifier.model.tokenizer.encode(texts.slice(start, ROWS_TOGETHER))
        for start in range(0, len(texts), ROWS_TOGETHER)
    ]
    weights = {name: torch.from_numpy(array) for name, array in classifier.model.weights.items()}
    reference = Reference(classifier.model.architecture, weights, length=task.length).eval()
    padded_rows = _fixed_length(encoded, task.length)
    sides = {
        PRODUCT: _rate(len(texts), lambda: list(ordered_map(classifier.engine.logits, encoded))),
        PRODUCT_FP32: _rate(len(texts), lambda: list(ordered_map(plain.engine.logits, encoded))),
        REFERENCE: _rate(len(texts), lambda: _logits(reference, padded_rows)),
    }
    for warm_up in sides.values():
        warm_up()
    rates = in_turns(sides, settings.rounds)
    lengths = np.minimum(np.concatenate([part.lengths for part in encoded]), classifier.config.text.max_words)
    counted = operations(classifier.model.architecture, len(classifier.labels), lengths)
    return [
        Measurement(
            f"model alone in prediction, {task.dataset}",
            "rows/s",
            rates,
            f"{task.model} in {classifier.precision}, {len(texts):,} encoded rows of train, every word seen before; the "
            f"reference pads and cuts to {task.length}",
            work=Work(per_row(counted, len(texts)), FLOAT * float(lengths.mean())),
            share=0.4,
            precisions={PRODUCT: classifier.precision, PRODUCT_FP32: plain.precision},
        )
    ]


def _rate(rows: int, predict: Callable[[], object]) -> Callable[[], float]:
    def measured() -> float:
        with Stopwatch() as watch:
            predict()
        return rows / watch.seconds

    return measured


def _fixed_length(parts: list[EncodedTexts], length: int) -> torch.Tensor:
    rows = [
        part.ids[start : min(end, start + length)].tolist()
        for part in parts
        for start, end in zip(part.offsets[:-1], part.offsets[1:], strict=True)
    ]
    return padded(rows, length)


@torch.inference_mode()
def _logits(model: Reference, ids: torch.Tensor) -> torch.Tensor:
    return torch.cat([model(batch) for batch in ids.split(max(1, WORDS_TOGETHER // model.length))])
