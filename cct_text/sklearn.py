"""The classifier as a scikit-learn estimator: texts and labels in memory, pipelines, grid searches, cross-validation.

from cct_text.sklearn import CCTClassifier

CCTClassifier(embeddings="glove-tuned").fit(texts, labels).predict(["Who wrote Hamlet ?"])
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, check_random_state, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted, column_or_1d

from cct_text.config import Config
from cct_text.datasets.dataset import Dataset, Split, content_digest, cut_rows
from cct_text.errors import UsageError, unknown_name
from cct_text.inference.classifier import TextClassifier, text_column
from cct_text.training.fitting import fit
from cct_text.training.recipes import DEFAULT, recipe_names, recipe_text

_OPTIONS = (
    "model",
    "embeddings",
    "vectors",
    "tokenizer",
    "max_words",
    "epochs",
    "batch_size",
    "learning_rate",
    "embedding_dropout",
    "word_dropout",
    "dev_fraction",
)
"""Options of a run that are parameters of the estimator; `options` takes all others."""


class CCTClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A Compact Convolutional Transformer for text.

    Options that are None are those of the recipe. A share of the rows, `dev_fraction`, is held out of what is learned: it
    chooses the epoch and the temperature of the probabilities.

    Args:
        recipe: name of the options to start from: `default`, or a data set's own, such as `trec`.
        model: named size, such as `cct-2/1+2+3`.
        embeddings: `learned`, `glove-frozen`, `glove-tuned` or `corpus`.
        vectors: name or path of pre-trained word vectors, several stacked with `+`.
        tokenizer: `basic_english`, `penn` or `whitespace`.
        max_words: words that are kept of a text.
        epochs: passes over the rows.
        batch_size: texts in a step.
        learning_rate: peak learning rate.
        embedding_dropout: share of word-vector elements set to zero in training.
        word_dropout: share of words replaced by the unknown word in training.
        dev_fraction: share of the rows held out, stratified by label; 0: none, the last epoch is kept.
        class_weight: how much a row of a class counts: a mapping by class, `balanced`, or None for all the same. Of rows with
            several labels `balanced` or None.
        random_state: seed of initial weights, shuffling, dropout and the rows held out.
        options: any other option of a run by its name, such as `{"min_count": 3}`.

    Attributes:
        classes_: (C,) the classes, sorted; their type is that of `y`. Of rows with several labels the numbers of the columns.
        multilabel_: whether a row may have several labels, or none.
        classifier_: what was trained: a `TextClassifier`, whose labels are the classes as strings.

    Examples:
        >>> CCTClassifier(random_state=0).fit(texts, labels).score(test_texts, test_labels)  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        recipe: str = DEFAULT,
        model: str | None = None,
        embeddings: str | None = None,
        vectors: str | None = None,
        tokenizer: str | None = None,
        max_words: int | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        embedding_dropout: float | None = None,
        word_dropout: float | None = None,
        dev_fraction: float | None = None,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        random_state: int | np.random.RandomState | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        self.recipe = recipe
        self.model = model
        self.embeddings = embeddings
        self.vectors = vectors
        self.tokenizer = tokenizer
        self.max_words = max_words
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.embedding_dropout = embedding_dropout
        self.word_dropout = word_dropout
        self.dev_fraction = dev_fraction
        self.class_weight = class_weight
        self.random_state = random_state
        self.options = options

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from N texts and their classes.

        Args:
            X: strings (N,): a list, an array, a pandas or polars series or a column of one; no missing ones.
            y: (N,) classes: strings, whole numbers or bools; or (N, C) of 0 and 1, where a row may have several, or none.
            sample_weight: (N,) how much each row counts in training; those held out count alike.

        Raises:
            ValueError: if the rows do not fit together, are none, or all of one class, or `class_weight` is no use.
            TypeError: if something in X is no string.
            UsageError: if an option is unknown or cannot be used.
            ResourceError: if the word vectors are not here and cannot be fetched.
        """
        texts = _texts(X)
        if y is None:
            raise ValueError("CCTClassifier requires y to be passed, but the target y is None")
        check_classification_targets(y)
        several = type_of_target(y) == "multilabel-indicator"
        targets = _indicators(y) if several else column_or_1d(y, warn=True)
        check_consistent_length(texts, targets)
        weights = self._row_weights(targets, sample_weight)
        if several:
            classes, labels = np.arange(targets.shape[1]), targets
        else:
            classes, labels = np.unique(targets, return_inverse=True)
            labels = labels.astype(np.int64)
        if (labels == labels[:1]).all():
            what = "the same labels in all rows" if several else f"one class only, {classes.tolist()[0]!r}"
            raise ValueError(f"y holds {what}; a classifier needs two or more")
        config = self._config(several=several)
        kept, held_out = cut_rows(labels, config.data.dev_fraction, config.training.seed)
        train = Split(pa.chunked_array([texts]), labels)
        splits = {"train": train.take(kept), "dev": train.take(held_out)}
        names = tuple(str(name) for name in classes.tolist())
        data = Dataset(
            name="rows in memory",
            labels=names,
            train=splits["train"],
            dev=splits["dev"],
            test=None,
            source="memory",
            files={},
            sha256=content_digest(names, splits),
            dev_is_cut=True,
        )
        model = fit(config, data, row_weights=None if weights is None else weights[kept])
        self.classes_ = classes
        self.multilabel_ = several
        self.classifier_ = TextClassifier(model, precision="fp32")
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each of N texts: (N,), of the type of `y`; of rows with several labels (N, C) of 0 and 1.

        Raises:
            NotFittedError: before `fit`.
            TypeError: if something in X is no string.
        """
        logits = self._logits(X)
        if self.multilabel_:
            said: np.ndarray = self.classifier_.task.says(logits).astype(np.int64)
            return said
        best = logits.argmax(axis=1)
        classes: np.ndarray = self.classes_[best]
        return classes

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities (N, C) float32 of N texts, in the order of `classes_`; rows sum to 1, unless they have several labels.

        Raises:
            NotFittedError: before `fit`.
            TypeError: if something in X is no string.
        """
        logits = self._logits(X)
        return self.classifier_.task.probabilities(logits)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities, (N, C) float32."""
        logits = self._logits(X)
        # Of the odds of one label, or of all classes.
        total = np.logaddexp(0, logits) if self.multilabel_ else np.logaddexp.reduce(logits, axis=1, keepdims=True)
        log_probabilities: np.ndarray = logits - total
        return log_probabilities

    def save(self, path: str | Path) -> None:
        """Write what was trained into a folder that `cct-text` and `TextClassifier.load` read; see `TextClassifier.save`.

        Raises:
            NotFittedError: before `fit`.
            UsageError: if the folder cannot be written to, or holds a run.
        """
        check_is_fitted(self)
        self.classifier_.save(path)

    def _logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return self.classifier_.predict_logits(_texts(X))

    def _config(self, *, several: bool) -> Config:
        """The recipe, with the options that are given."""
        if self.recipe not in recipe_names():
            raise UsageError(unknown_name("recipe", self.recipe, recipe_names()))
        config = Config().with_toml(recipe_text(self.recipe), source=f"recipe of {self.recipe}")
        given = {name: value for name in _OPTIONS if (value := getattr(self, name)) is not None}
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(2**31)
        if several and self.class_weight is not None:
            given["class_weights"] = "balanced"
        own = {"multi_label": several, "seed": int(seed)}
        return config.with_values({**given, **(self.options or {}), **own}, source="CCTClassifier")

    def _row_weights(self, targets: np.ndarray, sample_weight: Any) -> np.ndarray | None:
        """(N,) how much each row counts; None: all the same."""
        if self.class_weight is None and sample_weight is None:
            return None
        several = targets.ndim == 2
        if several and self.class_weight not in (None, "balanced"):
            raise ValueError(
                f"class_weight is {self.class_weight!r:.60}; where a row may have several labels it is None or 'balanced'"
            )
        weights: np.ndarray = _check_sample_weight(sample_weight, targets, dtype=np.float64, ensure_non_negative=True)
        if not several:
            weights *= compute_sample_weight(self.class_weight, targets)
        return weights

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_label = True
        return tags


def _indicators(y: Any) -> np.ndarray:
    """(N, C) bool of an array, a table or a sparse matrix of 0 and 1."""
    dense: np.ndarray = np.asarray(y.toarray() if hasattr(y, "toarray") else y).astype(bool)
    return dense


def _texts(X: Any) -> pa.Array | pa.ChunkedArray:
    """N texts as a column of strings.

    Raises:
        TypeError: if X is one string, or something in it is no string.
        ValueError: if X is a table of several columns, or empty.
    """
    if isinstance(X, str | bytes):
        raise TypeError(f"X is one {type(X).__name__}; give a list of texts")
    rows = np.asarray(X, dtype=object)
    if rows.ndim == 2 and rows.shape[1] == 1:
        rows = rows[:, 0]
    if rows.ndim != 1:
        raise ValueError(f"X is of shape {rows.shape}; expected texts (N,), or a table of one column")
    if not len(rows):
        raise ValueError("Found array with 0 sample(s) (X has no rows); a minimum of 1 is required")
    for number, row in enumerate(rows):
        if not isinstance(row, str):
            raise TypeError(f"text {number} is no string but {row!r:.40}")
    return text_column(rows.tolist())
