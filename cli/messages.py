"""What is told on standard error while work goes on."""

from __future__ import annotations

from rich.console import Console


class Messages(Console):
    """Standard error. Where nobody reads it any more the work goes on in silence, which a console would end with 1."""

    def __init__(self) -> None:
        super().__init__(stderr=True, highlight=False, markup=False)

    def on_broken_pipe(self) -> None:
        self.quiet = True
