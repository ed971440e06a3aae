"""Give every reader files that are nearly whole, and noise, in turns until the time is up."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.soak import BrokenPromiseError, Figures
from tests.support.hostile_trials import bounded_memory, try_hard
from tests.support.readers import KINDS, READERS, new_reader

INPUTS = 50
"""Of a reader in its turn."""
QUOTED = 2_000
"""Characters of what went wrong, and of the input that did it."""


def run(minutes: float) -> Figures:
    """Rounds over all readers, each with new inputs."""
    end = time.monotonic() + 60 * minutes
    logging.disable(logging.WARNING)  # of rows that are left out, again and again
    tried = dict.fromkeys(READERS, 0)
    rounds = 0
    with TemporaryDirectory() as folder:
        os.environ["CCT_TEXT_HOME"] = f"{folder}/home"
        readers = {name: new_reader(name, Path(folder)) for name in READERS}
        while time.monotonic() < end or not rounds:
            rounds += 1
            for name, reader in readers.items():
                try:
                    with bounded_memory():
                        tried[name] += try_hard(reader, INPUTS, derandomize=False)
                except Exception as error:
                    notes = "\n".join(getattr(error, "__notes__", ()))
                    raise BrokenPromiseError(f"{name}: {error!r:.{QUOTED}}\n{notes:.{QUOTED}}") from error
    return {
        "rounds": rounds,
        "readers": len(READERS),
        **{f"files of {kind}": sum(tried[name] for name in readers) for kind, readers in KINDS.items()},
        "that ended in a traceback": 0,
    }
