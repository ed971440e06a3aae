"""`cct-text inspect`: what a run says of one text, and where it looks."""

from __future__ import annotations

import json as json_
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cct_text.errors import UsageError, listed

from .options import RunArgument
from .tables import CONTROLS
from .waiting import load_classifier

if TYPE_CHECKING:
    from rich.text import Text

    from cct_text.inference.explanation import Piece

LABELS_SHOWN = 6
WORDS_SHOWN = 8
DARKEST = (0, 95, 135)
"""Behind the word that counts most; red, green, blue."""


def inspect(
    run: RunArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text; - reads it from standard input.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")] = False,
) -> None:
    """Show what a run says of one text, and where it looked.

    Its labels' probabilities, and its words, shaded by how much the pooling looked at them.
    Of a run with several labels those that the text is given are marked.
    """
    from cct_text.inference.explanation import pieces

    if text == "-":
        text = sys.stdin.read().rstrip("\n")
    if not text.strip():
        raise UsageError("no text; give it in quotes behind the run folder")
    classifier = load_classifier(run)
    logits = classifier.predict_logits([text])
    (said,) = ([classifier.labels[index] for index in places] for places in classifier.task.sets(logits))
    (probabilities,) = classifier.task.probabilities(logits)
    ranked = sorted(zip(classifier.labels, map(float, probabilities), strict=True), key=lambda one: -one[1])
    words = classifier.explain(text)
    if json:
        answer = {
            "text": text,
            **({"labels": said} if classifier.task.several else {"label": said[0]}),
            "probabilities": dict(ranked),
            "words": [word._asdict() for word in words],
        }
        sys.stdout.write(json_.dumps(answer, ensure_ascii=False) + "\n")
        return

    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    for label, probability in ranked[: max(LABELS_SHOWN, len(said))]:
        mark = ("* " if label in said else "  ") if classifier.task.several else ""
        console.print(f"{probability:7.1%}  {mark}{listed([label])}")
    if (left := len(ranked) - max(LABELS_SHOWN, len(said))) > 0:
        console.print(f"         and {left} more; --json has all")
    if classifier.task.several:
        console.print(f"given: {listed(said) or 'no label'}")
    console.print()
    console.print(shaded(pieces(text, words)))
    heaviest = sorted(words, key=lambda word: -word.weight)[:WORDS_SHOWN]
    console.print(
        "looked at: " + (", ".join(f"{listed([word.word])} {word.weight:.2f}" for word in heaviest) or "nothing")
    )


def shaded(parts: list[Piece]) -> Text:
    """The text, its words on a background that is the bluer the more they count; the heaviest are bold."""
    from rich.style import Style
    from rich.text import Text

    shown = Text()
    for part in parts:
        weight = part.weight or 0.0
        color = "#" + "".join(f"{round(full * weight):02x}" for full in DARKEST)
        style = Style(color="white", bgcolor=color, bold=weight > 0.5) if weight > 0.1 else None
        shown.append(part.text.translate(CONTROLS), style)
    return shown
