"""A text in pieces, words with how much each counted and what stands between them: for whoever shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cct_text.inference.classifier import WordWeight


class Piece(NamedTuple):
    """A part of a text.

    Attributes:
        text: as it stands in the original.
        weight: of a word, as a share of the text's largest, in [0, 1]; None between words.
    """

    text: str
    weight: float | None


def pieces(text: str, words: Sequence[WordWeight], *, most_words: int | None = None) -> list[Piece]:
    """The text cut at its words; together the pieces are the text.

    Args:
        text: the original.
        words: its words, from first to last, as `TextClassifier.explain` gives them.
        most_words: of a longer text only so many are kept, side by side, those that weigh most together; "…" stands for
            what is left out.
    """
    first, end = _heaviest(words, most_words)
    start = 0 if first == 0 else words[first].start
    largest = max((word.weight for word in words), default=0.0)
    found = [Piece("… ", None)] if first > 0 else []
    for word in words[first:end]:
        if word.start > start:
            found.append(Piece(text[start : word.start], None))
        found.append(Piece(text[max(start, word.start) : word.end], word.weight / largest if largest else 0.0))
        start = word.end
    if end < len(words):
        return [*found, Piece(" …", None)]
    return [*found, Piece(text[start:], None)] if start < len(text) else found


def _heaviest(words: Sequence[WordWeight], most: int | None) -> tuple[int, int]:
    """First of the words that are kept, and one past the last."""
    if most is None or len(words) <= most:
        return 0, len(words)
    sums = np.cumsum([0.0, *(word.weight for word in words)])
    first = int((sums[most:] - sums[:-most]).argmax())
    return first, first + most
