import sys
from dataclasses import dataclass

import pytest


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def cct_text(monkeypatch, capfd):
    """Runs `cct-text ARGUMENTS` in this process: exit code, standard output, standard error."""
    from cct_text_cli.main import main

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["cct-text", *map(str, arguments)])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code or 0
        return Outcome(code, *capfd.readouterr())

    return run
