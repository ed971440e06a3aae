"""A run behind HTTP, until it is interrupted."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Collection
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from cct_text.errors import UsageError
from cct_text.extras import EXTRAS
from cct_text.serving.limits import Limits

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn import Server

HOST, PORT = "127.0.0.1", 8000

STOPPING_SECONDS = 5
"""What requests under way get to be finished when the server is told to end."""


def serve(
    run: str | Path,
    *,
    host: str = HOST,
    port: int = PORT,
    precision: str = "fp32",
    limits: Limits | None = None,
    allowed_hosts: Collection[str] = (),
    started: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve a run until SIGINT or SIGTERM.

    Args:
        run: as for `TextClassifier.load`.
        host: address to listen at. Whoever reaches it may use the server; the default is this machine alone.
        port: 0 takes a free one.
        precision: of matrix products: fp32, bf16 or auto. In fp32 an answer does not depend on what it is computed with.
        limits: what requests may take; the defaults when None.
        allowed_hosts: names, besides its own, that the server may be called by where `host` is this machine alone.
        started: called with the URL when requests are answered.

    Raises:
        DataError: if the folder holds no run, or a damaged one.
        ResourceError: if the extra `serve` is not installed, or the run is not here and cannot be fetched.
        UsageError: if the address cannot be listened at, or there is no such precision.
        KeyboardInterrupt: when interrupted, after the requests under way are answered.
    """
    EXTRAS["serve"].require()
    from cct_text.inference.classifier import TextClassifier
    from cct_text.serving.app import create_app

    with listen(host, port) as listener:
        classifier = TextClassifier.load(run, precision=precision)
        names = own_names(listener, host)
        app = create_app(classifier, limits=limits, allowed_hosts=[*names, *allowed_hosts] if names else ())
        url = url_of(listener)
        new_server(app, lambda: started(url), limits).run(sockets=[listener])


def new_server(app: ASGIApp, started: Callable[[], None], limits: Limits | None = None) -> Server:
    """A server that has not begun; `started` is called when it has.

    Args:
        app: the application.
        started: called when requests are answered.
        limits: of connections; those of requests are the application's. The defaults when None.
    """
    from uvicorn import Config, Server

    from cct_text.serving.connection import timed

    class _Server(Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            try:
                started()
            except BaseException:
                await self.lifespan.shutdown()
                raise

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await super().shutdown(sockets)
            if self.force_exit:  # at the second Ctrl-C uvicorn leaves this out, and tells a traceback
                await self.lifespan.shutdown()

    return _Server(
        Config(
            app,
            http=timed(limits or Limits()),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=STOPPING_SECONDS,
        )
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound to an address.

    Raises:
        UsageError: if there is no such address, or it is not free.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"port {port}: expected 0 to 65535, 0 for any that is free")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        hint = "127.0.0.1 is this machine alone, 0.0.0.0 all its addresses"
        raise UsageError(f"host {host!r}: no such address; {hint}") from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Before the model is loaded: who finds the port taken is told at once.
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"port {port} is in use on {host}; --port names another, --port 0 takes a free one"
            ) from None
        raise UsageError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from None
    return listener


def own_names(listener: socket.socket, host: str) -> list[str]:
    """Names by which this machine calls a server that listens to itself alone; none of a server that others reach."""
    address = ip_address(listener.getsockname()[0])
    return ["localhost", "127.0.0.1", "[::1]", host] if address.is_loopback else []


def url_of(listener: socket.socket) -> str:
    """`http://127.0.0.1:8000`."""
    address, port, *_ = listener.getsockname()
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
