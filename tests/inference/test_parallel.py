"""Work on several threads comes back in order, and no more of it is taken than is under way."""

import threading
import time

import pytest

from cct_text.inference.parallel import cores, ordered_map


def test_results_come_in_the_order_of_the_items():
    def slow_at_first(number):
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number

    assert list(ordered_map(slow_at_first, range(30))) == list(range(30))


def test_no_more_items_are_taken_than_keep_the_threads_busy(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    taken = []
    results = ordered_map(lambda item: item, (taken.append(number) or number for number in range(100)))
    for _ in range(10):
        next(results)
    assert len(taken) <= 10 + cores() + 1
    results.close()


def test_an_error_is_raised_in_its_place_and_ends_the_work():
    results = ordered_map(lambda number: 1 // (3 - number), range(100))
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert threading.active_count() < 20


@pytest.mark.parametrize(("wanted", "least"), [("1", 1), ("0", 1), ("many", 1), ("", 1)])
def test_the_number_of_threads_can_be_lowered(monkeypatch, wanted, least):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    available = cores()
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    assert cores() == (1 if wanted == "1" else available) >= least


def test_what_came_before_an_item_that_cannot_be_taken_is_not_lost():
    def items():
        yield from range(5)
        raise ValueError("line 6")

    results = ordered_map(lambda number: number, items())
    assert [next(results) for _ in range(5)] == list(range(5))
    with pytest.raises(ValueError, match="line 6"):
        next(results)


def blas_threads():
    from threadpoolctl import threadpool_info

    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_products_have_one_thread_while_any_map_runs_and_what_they_had_afterwards():
    from threadpoolctl import threadpool_limits

    with threadpool_limits(2, user_api="blas"):
        first, second = (ordered_map(lambda number: number, range(100)) for _ in range(2))
        next(first), next(second)
        assert set(blas_threads()) == {1}
        first.close()
        assert set(blas_threads()) == {1}
        second.close()
        assert set(blas_threads()) == {2}
