"""What a page of `cct-text export --to web` says, asked through the functions that it has itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

_PREDICT = """
    const start = performance.now();
    const results = texts.map((text) => ready.predict(text));
    return {
        milliseconds: performance.now() - start,
        labels: results.map(({ label }) => label),
        logits: results.map(({ logits }) => [...logits]),
        probabilities: results.map(({ probabilities }) => [...probabilities]),
        words: results.map(({ words }) => words),
    };
"""


def answers(page: Page, texts: Sequence[str]) -> dict[str, Any]:
    """Labels, logits, probabilities and words of some texts, a list of each, and the milliseconds that they took."""
    found: dict[str, Any] = page.evaluate(
        f"async (texts) => {{ const ready = await classifier; {_PREDICT} }}", list(texts)
    )
    return found


def answers_of(page: Page, model: str, texts: Sequence[str]) -> dict[str, Any]:
    """The same of another model, as the text that a page would have of it."""
    function = f"async ([model, texts]) => {{ const ready = new Classifier(await readModel(model)); {_PREDICT} }}"
    found: dict[str, Any] = page.evaluate(function, [model, list(texts)])
    return found


def ids(found: dict[str, Any]) -> list[list[int]]:
    """Ids of the words of each text."""
    return [[word["id"] for word in words] for words in found["words"]]
