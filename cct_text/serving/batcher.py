"""Requests that arrive together are classified together.

A call of the classifier costs milliseconds before its first text and little for each further one. So while one batch is
computed, the requests that come meanwhile wait in a queue, and the next batch takes them all: alone a request waits for
nobody, and the more come at once, the larger the batches.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple, Self

from cct_text.serving.answers import Question
from cct_text.serving.limits import Limits
from cct_text.serving.metrics import Metrics
from cct_text.serving.refusals import busy

PIECE_TEXTS, PIECE_CHARACTERS = 128, 100_000
"""A longer request is classified piece by piece, and others have their turn between."""
BATCH_CHARACTERS = 2 * PIECE_CHARACTERS
"""Of all texts of a batch, unless it is one piece."""


class _Waiting(NamedTuple):
    """A question, where its answer goes, and whether it is a piece of a long request."""

    question: Question
    answer: asyncio.Future[list[Any]]
    long: bool


class Batcher:
    """Puts questions together and has them answered in one thread, off the event loop.

    Args:
        function: N questions to N answers, each with as many items as the question has texts.
        limits: `queue`, `batch_texts` and `batch_wait` are obeyed.
        metrics: batches, texts and the length of the queue are counted there.
    """

    def __init__(
        self, function: Callable[[Sequence[Question]], list[list[Any]]], limits: Limits, metrics: Metrics
    ) -> None:
        self.function = function
        self.limits = limits
        self.metrics = metrics
        self._queue: deque[_Waiting] = deque()
        self._long = 0
        self._arrived = asyncio.Event()
        self._work: asyncio.Task[None] | None = None
        metrics.queue.set_function(lambda: len(self._queue))

    async def __aenter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="classify")
        self._work = asyncio.create_task(self._work_on())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._work is not None
        self._work.cancel()
        with suppress(asyncio.CancelledError):
            await self._work
        self._thread.shutdown()

    @property
    def running(self) -> bool:
        """Whether questions are being answered."""
        return self._work is not None and not self._work.done()

    async def ask(self, texts: Sequence[str], *, top_k: int | None = None, words: bool = False) -> list[Any]:
        """What is said about each of some texts.

        Raises:
            Refused: if too many wait already, or nobody answers.
        """
        if not self.running:
            raise busy("the server has not started, or is ending")
        if self._long + sum(not waiting.long for waiting in self._queue) >= self.limits.queue:
            raise busy(f"{self.limits.queue} requests wait already")
        questions = [Question(piece, top_k, words) for piece in pieces(texts)]
        long = len(questions) > 1
        found: list[Any] = []
        # A long request comes back with its next piece: it has its place in the queue until its last one is answered.
        self._long += long
        try:
            for question in questions:
                found += await self._answered(question, long)
        finally:
            self._long -= long
        return found

    async def _answered(self, question: Question, long: bool) -> list[Any]:
        waiting = _Waiting(question, asyncio.get_running_loop().create_future(), long)
        self._queue.append(waiting)
        self._arrived.set()
        try:
            return await waiting.answer
        except asyncio.CancelledError:  # nobody waits for it any more
            with suppress(ValueError):
                self._queue.remove(waiting)
            raise

    async def _work_on(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            if self.limits.batch_wait and sum(len(one.question.texts) for one in self._queue) < self.limits.batch_texts:
                await asyncio.sleep(self.limits.batch_wait)
            if not (batch := self._take()):
                continue
            questions = [waiting.question for waiting in batch]
            try:
                answers = await loop.run_in_executor(self._thread, self.function, questions)
            except Exception as error:
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(error)
                continue
            texts = sum(len(question.texts) for question in questions)
            self.metrics.batches.observe(texts)
            self.metrics.texts.inc(texts)
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)

    def _take(self) -> list[_Waiting]:
        """The first in the queue, and as many behind it as fit into a batch."""
        batch: list[_Waiting] = []
        texts = characters = 0
        while self._queue:
            question = self._queue[0].question
            texts += len(question.texts)
            characters += sum(map(len, question.texts))
            if batch and (texts > self.limits.batch_texts or characters > BATCH_CHARACTERS):
                return batch
            batch.append(self._queue.popleft())
        self._arrived.clear()
        return batch


def pieces(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in order, at most PIECE_TEXTS and PIECE_CHARACTERS together, but at least one."""
    piece: list[str] = []
    characters = 0
    for text in texts:
        if piece and (len(piece) == PIECE_TEXTS or characters + len(text) > PIECE_CHARACTERS):
            yield piece
            piece, characters = [], 0
        piece.append(text)
        characters += len(text)
    if piece:
        yield piece
