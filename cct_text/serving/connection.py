"""A connection that may neither wait nor be waited for without end.

The gate times a request from its head to its answer. What lies before and behind has its time here: until the head has come,
and until the answer has been fetched.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from cct_text.serving.limits import Limits


def timed(limits: Limits) -> Any:  # noqa: ANN401 - uvicorn wants a class, and calls it
    """What makes a connection, for uvicorn.

    Args:
        limits: `seconds` and `connections` are obeyed.
    """
    return partial(_TimedConnection, limits=limits)


class _TimedConnection(H11Protocol):
    def __init__(self, *arguments: Any, limits: Limits, **options: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*arguments, **options)
        self.limits = limits
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(503, f"busy: {self.limits.connections} connections are open; try again in a second")
        else:
            self._give_time()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        # From here the gate looks at the clock, unless the client has yet to fetch an earlier answer.
        if self.cycle is not None and not self.cycle.response_complete and not self.flow.write_paused:
            self._stop_clock()

    def send_400_response(self, msg: str) -> None:
        """Of what is no HTTP; uvicorn's own text is no JSON, and fails where an answer has begun."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._refuse(400, "what was sent is no HTTP, or its head is longer than 64 KB")
        else:
            self.transport.close()

    def on_response_complete(self) -> None:
        self._give_time()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def _give_time(self) -> None:
        """For the answer to be fetched and for the next head to come."""
        self._stop_clock()
        self._deadline = self.loop.call_later(self.limits.seconds, self._give_up)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self.conn.our_state is h11.IDLE and not self.transport.get_write_buffer_size():
            self._refuse(408, f"the request did not come within {self.limits.seconds:g} s")
        else:
            self.transport.abort()

    def _refuse(self, status: int, reason: str) -> None:
        """Say no in the shape that all refusals have, and close."""
        body = json.dumps({"error": reason}).encode()
        words = HTTPStatus(status).phrase
        retry = "Retry-After: 1\r\n" if status == 503 else ""
        head = (
            f"HTTP/1.1 {status} {words}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{retry}"
            "Connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
