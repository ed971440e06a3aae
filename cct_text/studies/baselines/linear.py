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
from cct_text.training.metrics import log_softmax
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
SVM: dict[str, Any] = {"dual": True, "tol": 0.1, "fit_intercept": False, "random_state": 0}
"""As liblinear is by itself, and as the authors of NB-SVM used it. It shuffles the rows: always alike, for no seed counts."""


class LinearModel(Protocol):
    """A fitted linear model over F features."""

    def scores(self, features: Any) -> np.ndarray:  # noqa: ANN401 - dense or sparse
        """Logits (N, C) of features (N, F)."""

    @property
    def parameters(self) -> int:
        """Trained numbers."""


@dataclass(frozen=True)
class Extractor:
    """How a split becomes features (N, F), dense or sparse.

    Attributes:
        fit: learns what there is to learn from the train split, and gives its features.
        transform: gives the features of another split, after `fit`.
    """

    fit: Callable[[Split], Any]
    transform: Callable[[Split], Any]


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
    """TF-IDF of words and pairs, with logarithmic counts, and logistic regression; dev chooses C.

    No word is too rare to count: what is rare weighs little, for C is chosen.
    """
    extractor = _of_words(config, TfidfVectorizer(**PAIRS, sublinear_tf=True))
    return _learned(dataset, extractor, STRENGTHS, _logistic(dataset))


def fit_nb_svm(dataset: Dataset, config: Config) -> Learned:
    """NB-SVM over whether words and pairs stand in a text; dev chooses C."""
    extractor = _of_words(config, CountVectorizer(**PAIRS, binary=True, dtype=np.float64))
    return _learned(dataset, extractor, SVM_STRENGTHS, NaiveBayesSVM.fit, probabilities=False)


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
    extractor = Extractor(
        lambda train: scaler.fit_transform(means(train)), lambda split: scaler.transform(means(split))
    )
    return _learned(dataset, extractor, MEAN_STRENGTHS, _logistic(dataset), start=start, coverage=coverage)


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
        decision = self.model.decision_function(features)  # (N, C), or (N,) of the second of two classes
        if decision.ndim == 1:
            decision = np.column_stack([np.zeros_like(decision), decision])
        logits = np.full((features.shape[0], self.classes), np.log(np.finfo(np.float32).tiny))
        # The model's own predict_log_proba is the logarithm of 0 where it is very sure.
        logits[:, self.model.classes_] = log_softmax(decision)
        return logits

    @property
    def parameters(self) -> int:
        """Weights and intercepts."""
        return int(self.model.coef_.size + self.model.intercept_.size)


@dataclass(frozen=True)
class OneVsRest:
    """A logistic regression for each label, where a text may have several.

    Attributes:
        models: of each label; None of one that all train rows have, or none.
        always: (C,) bool, whether all train rows have it.
    """

    models: Sequence[LogisticRegression | None]
    always: np.ndarray

    @classmethod
    def fit(cls, features: Any, labels: np.ndarray, classes: int, strength: float) -> Self:  # noqa: ANN401
        """By C, `strength`, to labels (N, C) bool."""
        models = [
            LogisticRegression(C=strength, max_iter=1000).fit(features, has) if 0 < has.sum() < len(has) else None
            for has in labels.T
        ]
        return cls(models, np.asarray(labels.all(axis=0)))

    def scores(self, features: Any) -> np.ndarray:  # noqa: ANN401
        """Logarithms of the odds; very large or small of a label that train does not teach."""
        sure = -np.log(np.finfo(np.float32).tiny)
        logits = np.tile(np.where(self.always, sure, -sure), (features.shape[0], 1))
        for label, model in enumerate(self.models):
            if model is not None:
                logits[:, label] = model.decision_function(features)
        return logits

    @property
    def parameters(self) -> int:
        """Weights and intercepts."""
        return sum(int(model.coef_.size + model.intercept_.size) for model in self.models if model is not None)


@dataclass(frozen=True)
class NaiveBayesSVM:
    """A linear SVM for each class against the others, over features weighted by their naive Bayes log-count ratios.

    Without intercepts, as in the authors' code: an SVM's own is too large for the interpolated weights.

    Source: Wang and Manning 2012, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification", ACL;
    trainMNBSVM.m in https://github.com/sidaw/nbsvm.

    Attributes:
        weights: (C, F), ratios included.
        present: (C,) bool, classes that train has.
    """

    weights: np.ndarray
    present: np.ndarray

    @classmethod
    def fit(cls, features: Any, labels: np.ndarray, classes: int, strength: float) -> Self:  # noqa: ANN401
        """By the SVM's C, `strength`; a class that train lacks is never predicted."""
        weights = np.zeros((classes, features.shape[1]))
        present = np.bincount(labels, minlength=classes) > 0
        for label in np.flatnonzero(present):
            ratio = log_count_ratio(features, labels == label)
            svm = LinearSVC(C=strength, **SVM).fit(features.multiply(ratio).tocsr(), labels == label)
            own = svm.coef_[0]
            weights[label] = ((1.0 - INTERPOLATION) * np.abs(own).mean() + INTERPOLATION * own) * ratio
        return cls(weights, present)

    def scores(self, features: Any) -> np.ndarray:  # noqa: ANN401
        """Distances from the planes, which are no probabilities."""
        scores: np.ndarray = np.where(self.present, features @ self.weights.T, -np.inf)
        return scores

    @property
    def parameters(self) -> int:
        """Weights."""
        return self.weights.size


def log_count_ratio(features: Any, positive: np.ndarray) -> np.ndarray:  # noqa: ANN401
    """How much more of the positive rows' counts each feature has than of the others', a logarithm: (F,).

    Args:
        features: (N, F) counts, sparse.
        positive: (N,) bool.
    """
    counts = [1.0 + np.asarray(features[rows].sum(axis=0))[0] for rows in (positive, ~positive)]
    ratio: np.ndarray = np.log(counts[0] / counts[0].sum()) - np.log(counts[1] / counts[1].sum())
    return ratio


def _logistic(dataset: Dataset) -> Callable[[Any, np.ndarray, int, float], LinearModel]:
    """Logistic regression over the classes, or one for each label where a text may have several."""
    return OneVsRest.fit if dataset.multi_label else Logistic.fit


def _of_words(config: Config, vectorizer: CountVectorizer) -> Extractor:
    return Extractor(
        lambda train: vectorizer.fit_transform(words_of(train, config)),
        lambda split: vectorizer.transform(words_of(split, config)),
    )


def _learned(
    dataset: Dataset,
    extractor: Extractor,
    strengths: Sequence[float],
    fit: Callable[[Any, np.ndarray, int, float], LinearModel],
    *,
    start: float | None = None,
    probabilities: bool = True,
    coverage: Coverage | None = None,
) -> Learned:
    """Fit with each strength, take what dev chooses, and score the splits with it.

    Args:
        dataset: what to learn.
        extractor: of its features.
        strengths: to try.
        fit: a model by features (N, F), labels (N,), the number of classes and a strength.
        start: time at which the work began; now, when not given.
        probabilities: whether the scores are logits.
        coverage: of the pre-trained vectors.
    """
    start = time.perf_counter() if start is None else start
    train = extractor.fit(dataset.train)
    dev = extractor.transform(dataset.dev) if len(dataset.dev) else None
    strength, model = choose(
        strengths,
        lambda value: fit(train, dataset.train.labels, len(dataset.labels), value),
        lambda fitted: fitted.scores(dev),
        dataset.dev.labels,
        without_dev=USUAL_STRENGTH,
    )
    seconds = time.perf_counter() - start
    return Learned(
        dev=None if dev is None else model.scores(dev),
        test=None if dataset.test is None else model.scores(extractor.transform(dataset.test)),
        probabilities=probabilities,
        parameters=model.parameters,
        features=train.shape[1],
        seconds=seconds,
        coverage=coverage,
        chosen={"C": strength},
    )
