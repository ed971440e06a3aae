"""What people use because it is quick: TF-IDF with logistic regression, and fastText.

Fitting reads lines `__label__CLASS TEXT`, prediction reads a text on each line and writes a label on each. Time is
taken from reading the first file to the last line written; importing the packages is not in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.clock import THREADS, Stopwatch

LABEL = "__label__"
WORD_PAIRS = {"wordNgrams": 2}
"""fastText's defaults, but for pairs of words, without which it is a plain bag of words."""
SMALL = {"dim": 10, "lr": 0.25, "wordNgrams": 2, "minCount": 1, "bucket": 10_000_000, "epoch": 5}
"""What fastText's authors published for AG News (classification-results.sh): 10 numbers a word instead of 100."""


@dataclass(frozen=True)
class Peer:
    """A classifier to compare with.

    Attributes:
        name: in the tables.
        fit: seconds, from a file of labelled lines to a model's file.
        predict: seconds, from the model's file and a text file to a file of labels.
    """

    name: str
    fit: Callable[[Path, Path], float]
    predict: Callable[[Path, Path, Path], float]


def fit_tfidf(source: Path, model: Path) -> float:
    """TF-IDF over words and pairs of words, then logistic regression."""
    import joblib
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    with Stopwatch() as watch:
        rows = [line.partition(" ") for line in _lines(source)]
        pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
        pipeline.fit([text for _, _, text in rows], [label.removeprefix(LABEL) for label, _, _ in rows])
        joblib.dump(pipeline, model)
    return watch.seconds


def predict_tfidf(model: Path, source: Path, output: Path) -> float:
    """Load, read, predict and write."""
    import joblib
    import sklearn.feature_extraction.text
    import sklearn.linear_model
    import sklearn.pipeline  # noqa: F401 - what joblib would otherwise import inside the measured time

    with Stopwatch() as watch:
        labels = joblib.load(model).predict(_lines(source))
        _write(labels, output)
    return watch.seconds


def fit_fasttext(options: dict[str, float], source: Path, model: Path) -> float:
    """FastText, supervised."""
    import fasttext

    with Stopwatch() as watch:
        fasttext.train_supervised(str(source), thread=THREADS, verbose=0, **options).save_model(str(model))
    return watch.seconds


def predict_fasttext(model: Path, source: Path, output: Path) -> float:
    """Load, read, predict and write."""
    import fasttext

    with Stopwatch() as watch:
        predicted, _ = fasttext.load_model(str(model)).predict(_lines(source))
        _write([labels[0].removeprefix(LABEL) for labels in predicted], output)
    return watch.seconds


TFIDF = Peer("TF-IDF + LR", fit_tfidf, predict_tfidf)
FASTTEXT = Peer("fastText", partial(fit_fasttext, WORD_PAIRS), predict_fasttext)
FASTTEXT_SMALL = Peer("fastText, 10-d", partial(fit_fasttext, SMALL), predict_fasttext)


def _lines(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return [line.rstrip("\n") for line in lines]


def _write(labels: list[str], output: Path) -> None:
    output.write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
