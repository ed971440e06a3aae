import pytest

from cct_text.errors import UsageError
from cct_text.serving.limits import Limits, in_megabytes


@pytest.mark.parametrize(
    "values",
    [
        {"body_bytes": 0},
        {"texts": -1},
        {"seconds": 0},
        {"queue": 0},
        {"batch_texts": 0},
        {"batch_wait": -0.1},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
    ],
)
def test_a_limit_that_lets_nothing_through_is_refused_by_name(values):
    with pytest.raises(UsageError, match=next(iter(values))):
        Limits(**values)


def test_a_batch_need_not_wait():
    assert Limits(batch_wait=0).batch_wait == 0


def test_sizes_are_told_in_megabytes():
    assert (in_megabytes(16 << 20), in_megabytes(1000)) == ("16 MB", "0.000954 MB")
