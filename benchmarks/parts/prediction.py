"""From a file of texts to a file of labels: the product, the reference, and what else people use; and fitting them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.clock import Stopwatch, alone, command, in_turns
from benchmarks.measurement import PRODUCT, REFERENCE, Goal, Measurement, Work, ratio
from benchmarks.peers import FASTTEXT, FASTTEXT_SMALL, LABEL, TFIDF, Peer
from benchmarks.tasks import AG_NEWS, Settings, Task, write_lines
from benchmarks.work import FLOAT, operations, per_row
from cct_text.artifacts import RunFolder
from cct_text.datasets import Dataset, load_dataset
from cct_text.figures import read_figures
from cct_text.model.saved import EMBEDDING_WEIGHT, SavedModel

REPEATED_ROWS = 152_000
FEW_ROWS, FEW_FITTED = 500, 2_000
"""Rows of a quick trial."""


def measure(task: Task, settings: Settings) -> list[Measurement]:
    """Rows a second of all sides on each input, and seconds to fit."""
    run = task.run(settings)
    dataset = load_dataset(task.dataset)
    measurements = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        models = {peer: folder / f"{number}.model" for number, peer in enumerate((TFIDF, FASTTEXT, FASTTEXT_SMALL))}
        fitted = _fit(models, dataset, run, folder / "fit.txt", settings)
        for title, texts, goals in _inputs(task, dataset, settings):
            source = folder / "texts.txt"
            write_lines(source, texts.to_pylist())
            measurements.append(
                _measured(
                    f"prediction, {title}",
                    _sides(task, run, models, source),
                    goals,
                    _work(run, texts, source),
                    settings,
                )
            )
    return [*measurements, fitted]


def _inputs(task: Task, dataset: Dataset, settings: Settings) -> list[tuple[str, pa.Array, dict[str, float]]]:
    """What is predicted: title, texts, and how many times each other side is wanted."""
    assert dataset.test is not None
    test = dataset.test.texts.combine_chunks()
    if task != AG_NEWS:
        texts = test.slice(0, settings.at_most(len(test), FEW_ROWS))
        return [(f"{task.dataset} test", texts, {REFERENCE: 8.0, TFIDF.name: 1.0})]
    rows = settings.at_most(REPEATED_ROWS, FEW_ROWS)
    repeated = test.take(pa.array(list(islice(cycle(range(len(test))), rows))))
    distinct = pc.unique(pa.chunked_array([test, *dataset.dev.texts.chunks, *dataset.train.texts.chunks]))
    distinct = distinct.slice(0, settings.at_most(len(distinct), FEW_ROWS))
    goals = {REFERENCE: 10.0, TFIDF.name: 1.0, FASTTEXT.name: 1 / 2.5, FASTTEXT_SMALL.name: 1 / 2.5}
    return [
        (f"{task.dataset} test repeated to {rows:,} rows", repeated, goals),
        (f"{task.dataset}, {len(distinct):,} distinct texts of all splits", distinct, goals),
    ]


def _measured(
    title: str,
    sides: Mapping[str, Callable[[], float]],
    goals: Mapping[str, float],
    work: Work,
    settings: Settings,
) -> Measurement:
    rates = in_turns(sides, settings.rounds)
    return Measurement(
        title,
        "rows/s",
        rates,
        f"reading, tokenizing, model and writing; {PRODUCT} from the start of its process to the end, the others without "
        "importing their packages, but with loading their models",
        tuple(Goal(name, ratio(rates, PRODUCT, name), wanted) for name, wanted in goals.items()),
        work,
    )


def _sides(task: Task, run: Path, models: Mapping[Peer, Path], source: Path) -> dict[str, Callable[[], float]]:
    """Rows a second of each side, measured once."""
    output = source.with_name("labels.csv")
    rows = source.read_bytes().count(b"\n")

    def rate(seconds: Callable[[], float], header: int) -> float:
        output.unlink(missing_ok=True)
        taken = seconds()
        written = output.read_bytes().count(b"\n") - header
        if written != rows:
            raise RuntimeError(f"{written} labels for {rows} texts")
        return rows / taken

    product = partial(command, "predict", str(run), str(source), "-o", str(output))
    reference = partial(alone, _predict_plainly, run, task.length, source, output)
    return {
        PRODUCT: partial(rate, product, 1),
        REFERENCE: partial(rate, reference, 1),
        **{peer.name: partial(rate, partial(alone, peer.predict, models[peer], source, output), 0) for peer in models},
    }


def _predict_plainly(run: Path, length: int, source: Path, output: Path) -> float:
    """Seconds of the reference with the weights of a run."""
    import torch

    from benchmarks.reference import Reference, predict_file

    with Stopwatch() as watch:
        model = SavedModel.load(run)
        weights = {name: torch.from_numpy(array) for name, array in model.weights.items()}
        ids = {word: index for index, word in enumerate(model.tokenizer.vocabulary.words)}
        predict_file(Reference(model.architecture, weights, length=length), ids, model.labels, source, output)
    return watch.seconds


def _fit(models: Mapping[Peer, Path], dataset: Dataset, run: Path, rows: Path, settings: Settings) -> Measurement:
    """Fit the peers on the train split, once; the product's run is there already and tells how long it took."""
    fitted = settings.at_most(len(dataset.train), FEW_FITTED)
    train = dataset.train.take(np.random.default_rng(0).permutation(len(dataset.train))[:fitted])
    labels = [f"{LABEL}{label} " for label in train.labels]
    write_lines(rows, (label + text for label, text in zip(labels, train.texts.to_pylist(), strict=True)))
    metrics = read_figures(RunFolder(run))
    sides = {PRODUCT: [metrics["seconds"]]}
    sides |= {peer.name: [alone(peer.fit, rows, model)] for peer, model in models.items()}
    return Measurement(
        f"fitting, {dataset.name}",
        "s",
        sides,
        f"{len(train):,} rows, once; {PRODUCT}: the epochs of the run that predicts ({metrics['precision']}), evaluation "
        "on dev included, loading of data and vectors not",
    )


def _work(run: Path, texts: pa.Array, source: Path) -> Work:
    """Of one row: the text read, a label written, and each word's vector read once."""
    model = SavedModel.load(run)
    encoded = model.tokenizer.encode(texts)
    lengths = np.minimum(encoded.lengths, model.config.text.max_words)
    counted = operations(model.architecture, len(model.labels), lengths)
    vectors = len(np.unique(encoded.ids)) * model.weights[EMBEDDING_WEIGHT].shape[1] * FLOAT
    written = len(texts) * (len(max(model.labels, key=len)) + len(",0.99999999\n"))
    return Work(per_row(counted, len(texts)), (source.stat().st_size + written + vectors) / len(texts))
