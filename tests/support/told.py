"""What a command says of a file that it cannot take."""

from __future__ import annotations

from tests.conftest import Outcome

USAGE, DATA, RESOURCE = 2, 3, 4
"""Exit codes of cct_text/errors.py."""


def told(outcome: Outcome, path: object, code: int = DATA) -> None:
    """The command ended as documented, and named the file in one or two lines."""
    assert outcome.code == code, outcome.err
    assert str(path) in outcome.err
    assert "Traceback" not in outcome.err
    assert len(outcome.err.splitlines()) <= 2
    assert outcome.err.replace("\n", "").isprintable()
