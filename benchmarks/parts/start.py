"""From a command to its first prediction, against the import of torch alone."""

from __future__ import annotations

from functools import partial

from benchmarks.clock import command, in_turns, process
from benchmarks.measurement import PRODUCT, Goal, Measurement, ratio
from benchmarks.tasks import Settings, Task

TORCH = "import torch"
TEXT = "Stocks fell on Wall Street after oil prices rose to a new high .\n"


def measure(task: Task, settings: Settings) -> list[Measurement]:
    """Seconds from the start of a process to its end."""
    run = str(task.run(settings))
    sides = in_turns(
        {PRODUCT: partial(command, "predict", run, "-", text=TEXT), TORCH: partial(process, "-c", TORCH)},
        settings.rounds,
    )
    return [
        Measurement(
            "start to first prediction",
            "s",
            sides,
            f'`echo "..." | cct-text predict RUN -` against `python -c "{TORCH}"`; files that the system has read before',
            (Goal(f"the time of `{TORCH}`", ratio(sides, PRODUCT, TORCH), 1.0, at_most=True),),
        )
    ]
