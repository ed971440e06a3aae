"""Something that turns on the terminal while one waits for the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cct_text.inference.classifier import TextClassifier


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show what is waited for while the block runs; nothing where standard error is no terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(Text(what)):
        yield


def load_classifier(run: str, **options: str) -> TextClassifier:
    """The classifier of a run folder or of a run on the hub, which may take a while to come.

    Args:
        run: as for `TextClassifier.load`.
        options: likewise.
    """
    from cct_text.inference.classifier import TextClassifier

    with waiting(f"loading {run}"):
        return TextClassifier.load(run, **options)
