"""What the displays of studies have in common: a live part on a terminal, the time left, and the word at Ctrl-C."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

import typer
from rich.live import Live

from cct_text.studies.wording import counted

from .messages import Messages


class LiveDisplay:
    """Draws on standard error; interrupted, it says how to go on and ends the command with 130."""

    def __init__(self) -> None:
        self.console = Messages()
        self.live = Live(console=self.console, transient=True, auto_refresh=False)
        self.fresh = 0
        self.begun = time.monotonic()

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.live.stop()
        if isinstance(error, KeyboardInterrupt):
            typer.echo("cct-text: interrupted; repeat the command to go on", err=True)
            raise typer.Exit(130) from None

    def begin(self) -> None:
        """Count runs and time from now on."""
        self.fresh, self.begun = 0, time.monotonic()

    def time_left(self, runs: int) -> str:
        """How long so many runs will take, if they take as long as what was run since `begin`."""
        if not self.fresh:
            return f"{counted(runs, 'run')} left"
        minutes, seconds = divmod(round((time.monotonic() - self.begun) / self.fresh * runs), 60)
        return f"{minutes} min {seconds} s left" if minutes else f"{seconds} s left"
