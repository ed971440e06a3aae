"""What the baselines that are no networks share: what they read, how dev chooses, what they hand back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pyarrow.compute as pc

from cct_text.config import Config
from cct_text.datasets import Split
from cct_text.text.tokenizer import split_words
from cct_text.training.objective import objective_of
from cct_text.vectors import Coverage

Value = TypeVar("Value")
Model = TypeVar("Model")


@dataclass(frozen=True, kw_only=True)
class Learned:
    """Scores of a fitted baseline.

    Attributes:
        dev: (N, C) logits of the dev split; None where there is none.
        test: (N, C) logits of the test split; None where there is none.
        probabilities: whether the logits say how probable a class is; otherwise they only rank the classes.
        parameters: trained numbers, without word vectors.
        embedding_parameters: trained numbers of word vectors.
        features: words, or other features, that it tells apart.
        seconds: of fitting and choosing, features of train and dev included, those of test not.
        epochs: passes over the train split, of one fit.
        coverage: how much of the train split its pre-trained vectors know; None where it has none.
        chosen: by dev, by name.
    """

    dev: np.ndarray | None
    test: np.ndarray | None
    probabilities: bool = True
    parameters: int
    embedding_parameters: int = 0
    features: int
    seconds: float
    epochs: int = 1
    coverage: Coverage | None = None
    chosen: dict[str, Any] = field(default_factory=dict)


def words_of(split: Split, config: Config) -> list[str]:
    """The split's texts as the networks see them: words of the tokenizer with a blank between, none cut."""
    joined = pc.binary_join(split_words(split.texts, config.text.tokenizer), " ")
    texts: list[str] = joined.to_pylist()
    return texts


def choose(
    values: Sequence[Value],
    fit: Callable[[Value], Model],
    score: Callable[[Model], np.ndarray],
    labels: np.ndarray,
    *,
    without_dev: Value,
) -> tuple[Value, Model]:
    """The value whose model is the most accurate on dev, at equal accuracy the one with the lower loss, and that model.

    Args:
        values: to try, at least one.
        fit: makes a model with a value.
        score: logits (N, C) of the dev split by a model.
        labels: of the dev split; empty where there is none.
        without_dev: the value to take then.
    """
    if not len(labels):
        return without_dev, fit(without_dev)
    chosen: tuple[Value, Model] | None = None
    best: tuple[float, float] | None = None
    for value in values:
        model = fit(value)
        metrics = objective_of(labels).metrics(score(model), labels)
        reached = (metrics["accuracy"], -metrics["loss"])
        if best is None or reached > best:
            # Not all models at once: one can take hundreds of megabytes.
            chosen, best = (value, model), reached
    assert chosen is not None  # there is at least one value
    return chosen
