"""Questions that arrive together are answered together, in turn, and never without bound."""

import asyncio
import threading
from contextlib import suppress

import pytest

from cct_text.serving.batcher import PIECE_CHARACTERS, PIECE_TEXTS, Batcher, pieces
from cct_text.serving.limits import Limits
from cct_text.serving.metrics import Metrics
from cct_text.serving.refusals import Refused


class Function:
    """Answers each text with itself, one call at a time as the test allows, and remembers what it was asked."""

    def __init__(self, *, held=False):
        self.calls = []
        self.threads = set()
        self.go_on = threading.Event()
        if not held:
            self.go_on.set()

    def __call__(self, questions):
        self.calls.append([list(question.texts) for question in questions])
        self.threads.add(threading.current_thread().name)
        assert self.go_on.wait(20)
        if any("bad" in question.texts for question in questions):
            raise ValueError("bad")
        return [list(question.texts) for question in questions]

    async def asked(self, count):
        """Return when it has been called so often."""
        while len(self.calls) < count:
            await asyncio.sleep(0.001)


def run(scenario, function, metrics=None, **limits):
    """Run `scenario(batcher)` beside a batcher."""

    async def main():
        async with Batcher(function, Limits(**limits), metrics or Metrics()) as batcher:
            return await scenario(batcher)

    return asyncio.run(main())


def test_what_comes_while_a_batch_is_computed_makes_the_next_batch():
    function, metrics = Function(held=True), Metrics()

    async def scenario(batcher):
        first = asyncio.create_task(batcher.ask(["a"]))
        await function.asked(1)
        others = [asyncio.create_task(batcher.ask([text])) for text in "bcd"]
        await asyncio.sleep(0)
        assert b"cct_text_queue_requests 3.0" in metrics.exposition()
        function.go_on.set()
        return await asyncio.gather(first, *others)

    assert run(scenario, function, metrics) == [["a"], ["b"], ["c"], ["d"]]
    assert function.calls == [[["a"]], [["b"], ["c"], ["d"]]]
    assert len(function.threads) == 1
    assert b"cct_text_texts_total 4.0" in metrics.exposition()
    assert b"cct_text_batch_texts_count 2.0" in metrics.exposition()


def test_a_batch_has_no_more_texts_than_are_allowed():
    function = Function(held=True)

    async def scenario(batcher):
        asked = [asyncio.create_task(batcher.ask([text] * 2)) for text in "abcd"]
        await function.asked(1)
        function.go_on.set()
        await asyncio.gather(*asked)

    run(scenario, function, batch_texts=4)
    assert function.calls == [[["a", "a"], ["b", "b"]], [["c", "c"], ["d", "d"]]]


def test_a_batch_waits_for_others_where_it_is_told_to():
    function = Function()

    async def scenario(batcher):
        first = asyncio.create_task(batcher.ask(["a"]))
        await asyncio.sleep(0.01)
        await asyncio.gather(first, batcher.ask(["b"]))

    run(scenario, function, batch_wait=0.2)
    assert function.calls == [[["a"], ["b"]]]


def test_between_the_pieces_of_a_long_request_others_have_their_turn():
    function = Function(held=True)
    long = [str(number) for number in range(2 * PIECE_TEXTS + 1)]

    async def scenario(batcher):
        first = asyncio.create_task(batcher.ask(long))
        await function.asked(1)
        second = asyncio.create_task(batcher.ask(["short"]))
        await asyncio.sleep(0)
        function.go_on.set()
        assert await second == ["short"]
        assert not first.done()
        return await first

    assert run(scenario, function) == long
    assert ["short"] in function.calls[1]


def test_pieces_are_bounded_by_texts_and_by_characters_and_together_are_the_texts():
    half = "x" * (PIECE_CHARACTERS // 2)
    assert list(pieces([])) == []
    assert [len(piece) for piece in pieces(["a"] * (PIECE_TEXTS + 1))] == [PIECE_TEXTS, 1]
    assert list(pieces([half, half, "a", 3 * half, "b"])) == [[half, half], ["a"], [3 * half], ["b"]]


def test_a_full_queue_refuses_at_once_and_says_when_to_come_again():
    function = Function(held=True)

    async def scenario(batcher):
        asked = [asyncio.create_task(batcher.ask(["a"]))]
        await function.asked(1)
        asked += [asyncio.create_task(batcher.ask([text])) for text in "bc"]
        await asyncio.sleep(0)
        with pytest.raises(Refused, match="2 requests wait already") as refused:
            await batcher.ask(["d"])
        function.go_on.set()
        assert await asyncio.gather(*asked) == [["a"], ["b"], ["c"]]
        return refused.value

    refused = run(scenario, function, queue=2)
    assert (refused.status_code, refused.headers) == (503, {"Retry-After": "1"})


def test_who_goes_away_is_not_answered_and_takes_no_place_in_the_queue():
    function = Function(held=True)

    async def scenario(batcher):
        first = asyncio.create_task(batcher.ask(["a"]))
        await function.asked(1)
        gone = asyncio.create_task(batcher.ask(["gone"]))
        await asyncio.sleep(0)
        for task in (gone, first):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        function.go_on.set()
        return await batcher.ask(["b"])

    assert run(scenario, function, queue=1) == ["b"]
    assert function.calls == [[["a"]], [["b"]]]


def test_an_error_reaches_those_who_asked_and_nobody_after_them():
    async def scenario(batcher):
        with pytest.raises(ValueError, match="bad"):
            await batcher.ask(["bad"])
        assert batcher.running
        return await batcher.ask(["good"])

    assert run(scenario, Function()) == ["good"]
