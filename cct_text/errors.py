"""The exceptions that a user can meet, each with the exit code that the command line returns for it.

Every message names the file (and line), the value that was seen and the way out, in one or two lines. What it quotes of a
file cannot act on a terminal nor fill it: control characters are escaped, and a message that grew too long loses its middle.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

LONGEST_MESSAGE = 2_000
"""Characters of a message, at most."""
_LEFT_OUT = " [...] "


class CCTTextError(Exception):
    """Base of everything that cct-text raises on purpose.

    Attributes:
        exit_code: what the command line exits with when this error reaches it.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(_showable(message))


class UsageError(CCTTextError):
    """A flag, a configuration value or an argument that cannot be used as given."""

    exit_code = 2


class DataError(CCTTextError):
    """Input data, or a run folder, that cannot be used: broken, empty, or of another version."""

    exit_code = 3

    def __init__(self, message: str, *, path: str | Path | None = None, line: int | None = None) -> None:
        where = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(where + message)
        self.path = path
        self.line = line


class ResourceError(CCTTextError):
    """A data set, a vector file, a package or a download that is not here and cannot be fetched."""

    exit_code = 4


def _showable(message: str) -> str:
    """A message without control characters but its line ends, and of bounded length."""
    if not message.isprintable():
        letters = (letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in message)
        message = "".join(letters)
    if len(message) <= LONGEST_MESSAGE:
        return message
    # The file stands at the beginning, the way out at the end.
    half = LONGEST_MESSAGE // 2 - len(_LEFT_OUT)
    return f"{message[:half]}{_LEFT_OUT}{message[-half:]}"


def listed(names: Iterable[str]) -> str:
    r"""Names that a file holds, for a message; one that would break its line is quoted.

    >>> listed(["spam", "two\nlines"])
    "spam, 'two\\nlines'"
    """
    return ", ".join(name if name.isprintable() else repr(name) for name in names)


def unknown_name(kind: str, value: str, known: Iterable[str]) -> str:
    """Words for "no such NAME": the value seen, the nearest known names, or all of them where none is near.

    >>> unknown_name("model", "cct-2/3", ["cct-2/1", "cct-2/2", "vit-lite-2/1"])
    "unknown model 'cct-2/3'; did you mean cct-2/2 or cct-2/1?"
    """
    names = list(known)
    near = get_close_matches(value, names, n=3, cutoff=0.6)
    if near:
        return f"unknown {kind} {value!r}; did you mean {' or '.join(near)}?"
    return f"unknown {kind} {value!r}; known are: {', '.join(names)}"
