"""The application behind a real server on this machine, and what clients do to it, well or badly."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from urllib.parse import urlsplit

import requests
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from cct_text.serving.limits import Limits
from cct_text.serving.server import listen, new_server, url_of

_PATIENCE = 20.0
"""Seconds after which a test that waits for something is told that it does not come."""


@contextmanager
def running(app: FastAPI, port: int = 0, limits: Limits | None = None) -> Iterator[str]:
    """Serve while the block runs, on a free port if none is named; gives the URL."""
    listener = listen("127.0.0.1", port)
    ready = threading.Event()
    server = new_server(app, ready.set, limits)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        assert ready.wait(_PATIENCE)
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join()


def ask(url: str, path: str, body: object = None, **options: object) -> requests.Response:
    """POST JSON, or what the options say; no proxy stands between."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(**{"method": "POST", "url": url + path, "json": body, "timeout": _PATIENCE, **options})


def get(url: str, path: str, **options: object) -> requests.Response:
    return ask(url, path, method="GET", **options)


def metric(url: str, name: str, **labels: str) -> float:
    """The sum of a metric's values whose labels are these."""
    families = text_string_to_metric_families(get(url, "/metrics").text)
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def eventually(condition: Callable[[], bool]) -> None:
    """Return when the condition holds."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.01)


@contextmanager
def connection(url: str, sent: bytes) -> Iterator[socket.socket]:
    """A bare connection on which some bytes were sent."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), _PATIENCE) as made:
        made.sendall(sent)
        yield made


def head(url: str, path: str = "/predict", **headers: object) -> bytes:
    """The head of a POST of JSON."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def status_of(made: socket.socket) -> int:
    """The status with which the server answers on a bare connection; its answer is read whole."""
    with HTTPResponse(made) as response:
        response.begin()
        response.read()
        return response.status
