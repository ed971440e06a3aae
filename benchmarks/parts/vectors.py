"""TREC's words out of a file of 400,000 word vectors, against gensim, which reads all of it."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.clock import Stopwatch, alone, in_turns
from benchmarks.measurement import Goal, Measurement, Work, ratio
from benchmarks.tasks import Settings
from benchmarks.work import FLOAT

NAME, ROWS, DIM = "glove.6B.50d", 400_000, 50
FEW_ROWS = 20_000
"""Rows of a quick trial."""

HOME = "CCT_TEXT_HOME"
STREAMED, CACHED, GENSIM = "cct-text, from the text file", "cct-text, from its cache", "gensim"


def measure(settings: Settings) -> list[Measurement]:
    """Seconds of each side, and by how much the peak of its process' memory grew."""
    grown: dict[str, list[float]] = {}

    def side(name: str, read: Callable[[Path], tuple[float, float]], path: Path) -> float:
        seconds, megabytes = alone(read, path)
        grown.setdefault(name, []).append(megabytes)
        return seconds

    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{NAME}.txt"
        words, index = alone(_write, path, settings.at_most(ROWS, FEW_ROWS))
        seconds = in_turns(
            {
                STREAMED: partial(side, STREAMED, read_streamed, path),
                CACHED: partial(side, CACHED, read_cached, path),
                GENSIM: partial(side, GENSIM, read_with_gensim, path),
            },
            settings.rounds,
        )
        size = path.stat().st_size
    conditions = (
        f"a text file of {settings.at_most(ROWS, FEW_ROWS):,} words, {DIM}-d, {size / 1e6:.0f} MB, of which cct-text reads the "
        f"{words:,} that TREC has; each turn in a process of its own, which has imported what it needs, "
        "and without the conversion for the next use, which goes on in the background"
    )
    streamed = {name: seconds[name] for name in (STREAMED, GENSIM)}
    faster = Goal("as fast as gensim", ratio(streamed, GENSIM, STREAMED), 50.0)
    cached = Goal("from the cache", median(seconds[CACHED]), 0.1, at_most=True, unit=" s")
    needed = float(index + words * DIM * FLOAT)
    return [
        Measurement("word vectors out of the text file", "s", streamed, conditions, (faster,), Work({}, float(size))),
        Measurement(
            "word vectors out of the cache", "s", {CACHED: seconds[CACHED]}, conditions, (cached,), Work({}, needed)
        ),
        Measurement("word vectors, memory", "MB", grown, "growth of the process' peak; otherwise as above"),
    ]


def _write(path: Path, rows: int) -> tuple[int, int]:
    """The vectors as a text file, and their store in a cache beside it; how many words TREC has of them, bytes of all words."""
    from cct_text.vectors import load_vectors
    from cct_text.vectors.sources import locate
    from cct_text.vectors.store import build_store, store_folder

    vectors, wanted = load_vectors(NAME), _words_of_trec()
    with path.open("w", encoding="utf-8") as file:
        for word, row in zip(vectors.words[:rows], vectors.matrix[:rows].tolist(), strict=True):
            print(word, *(f"{number:.5g}" for number in row), file=file)
    os.environ[HOME] = str(path.parent / "cache")
    stored = locate(str(path)).open()
    build_store(stored)
    index = (store_folder(stored) / "words.arrow").stat().st_size
    return len(set(vectors.words[:rows]) & wanted), index


def read_streamed(path: Path) -> tuple[float, float]:
    """Seconds and MB to read TREC's words out of the text file, where there is no store of it."""
    from cct_text.vectors import loading

    words = _words_of_trec()
    os.environ[HOME] = str(path.parent / "empty")
    loading.build_in_background = lambda file: None  # the conversion for the next use is not waited for
    return _taken(lambda: loading.load_vectors(str(path), words=words))


def read_cached(path: Path) -> tuple[float, float]:
    """Seconds and MB to read TREC's words out of the store."""
    from cct_text.vectors import load_vectors

    words = _words_of_trec()
    os.environ[HOME] = str(path.parent / "cache")
    return _taken(lambda: load_vectors(str(path), words=words))


def read_with_gensim(path: Path) -> tuple[float, float]:
    """Seconds and MB to read the text file."""
    from gensim.models import KeyedVectors

    return _taken(lambda: KeyedVectors.load_word2vec_format(str(path), no_header=True))


def _taken(read: Callable[[], object]) -> tuple[float, float]:
    before = _peak()
    with Stopwatch() as watch:
        read()
    return watch.seconds, _peak() - before


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _words_of_trec() -> set[str]:
    from cct_text.datasets import load_dataset
    from cct_text.text.tokenizer import split_words
    from cct_text.text.vocabulary import Vocabulary

    return set(Vocabulary.build(split_words(load_dataset("trec").train.texts, "basic_english")).words[2:])
