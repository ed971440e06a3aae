"""Training steps of the product and of the reference, in turns inside one run of the product's own loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain, repeat

import numpy as np
import torch

from benchmarks.clock import Stopwatch
from benchmarks.measurement import PRODUCT, REFERENCE, Goal, Measurement, Work, ratio
from benchmarks.reference import Reference, padded, train_epoch
from benchmarks.tasks import Settings, Task
from benchmarks.work import FLOAT, TRAINING, operations, per_row, step_bytes
from cct_text.config import Config
from cct_text.model.architecture import resolve_architecture
from cct_text.model.zoo import parameter_counts
from cct_text.training.fitting import new_network, trainer_of
from cct_text.training.preparation import PreparedData, prepare
from cct_text.training.progress import EpochRecord, TrainingObserver

PRODUCT_STEPS, REFERENCE_STEPS = 60, 15
"""Steps of a turn: the product's batches differ in length, the reference's do not."""


def measure(task: Task, wanted: float, settings: Settings) -> list[Measurement]:
    """Rows a second of both sides."""
    config = task.config(epochs=1000)  # it ends when all turns are done
    data = prepare(config)
    trainer = trainer_of(new_network(config, data), config, data)
    reference = _Steps(_reference(config, data, trainer.network.state_dict(), task.length), config, data, task.length)
    steps = settings.at_most(PRODUCT_STEPS, 4)
    turns = Turns(
        rows=len(data.train),
        steps=steps,
        rounds=settings.rounds,
        other=lambda: reference.rate(settings.at_most(REFERENCE_STEPS, 1)),
        settle=trainer.stepper.settle,
    )
    precision = "bf16" if trainer.bf16 else "fp32"
    with suppress(AllTurnsDone):
        trainer.fit(turns, lambda: None)
    sides = {PRODUCT: turns.own, REFERENCE: turns.others}
    return [
        Measurement(
            f"training, {task.dataset}",
            "rows/s",
            sides,
            f"{task.model} in {precision}, the reference in fp32, batches of {config.training.batch_size}, {steps} steps a "
            f"turn, the recipe's options, at most {config.text.max_words} words a text; the reference pads and cuts to "
            f"{task.length}",
            (Goal(REFERENCE, ratio(sides, PRODUCT, REFERENCE), wanted),),
            _work(config, data, trainer.network),
            share=0.3,
            precisions={PRODUCT: precision},
        )
    ]


class AllTurnsDone(Exception):  # noqa: N818 - no error: it ends a run that would go on
    """Every side had its turns."""


class Turns(TrainingObserver):
    """Takes the time of a run's steps and, after so many of them, lets another side have its turn.

    Evaluation on the dev split is not in the time. The first turn of both sides warms up and is not kept.

    Attributes:
        own: rows a second of the run, one figure a round.
        others: what the other side returned.

    Args:
        rows: of the train split.
        steps: of a turn.
        rounds: turns that are kept.
        other: takes the other side's turn and returns its rows a second.
        settle: what an epoch's steps leave to do; done, and timed, at the end of each turn.
    """

    def __init__(
        self, *, rows: float, steps: int, rounds: int, other: Callable[[], float], settle: Callable[[], None]
    ) -> None:
        self.own: list[float] = []
        self.others: list[float] = []
        self._rows, self._steps, self._rounds, self._other, self._settle = rows, steps, rounds + 1, other, settle
        self._seconds, self._done = 0.0, 0

    def started(self, epochs: int, steps: int, history: Sequence[EpochRecord]) -> None:
        """Start the clock; the last step of an epoch may have fewer rows than the others, so all count as the mean."""
        self._rows_of_a_step = self._rows / steps
        self._start = time.perf_counter()

    def step(self, loss: float) -> None:
        """Stop the clock; go on with it when the other side is done."""
        self._done += 1
        if self._done == self._steps:
            self._settle()
        self._seconds += time.perf_counter() - self._start
        if self._done == self._steps:
            self.own.append(self._done * self._rows_of_a_step / self._seconds)
            self.others.append(self._other())
            self._seconds, self._done = 0.0, 0
        if len(self.own) == self._rounds:
            del self.own[0], self.others[0]
            raise AllTurnsDone
        self._start = time.perf_counter()

    def epoch(self, record: EpochRecord) -> None:
        """Start the clock anew."""
        self._start = time.perf_counter()


class _Steps:
    """Training steps of the reference on the same encoded rows."""

    def __init__(self, model: Reference, config: Config, data: PreparedData, length: int) -> None:
        texts = data.train.encoded
        offsets, ids = texts.offsets, texts.ids
        ends = np.minimum(offsets[1:], offsets[:-1] + length)
        rows = [ids[start:end].tolist() for start, end in zip(offsets[:-1], ends, strict=True)]
        optimizer = torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad], lr=config.training.learning_rate
        )
        encoded, labels = padded(rows, length), torch.from_numpy(data.dataset.train.labels)

        self._steps = chain.from_iterable(
            train_epoch(
                model,
                optimizer,
                encoded,
                labels,
                batch_size=config.training.batch_size,
                label_smoothing=config.training.label_smoothing,
                gradient_clip=config.training.gradient_clip,
            )
            for _ in repeat(None)
        )

    def rate(self, steps: int) -> float:
        """Rows a second of the next steps."""
        with Stopwatch() as watch:
            rows = sum(next(self._steps) for _ in range(steps))
        return rows / watch.seconds


def _reference(config: Config, data: PreparedData, weights: dict[str, torch.Tensor], length: int) -> Reference:
    return Reference(
        resolve_architecture(config.model, data.embedding_dim),
        weights,
        length=length,
        embedding_dropout=config.embedding.embedding_dropout,
        frozen=config.embedding.embeddings == "glove-frozen",
    )


def _work(config: Config, data: PreparedData, network: torch.nn.Module) -> Work:
    """Of one row, words past `max_words` left out."""
    lengths = np.minimum(data.train.encoded.lengths, config.text.max_words)
    counted = operations(network.architecture, len(data.dataset.labels), lengths)
    parameters, _ = parameter_counts(network)
    size = config.training.batch_size
    step = step_bytes(
        parameters,
        _distinct_words(data, size, config.text.max_words),
        data.embedding_dim,
        tuned=config.embedding.embeddings != "glove-frozen",
    )
    return Work(per_row(counted, len(lengths), times=TRAINING), step / size + FLOAT * float(lengths.mean()))


def _distinct_words(data: PreparedData, size: int, max_words: int) -> float:
    """Distinct words of a batch, on average over 50 random ones."""
    rng, texts = np.random.default_rng(0), data.train.encoded
    batches = [rng.choice(len(texts), size) for _ in range(50)]
    found = [
        np.unique(np.concatenate([texts.ids[texts.offsets[row] : texts.offsets[row + 1]][:max_words] for row in rows]))
        for rows in batches
    ]
    return float(np.mean([len(words) for words in found]))
