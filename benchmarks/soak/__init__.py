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
        "repeated-trainings",
        "A process that trains hundreds of times leaks neither memory (below half a megabyte each) nor files nor threads.",
        "training/test_repeated.py::test_trainings_leave_neither_memory_nor_files_nor_threads_behind",
    ),
    Soak(
        "rough-clients",
        "A server gives 64 clients at once the answers that it gives them alone, while others send too much, too slowly, "
        "nothing or nonsense, or go away; what waits is bounded, and all that they held is given back.",
        "serving/test_load.py::test_among_rough_clients_every_good_one_gets_the_answer_that_it_gets_alone",
    ),
    Soak(
        "bombs",
        "A file of a few megabytes that unpacks to gigabytes is refused with a message, in bounded memory.",
        "security/test_bombs.py::test_a_bomb_is_refused_in_bounded_memory",
    ),
    Soak(
        "killed-prediction",
        "A prediction into a file that is killed leaves no file that looks finished, and goes on with `--resume` to the rows "
        "of an undisturbed one.",
        "inference/test_part_file.py::test_a_prediction_that_is_killed_again_and_again_is_that_of_an_undisturbed_one",
    ),
    Soak(
        "pieces",
        "The output for many rows is that for the same rows in pieces, wherever they are cut.",
        "inference/test_part_file.py::test_a_large_file_is_predicted_as_the_same_rows_in_pieces",
    ),
    Soak(
        "shared-cache",
        "Processes that fill one cache at once, some of them killed meanwhile, all see what is in the files.",
        "datasets/test_shared_cache.py::test_all_see_the_same_and_leave_a_cache_that_is_whole",
    ),
    Soak(
        "fuzz",
        "Whatever bytes a file holds, reading it ends soon, in what it says or in an error of one or two lines.",
        "test_hostile_files.py::test_nearly_whole_files_and_noise_are_read_or_refused",
    ),
    Soak(
        "same-again",
        "The same options and seed give the same weights, figures and predictions, bit for bit, however many train at once.",
        "studies/test_workers.py::test_the_same_jobs_give_the_same_runs_whatever_the_number_of_workers",
    ),
)
