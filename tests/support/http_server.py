"""A web server on this machine that answers by a script, well or badly, and remembers what it was asked."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_PATIENCE = 20.0
"""Seconds after which a test that waits for something is told that it does not come."""


@dataclass(frozen=True)
class Reply:
    """How one request is answered.

    Attributes:
        body: the whole file; what of it is sent depends on the request's Range.
        status: the status code; 200 becomes 206 where a range is served.
        headers: further headers; they replace those that the server would send.
        ranges: whether the request's Range is obeyed, as by most servers, or ignored.
        break_after: bytes of the answer's body after which the connection is closed; None where it is whole.
        hold: if given, the answer waits until this event is set.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    ranges: bool = True
    break_after: int | None = None
    hold: threading.Event | None = None


def redirect(location: str) -> Reply:
    """An answer that sends the client elsewhere."""
    return Reply(status=302, headers={"Location": location})


@dataclass(frozen=True)
class Request:
    """What a client asked for."""

    path: str
    headers: Mapping[str, str]

    @property
    def range(self) -> str | None:
        """Its Range, if it has one."""
        return self.headers.get("Range")


class HttpServer:
    """The server's script and its memory.

    Attributes:
        url: its address, without a slash at the end.
        requests: those that came, oldest first.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[Request] = []
        self._replies: dict[str, list[Reply]] = {}
        self._changed = threading.Condition()

    def serve(self, path: str, *replies: Reply | bytes | Path) -> str:
        """Answer the n-th request for a path with the n-th reply, and all that follow with the last.

        Returns:
            The path's address.
        """
        self._replies[path] = [_as_reply(reply) for reply in replies]
        return f"{self.url}{path}"

    def wait_for_requests(self, count: int) -> None:
        """Return when this many requests have come."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.requests) >= count, timeout=_PATIENCE)
        assert came, f"{len(self.requests)} of {count} requests came"

    def answer(self, request: Request) -> Reply:
        """The reply for a request, which is remembered."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            replies = self._replies.get(request.path, [Reply(b"not here", status=404)])
            return replies.pop(0) if len(replies) > 1 else replies[0]


def _as_reply(reply: Reply | bytes | Path) -> Reply:
    if isinstance(reply, Path):
        return Reply(reply.read_bytes())
    return Reply(reply) if isinstance(reply, bytes) else reply


@contextmanager
def http_server(certificate: Path | None = None) -> Iterator[HttpServer]:
    """A server that runs while the block does; by https where it has a certificate, with its key in the same file."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as listener:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            listener.socket = context.wrap_socket(listener.socket, server_side=True)
        scheme = "http" if certificate is None else "https"
        listener.script = HttpServer(f"{scheme}://127.0.0.1:{listener.server_port}")
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listener.script
        finally:
            listener.shutdown()
            thread.join()


def address_without_server() -> str:
    """An address on this machine where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        request = Request(self.path, dict(self.headers.items()))
        reply = self.server.script.answer(request)
        if reply.hold is not None:
            reply.hold.wait(_PATIENCE)
        wanted = request.range
        if "If-Range" in request.headers and request.headers["If-Range"] not in reply.headers.values():
            wanted = None  # it is another file by now
        status, headers, body = _within_range(reply, wanted)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body[: reply.break_after])
        except ConnectionError:
            return  # the client has seen enough

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _within_range(reply: Reply, wanted: str | None) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body for a request with or without a Range `bytes=FIRST-`."""
    match = re.fullmatch(r"bytes=(\d+)-", wanted or "")
    if match is None or not reply.ranges or reply.status != 200:
        return reply.status, {}, reply.body
    first, size = int(match[1]), len(reply.body)
    if first >= size:
        return 416, {"Content-Range": f"bytes */{size}"}, b""
    return 206, {"Content-Range": f"bytes {first}-{size - 1}/{size}"}, reply.body[first:]
