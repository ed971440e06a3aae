"""From texts to what the server says about them, in the thread that classifies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cct_text.inference.classifier import TextClassifier
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
        For each question, for each of its texts: `label`, or of a model with `multi_label` `labels`, a list; `probabilities`,
        by label, the most probable first, those of `labels` in any case; and, where asked for, `words` as `WordWeight` has
        them.
    """
    logits = classifier.predict_logits([text for question in questions for text in question.texts])
    ranking = np.argsort(-logits, axis=1, kind="stable")  # (N, C)
    task, labels = classifier.task, classifier.labels
    shares = np.take_along_axis(task.probabilities(logits), ranking, axis=1).astype(np.float64).round(DECIMALS)
    ranked = iter(zip(task.sets(logits), ranking.tolist(), shares.tolist(), strict=True))
    answers = []
    for question in questions:
        found: list[dict[str, Any]] = []
        # The texts first: at their end nothing is taken of what is ranked for the next question.
        for text, (said, places, probabilities) in zip(question.texts, ranked, strict=False):
            told = {*said, *places[: question.top_k]}
            one: dict[str, Any] = (
                {"labels": [labels[place] for place in said]} if task.several else {"label": labels[said[0]]}
            )
            one["probabilities"] = {
                labels[place]: share for place, share in zip(places, probabilities, strict=True) if place in told
            }
            if question.words:
                one["words"] = [word._asdict() for word in classifier.explain(text)]
            found.append(one)
        answers.append(found)
    return answers
