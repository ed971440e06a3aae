"""From texts to what the server says about them, in the thread that classifies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cct_text.inference.classifier import TextClassifier
from cct_text.inference.kernels import softmax
from cct_text.inference.writers import DECIMALS


@dataclass(frozen=True)
class Question:
    """Texts of one request, to be answered together.

    Attributes:
        texts: at least one.
        top_k: labels for each; all where None.
        words: whether the words of each are told, with what they counted.
    """

    texts: Sequence[str]
    top_k: int | None = None
    words: bool = False


def answer(classifier: TextClassifier, questions: Sequence[Question]) -> list[list[dict[str, Any]]]:
    """Answer several requests with one call of the classifier.

    Returns:
        For each question, for each of its texts: `label`; `probabilities`, by label, the most probable first; and, where
        asked for, `words` as `WordWeight` has them.
    """
    logits = classifier.predict_logits([text for question in questions for text in question.texts])
    ranking = np.argsort(-logits, axis=1, kind="stable")  # (N, C)
    shares = np.take_along_axis(softmax(logits), ranking, axis=1).astype(np.float64).round(DECIMALS)
    labels = classifier.labels
    ranked = iter(zip(ranking.tolist(), shares.tolist(), strict=True))
    answers = []
    for question in questions:
        found: list[dict[str, Any]] = []
        # The texts first: at their end nothing is taken of what is ranked for the next question.
        for text, (places, probabilities) in zip(question.texts, ranked, strict=False):
            best = zip(places[: question.top_k], probabilities[: question.top_k], strict=True)
            one: dict[str, Any] = {
                "label": labels[places[0]],
                "probabilities": {labels[place]: probability for place, probability in best},
            }
            if question.words:
                one["words"] = [word._asdict() for word in classifier.explain(text)]
            found.append(one)
        answers.append(found)
    return answers
