"""Soaks: long trials of what the library promises, each beside a short test of `make test` that proves the same.

A new one is a module of this package with a function `run(minutes)` and a line in `SOAKS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

Figures = Mapping[str, int | float | str]
"""What a soak went through, in words that follow the figure: {"kills": 24, "runs that ended with other weights": 0}."""


class BrokenPromiseError(Exception):
    """The library did not do what it promises; the message says what was seen."""


@dataclass(frozen=True)
class Soak:
    """A promise, and where it is put to the test.

    Attributes:
        name: of the soak, of its module (with _ for -) and of the file that keeps its figures.
        promise: a sentence.
        test: `FILE::NAME` below `tests/` of a test that proves it within `make test`.
    """

    name: str
    promise: str
    test: str

    def run(self, minutes: float) -> Figures:
        """Go on for about so many minutes, and at least until each case was tried once.

        Raises:
            BrokenPromiseError: if the promise does not hold.
        """
        module = import_module(f"{__name__}.{self.name.replace('-', '_')}")
        figures: Figures = module.run(minutes)
        return figures


SOAKS = (
    Soak(
        "killed-training",
        "A training that is killed at any moment goes on with `--resume` to the weights of an undisturbed one, bit for bit.",
        "training/test_kills.py::test_a_run_that_is_killed_again_and_again_ends_with_the_weights_of_an_undisturbed_one",
    ),
    Soak(
        "fuzz",
        "Whatever bytes a file holds, reading it ends soon, in what it says or in an error of one or two lines.",
        "test_hostile_files.py::test_nearly_whole_files_and_noise_are_read_or_refused",
    ),
)
