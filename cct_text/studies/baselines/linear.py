"""Linear models: the majority class, n-grams with logistic regression or naive Bayes weights, means of word vectors."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from cct_text.config import Config
from cct_text.datasets import Dataset, Split
from cct_text.studies.baselines.learned import Learned, choose, words_of
from cct_text.text.tokenizer import Tokenizer, split_words
from cct_text.text.vocabulary import PAD, UNK, Vocabulary
from cct_text.vectors import Coverage, align, frequent_words

PAIRS: dict[str, Any] = {"ngram_range": (1, 2), "token_pattern": r"\S+", "lowercase": False}
"""Words and pairs of words; the texts are tokenized already."""
STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1000.0)
"""C of logistic regression over TF-IDF, the larger the less regularized."""
SVM_STRENGTHS = (0.001, 0.01, 0.1, 1.0)
MEAN_STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)
USUAL_STRENGTH = 1.0
"""Where there is no dev split."""
INTERPOLATION = 0.25
"""Beta of NB-SVM: how far its weights go from their mean magnitude, which is naive Bayes, to the SVM's."""


class LinearModel(Protocol):
    """A fitted linear model over F features."""

    def scores(self, features: Any) -> np.ndarray:  # noqa: ANN401 - dense or sparse
        """Logits (N, C) of features (N, F)."""

    @property
    def parameters(self) -> int:
        """Trained numbers."""


@dataclass(frozen=True)
class Features:
    """Features of the splits, (N, F) each, dense or sparse; None for a split that is not there."""

    train: Any
    dev: Any
    test: Any

    @classmethod
    def of(cls, dataset: Dataset, fit: Callable[[Split], Any], transform: Callable[[Split], Any]) -> Self:
        """By a function that learns from the train split, and one for the other splits."""
        train = fit(dataset.train)
        dev = transform(dataset.dev) if len(dataset.dev) else None
        return cls(train, dev, None if dataset.test is None else transform(dataset.test))


def fit_majority(dataset: Dataset, config: Config) -> Learned:
    """The most frequent class of train for every text, the first of equally frequent ones."""
    start = time.perf_counter()
    shares = np.bincount(dataset.train.labels, minlength=len(dataset.labels)) / len(dataset.train)
    logits = np.log(np.maximum(shares, np.finfo(np.float32).tiny))
    seconds = time.perf_counter() - start
    return Learned(
        dev=np.tile(logits, (len(dataset.dev), 1)) if len(dataset.dev) else None,
        test=None if dataset.test is None else np.tile(logits, (len(dataset.test), 1)),
        parameters=len(logits),
        features=0,
        seconds=seconds,
    )


def fit_tfidf(dataset: Dataset, config: Config) -> Learned:
    """TF-IDF of words and pairs, with logarithmic counts, and logistic regression; dev chooses C."""
    start = time.perf_counter()
    vectorizer = TfidfVectorizer(**PAIRS, sublinear_tf=True)
    features = _of_words(dataset, config, vectorizer)
    return _learned(dataset, features, STRENGTHS, Logistic.fit, start)


def fit_nb_svm(dataset: Dataset, config: Config) -> Learned:
    """NB-SVM over whether words and pairs stand in a text; dev chooses C."""
    start = time.perf_counter()
    features = _of_words(dataset, config, CountVectorizer(**PAIRS, binary=True, dtype=np.float64))
    return _learned(dataset, features, SVM_STRENGTHS, NaiveBayesSVM.fit, start, probabilities=False)


def fit_mean_of_vectors(dataset: Dataset, config: Config) -> Learned:
    """Mean of the pre-trained vectors of a text's words, those without a vector left out, and logistic regression."""
    start = time.perf_counter()
    words = split_words(dataset.train.texts, config.text.tokenizer)
    extra = frequent_words(config.embedding.vectors, config.text.vocabulary_extra_words)
    vocabulary = Vocabulary.build(words, min_count=1, extra_words=extra)
    tokenizer = Tokenizer(config.text.tokenizer, vocabulary)
    vectors, found, coverage = align(vocabulary, config.embedding.vectors)
    found[[PAD, UNK]] = False

    def means(split: Split) -> np.ndarray:
        texts = tokenizer.encode(split.texts)
        known = csr_matrix((found[texts.ids].astype(np.float32), texts.ids, texts.offsets), (len(split), len(found)))
        sums: np.ndarray = known @ vectors
        mean: np.ndarray = sums / np.maximum(np.asarray(known.sum(axis=1)), 1.0)
        return mean

    scaler = StandardScaler()
    features = Features.of(
        dataset, lambda train: scaler.fit_transform(means(train)), lambda split: scaler.transform(means(split))
    )
    return _learned(dataset, features, MEAN_STRENGTHS, Logistic.fit, start, coverage=coverage)


@dataclass(frozen=True)
class Logistic:
    """Multinomial logistic regression."""

    model: LogisticRegression
    classes: int

    @classmethod
    def fit(cls, features: Any, labels: np.ndarray, classes: int, strength: float) -> Self:  # noqa: ANN401
        """By C, `strength`."""
        return cls(LogisticRegression(C=strength, max_iter=1000).fit(features, labels), classes)

    def scores(self, features: Any) -> np.ndarray:  # noqa: ANN401
        """Logarithms of the probabilities; of a class that train lacks, hardly any."""
        logits = np.full((features.shape[0], self.classes), np.log(np.finfo(np.float32).tiny))
        logits[:, self.model.classes_] = self.model.predict_log_proba(features)
        return logits

    @property
    def parameters(self) -> int:
        """Weights and intercepts."""
        return int(self.model.coef_.size + self.model.intercept_.size)


@dataclass(frozen=True)
class NaiveBayesSVM:
    """A linear SVM for each class against the others, over features weighted by their naive Bayes log-count ratios.

    Source: Wang and Manning 2012, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification", ACL.

    Attributes:
        weights: (C, F), ratios included.
        intercepts: (C,).
    """

    weights: np.ndarray
    intercepts: np.ndarray

    @classmethod
    def fit(cls, features: Any, labels: np.ndarray, classes: int, strength: float) -> Self:  # noqa: ANN401
        """By the SVM's C, `strength`; a class that train lacks is never predicted."""
        weights = np.zeros((classes, features.shape[1]))
        intercepts = np.full(classes, -np.inf)
        present = np.unique(labels)
        for label in present:
            ratio = log_count_ratio(features, labels == label)
            svm = LinearSVC(C=strength).fit(features.multiply(ratio).tocsr(), labels == label)
            own = svm.coef_[0]
            weights[label] = ((1.0 - INTERPOLATION) * np.abs(own).mean() + INTERPOLATION * own) * ratio
            intercepts[label] = svm.intercept_[0]
        return cls(weights, intercepts)

    def scores(self, features: Any) -> np.ndarray:  # noqa: ANN401
        """Distances from the planes, which are no probabilities."""
        scores: np.ndarray = features @ self.weights.T + self.intercepts
        return scores

    @property
    def parameters(self) -> int:
        """Weights and intercepts."""
        return self.weights.size + self.intercepts.size


def log_count_ratio(features: Any, positive: np.ndarray) -> np.ndarray:  # noqa: ANN401
    """How much more of the positive rows' counts each feature has than of the others', a logarithm: (F,).

    Args:
        features: (N, F) counts, sparse.
        positive: (N,) bool.
    """
    counts = [1.0 + np.asarray(features[rows].sum(axis=0))[0] for rows in (positive, ~positive)]
    ratio: np.ndarray = np.log(counts[0] / counts[0].sum()) - np.log(counts[1] / counts[1].sum())
    return ratio


def _of_words(dataset: Dataset, config: Config, vectorizer: CountVectorizer) -> Features:
    return Features.of(
        dataset,
        lambda train: vectorizer.fit_transform(words_of(train, config)),
        lambda split: vectorizer.transform(words_of(split, config)),
    )


def _learned(
    dataset: Dataset,
    features: Features,
    strengths: Sequence[float],
    fit: Callable[[Any, np.ndarray, int, float], LinearModel],
    start: float,
    *,
    probabilities: bool = True,
    coverage: Coverage | None = None,
) -> Learned:
    """Fit with each strength, take what dev chooses, and score the splits with it."""
    strength, model = choose(
        strengths,
        lambda value: fit(features.train, dataset.train.labels, len(dataset.labels), value),
        lambda fitted: fitted.scores(features.dev),
        dataset.dev.labels,
        without_dev=USUAL_STRENGTH,
    )
    seconds = time.perf_counter() - start
    return Learned(
        dev=None if features.dev is None else model.scores(features.dev),
        test=None if features.test is None else model.scores(features.test),
        probabilities=probabilities,
        parameters=model.parameters,
        features=features.train.shape[1],
        seconds=seconds,
        coverage=coverage,
        chosen={"C": strength},
    )
