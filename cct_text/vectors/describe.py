"""What there is to know about word vectors before one trains with them."""

from __future__ import annotations

from typing import Any

from cct_text.vectors.loading import parts_of
from cct_text.vectors.names import NAMES
from cct_text.vectors.sources import find, locate

FIRST_WORDS = 8


def named() -> list[dict[str, Any]]:
    """All vectors that go by a name: name, words and width of the official file, corpus, place if they are here."""
    return [
        {
            "name": vectors.name,
            "words": vectors.words,
            "dim": vectors.dim,
            "corpus": vectors.corpus,
            "found": None if (location := find(vectors.name)) is None else str(location),
        }
        for vectors in NAMES.values()
    ]


def describe(spec: str) -> list[dict[str, Any]]:
    """Each part of `A+B`: where it is (fetched if need be), its words, its width and its first words.

    Raises:
        UsageError, DataError, ResourceError: as `load_vectors`.
    """
    facts = []
    for part in parts_of(spec):
        location = locate(part)
        file = location.open()
        words, dim = file.shape()
        first = file.select((), FIRST_WORDS).words[:FIRST_WORDS]
        corpus = NAMES[part].corpus if part in NAMES else None
        facts.append(
            {"name": part, "found": str(location), "words": words, "dim": dim, "corpus": corpus, "first_words": first}
        )
    return facts
