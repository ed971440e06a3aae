"""What `predict` holds in memory, and how fast it is, however long its input is."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread

import numpy as np
import pyarrow as pa

from benchmarks.clock import Stopwatch, alone, in_turns
from benchmarks.measurement import Goal, Measurement, Work, ratio
from benchmarks.tasks import Settings, Task
from benchmarks.work import FLOAT, operations, per_row
from cct_text.datasets import load_dataset
from cct_text.model.saved import SavedModel

SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (2_000, 5_000, 10_000)
MOST_MEGABYTES, MOST_GROWTH, MOST_DIFFERENCE = 500.0, 1.1, 10.0
SECONDS_BETWEEN_SAMPLES = 0.05


def measure(task: Task, settings: Settings) -> list[Measurement]:
    """Largest memory at each size, and rows a second without what a single line takes."""
    run = task.run(settings)
    sizes = QUICK_SIZES if settings.quick else SIZES
    peaks: dict[str, list[float]] = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        for size in (1, *sizes):
            with (folder / f"{size}.txt").open("w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in distinct_lines(task, size))

        def predict(size: int) -> float:
            seconds, megabytes = alone(watched, run, folder / f"{size}.txt", folder / "labels.csv")
            peaks.setdefault(_lines(size), []).append(megabytes)
            return seconds

        seconds = in_turns({_lines(size): partial(predict, size) for size in (1, *sizes)}, settings.rounds)
    start = median(seconds[_lines(1)])
    rates = {_lines(size): [size / max(taken - start, 1e-9) for taken in seconds[_lines(size)]] for size in sizes}
    first, *_, last = (_lines(size) for size in sizes)
    return [
        Measurement(
            "memory of prediction",
            "MB",
            peaks,
            f"`cct-text predict` over distinct lines of about ten words ({task.dataset}, {task.model}); the largest sum over "
            "its processes",
            (
                Goal(f"at {last}", median(peaks[last]), MOST_MEGABYTES, at_most=True, unit=" MB"),
                Goal(f"that at {first}", ratio(peaks, last, first), MOST_GROWTH, at_most=True),
            ),
        ),
        Measurement(
            "prediction of many lines",
            "rows/s",
            rates,
            f"as above; without the {start:.2f} s that a single line takes",
            (Goal("between the rates", _difference(rates), MOST_DIFFERENCE, at_most=True, unit=" %"),),
            _work(run, task, sizes[0]),
        ),
    ]


def _lines(size: int) -> str:
    return "1 line" if size == 1 else f"{size:,} lines"


def _difference(rates: Mapping[str, list[float]]) -> float:
    """By how many percent the slowest is behind the fastest."""
    medians = [median(figures) for figures in rates.values()]
    return 100 * (1 - min(medians) / max(medians))


def distinct_lines(task: Task, number: int) -> Iterator[str]:
    """Short lines, no two alike: the beginning of one text and the end of another."""
    texts = load_dataset(task.dataset).train.texts.to_pylist()
    beginnings = list(dict.fromkeys(" ".join(text.split()[:5]) for text in texts))
    ends = list(dict.fromkeys(" ".join(text.split()[-5:]) for text in texts))
    for index in range(number):
        shift, place = divmod(index, len(beginnings))
        yield f"{beginnings[place]} {ends[(place + shift) % len(ends)]}"


def watched(run: Path, source: Path, output: Path) -> tuple[float, float]:
    """Seconds of `cct-text predict`, and the largest memory of its processes together in MB.

    To be called in a process of its own: what a process is started from counts towards its largest memory.
    """
    command = [sys.executable, "-m", "cct_text_cli", "predict", str(run), str(source), "-o", str(output)]
    ended, sums = Event(), [0]
    with Stopwatch() as watch:
        process = subprocess.Popen(command)
        sampler = Thread(target=_sample, args=(process.pid, ended, sums))
        sampler.start()
        process.wait()
    ended.set()
    sampler.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return watch.seconds, max(*sums, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024) / 1e6


def _sample(pid: int, ended: Event, sums: list[int]) -> None:
    """Add up, every so often, the memory of a process and of all that it started, until it ended."""
    import psutil

    while not ended.wait(SECONDS_BETWEEN_SAMPLES):
        try:
            process = psutil.Process(pid)
            sums.append(sum(part.memory_info().rss for part in (process, *process.children(recursive=True))))
        except psutil.Error:  # one of them has just ended
            continue


def _work(run: Path, task: Task, rows: int) -> Work:
    """Of one line."""
    model = SavedModel.load(run)
    texts = pa.array(distinct_lines(task, rows), pa.string())
    lengths = model.tokenizer.encode(texts).lengths
    counted = operations(model.architecture, len(model.labels), lengths)
    return Work(per_row(counted, rows), float(texts.nbytes / rows + FLOAT * np.mean(lengths)))
