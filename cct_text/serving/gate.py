"""What every request passes before the application sees it, and every answer on its way out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cct_text.serving.limits import Limits, in_megabytes
from cct_text.serving.metrics import Metrics
from cct_text.serving.refusals import CLIENT_CLOSED, RETRY_AFTER, Refused, as_refusal, busy

PATHS = ("/", "/predict", "/explain", "/file", "/health", "/metrics", "/docs", "/openapi.json")
"""Counted by their names; what else is asked for is counted together, for anybody can invent paths."""
STATIC = "/static/"
"""What the pages consist of."""

HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        b"form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
"""Of every answer: nothing from elsewhere is loaded, and no other site shows or reads it."""

_log = logging.getLogger(__name__)


class Gate:
    """An ASGI middleware: limits, time, headers, counting, and the last net for errors.

    Args:
        app: the application.
        limits: `body_bytes`, `requests` and `seconds` are obeyed.
        metrics: where requests are counted.
        allowed_hosts: names that the server may be called by; any where empty. A page from elsewhere can point a name of
            its own to this machine, and would be taken for the server's own page.
    """

    def __init__(self, app: ASGIApp, *, limits: Limits, metrics: Metrics, allowed_hosts: Collection[str] = ()) -> None:
        self.app = app
        self.limits = limits
        self.metrics = metrics
        self.allowed_hosts = frozenset(name.lower() for name in allowed_hosts)
        self.under_way = 0
        self.held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(self, scope, receive, send)
        try:
            self._require_host(exchange)
            _require_one_length(exchange)
            with self._place(scope):
                async with asyncio.timeout(self.limits.seconds):
                    await self.app(scope, exchange.receive, exchange.send)
        except HTTPException as refused:
            await exchange.refuse(refused)
        except TimeoutError:
            await exchange.refuse(self._too_slow(exchange))
        except asyncio.CancelledError:
            if not exchange.gone:
                await exchange.refuse(busy("the server is stopping"))
        except Exception:
            _log.exception("%s %s failed", scope["method"], scope["path"])
            await exchange.refuse(Refused(500, "an error of the server; its log tells more"))
        finally:
            exchange.end()

    def _require_host(self, exchange: _Exchange) -> None:
        name = exchange.headers.get(b"host", b"").decode("latin-1").lower()
        host = name if name.endswith("]") else name.rsplit(":", 1)[0] if ":" in name else name
        if self.allowed_hosts and host not in self.allowed_hosts:
            raise Refused(421, f"this server is not called {host!r}; `cct-text serve --allowed-host` names others")

    @contextmanager
    def _place(self, scope: Scope) -> Iterator[None]:
        """A place among the requests under way. What only reads needs none: a busy server must be seen to live."""
        if scope["method"] in ("GET", "HEAD"):
            yield
            return
        if self.under_way >= self.limits.requests:
            raise busy(f"{self.limits.requests} requests are under way")
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    def _too_slow(self, exchange: _Exchange) -> Refused:
        seconds = f"{self.limits.seconds:g} s"
        if not exchange.received:
            return Refused(408, f"the body did not come within {seconds}")
        return Refused(503, f"not done within {seconds}; send fewer texts, or try again", headers=RETRY_AFTER)

    def keep(self, size: int) -> None:
        """Count bytes of a body that is in memory.

        Raises:
            Refused: if all bodies together have too many.
        """
        self.held += size
        if self.held > self.limits.bodies_bytes:
            raise busy("too many large requests are under way")


def _require_one_length(exchange: _Exchange) -> None:
    """See that a proxy in front cannot take another part of the bytes for the body than this server does (RFC 9112, 6.1)."""
    if b"transfer-encoding" in exchange.headers and b"content-length" in exchange.headers:
        reason = "both Content-Length and Transfer-Encoding; send one of them"
        raise Refused(400, reason, headers={"Connection": "close"})


class _Exchange:
    """One request and its answer, watched.

    Attributes:
        headers: of the request; the last of those of one name.
        received: whether the body is here.
        gone: whether the client went away.
    """

    def __init__(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        self.gate = gate
        self._static = scope["path"].startswith(STATIC)
        self.path = scope["path"] if scope["path"] in PATHS else STATIC if self._static else "other"
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.received = self.gone = False
        self._receive, self._send = receive, send
        self._began = time.perf_counter()
        self._size = 0
        self._status: int | None = None
        self._counted = False
        self._watch: asyncio.Task[None] | None = None
        self._task = asyncio.current_task()

    async def receive(self) -> Message:
        """The next part of the body, as far as the limits allow."""
        limit = self.gate.limits.body_bytes
        length = self.headers.get(b"content-length", b"0")
        if not self._size and length.isdigit() and int(length) > limit:
            raise self._too_large()
        message = await self._receive()
        if message["type"] == "http.request":
            size = len(message.get("body", b""))
            self._size += size
            if self._size > limit:
                self._size -= size  # it is dropped
                raise self._too_large()
            self.gate.keep(size)
            if not message.get("more_body", False):
                self.received = True
                self._watch = asyncio.create_task(self._until_gone())
        else:
            self.gone = True
        return message

    def _too_large(self) -> Refused:
        limit = in_megabytes(self.gate.limits.body_bytes)
        return Refused(413, f"more than {limit}; send it in parts, or use `cct-text predict`, which has no limit")

    async def _until_gone(self) -> None:
        """End a request whose client has gone: nobody waits for its answer."""
        await self._receive()  # comes only when the client goes
        self.gone = True
        if self._task is not None:
            self._task.cancel()

    async def send(self, message: Message) -> None:
        """Send a part of the answer, with the headers that every one has."""
        if self.gone:
            return
        if message["type"] == "http.response.start":
            self._status = message["status"]
            cache = b"no-cache" if self._static else b"no-store"
            message["headers"] = [*message.get("headers", []), *HEADERS, (b"cache-control", cache)]
        elif not message.get("more_body", False):
            self._stop_watching()
            self._count()
        await self._send(message)

    async def refuse(self, refused: HTTPException) -> None:
        """Say no, where nothing has been said yet."""
        self._stop_watching()
        if self._status is None:
            await as_refusal(refused)(_PLAIN, self._receive, self.send)

    def end(self) -> None:
        """Give back what the request held, and count it."""
        self._stop_watching()
        self.gate.held -= self._size
        if self.gone:
            self._status = CLIENT_CLOSED
        self._count()

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()

    def _count(self) -> None:
        """Before the last of the answer is sent, so that who has read it finds it counted."""
        if not self._counted:
            self._counted = True
            self.gate.metrics.requests.labels(self.path, str(self._status or CLIENT_CLOSED)).inc()
            self.gate.metrics.seconds.labels(self.path).observe(time.perf_counter() - self._began)


_PLAIN: MutableMapping[str, Any] = {"type": "http"}
"""All that sending a finished answer needs to know of its request."""
