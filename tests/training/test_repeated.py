"""A process that trains again and again stays as it is."""

from tests.support.repeated_trainings import WARM_UP, left_of, slope_in_mb


def test_trainings_leave_neither_memory_nor_files_nor_threads_behind():
    left = left_of(WARM_UP + 20, "learned")
    assert slope_in_mb(left["bytes"]) < 1.0  # by chance alone up to 0.5; the soak is long enough to see less
    assert left["files"][-1] <= left["files"][WARM_UP]
    assert left["threads"][-1] <= left["threads"][WARM_UP]
