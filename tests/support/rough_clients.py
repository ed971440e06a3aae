"""Clients of a server, many at once: good ones whose every answer is compared, and others that behave as badly as they can."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from tests.support.running_server import connection, get, head, metric, status_of

_PATIENCE = 60.0
"""Seconds that a client waits for an answer."""

Answers = Mapping[str, Any]
"""What the server says about each text when it is asked for it alone."""


class UnexpectedAnswerError(Exception):
    """The server said something else than it should; the message has both."""


def asked_alone(url: str, texts: Sequence[str]) -> Answers:
    """The server's answers to each text, one request after another."""
    made = _Connection(url)
    return {text: made.predictions([text])[0] for text in texts}


def storm(
    url: str, alone: Answers, *, requests: int, clients: int = 64, rough: int = 8, seconds: float = 2.0, seed: int = 0
) -> Counter[str]:
    """Ask a server so many times, from so many good clients at once, while others misbehave.

    Args:
        url: of the server.
        alone: its answers to some texts, from which the clients draw.
        requests: of the good clients together; one that is told to come again does, and that is no request more.
        clients: good ones.
        rough: others, each of which goes through all of `ROUGH` until the good ones are done.
        seconds: the server's limit on the time of a request.
        seed: of what is drawn.

    Returns:
        How often what was seen; `longest queue` is the most that the server said to have waiting.

    Raises:
        UnexpectedAnswerError: at an answer that is another than the one alone, or a status that is not the one to expect.
    """
    seen: Counter[str] = Counter()
    over = threading.Event()
    texts = list(alone)

    def good(number: int) -> Counter[str]:
        draw, made, own = random.Random(f"{seed}/{number}"), _Connection(url), Counter[str]()
        for _ in range(number, requests, clients):
            wanted = draw.sample(texts, draw.randint(1, 3))
            found = made.predictions(wanted, own)
            if found != [alone[text] for text in wanted]:
                raise UnexpectedAnswerError(f"{wanted}: {found}, alone {[alone[text] for text in wanted]}")
            own["requests"] += 1
        return own

    def bad(number: int) -> Counter[str]:
        draw, own = random.Random(f"{seed}/rough {number}"), Counter[str]()
        kinds = list(ROUGH.items())
        draw.shuffle(kinds)
        while not over.is_set():
            for kind, behave in kinds:
                if not over.is_set():
                    behave(url, seconds)
                    own[kind] += 1
        return own

    def watch() -> Counter[str]:
        longest = 0
        while not over.wait(0.05):
            longest = max(longest, int(metric(url, "cct_text_queue_requests")))
        return Counter({"longest queue": longest})

    with ThreadPoolExecutor(clients + rough + 1) as pool:
        others = [pool.submit(bad, number) for number in range(rough)] + [pool.submit(watch)]
        try:
            for done in [pool.submit(good, number) for number in range(clients)]:
                seen += done.result()
        finally:
            over.set()
        for other in others:
            seen += other.result()
    return seen


class _Connection:
    """A good client: it keeps its connection and comes again when it is told to."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc
        self._made = HTTPConnection(self._address, timeout=_PATIENCE)

    def predictions(self, texts: Sequence[str], seen: Counter[str] | None = None) -> list[Any]:
        """What is said about the texts."""
        body = json.dumps({"texts": texts})
        while True:
            try:
                self._made.request("POST", "/predict", body, {"Content-Type": "application/json"})
                answer = self._made.getresponse()
                content = json.loads(answer.read())
            except (HTTPException, OSError):  # closed while it was idle
                self._made.close()
                if seen is not None:
                    seen["connections made anew"] += 1
                continue
            if answer.status == 200:
                predictions: list[Any] = content["predictions"]
                return predictions
            if answer.status != 503 or answer.headers["Retry-After"] is None:
                raise UnexpectedAnswerError(f"{answer.status} {content} to {body}")
            if seen is not None:
                seen["told to come again"] += 1
            time.sleep(0.05)


def _refused(url: str, sent: bytes, *expected: int) -> None:
    """Send something and expect one of some statuses; a busy server may say so."""
    with connection(url, b"") as made:
        with suppress(ConnectionError):  # it need not hear all of it to say no
            made.sendall(sent)
        try:
            status = status_of(made)
        except (ConnectionError, HTTPException):
            return  # it has closed on us, which it may when we go on after its answer
    if status not in (*expected, 503):
        raise UnexpectedAnswerError(f"{status} in place of {expected} to {sent[:60]!r}")


def _json(url: str, body: bytes) -> bytes:
    return head(url, Content_Length=len(body)) + body


def _drip(url: str, sent: bytes, piece: bytes, seconds: float) -> None:
    """Send the rest in single pieces for as long as the server bears it, which must not be much longer than its limit."""
    start = time.monotonic()
    with connection(url, sent) as made:
        made.settimeout(0.1)
        while time.monotonic() - start < 10 * seconds + 20:
            try:
                made.sendall(piece)
                if not made.recv(1 << 16):
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    raise UnexpectedAnswerError(f"still listened to after {time.monotonic() - start:.0f} s: {sent[:30]!r}")


def _goes_away(url: str, sent: bytes) -> None:
    with connection(url, sent):
        time.sleep(random.random() * 0.02)


def _fetches_nothing(url: str, seconds: float) -> None:
    """Ask for more than fits on the way, and look at none of it."""
    body = json.dumps({"texts": ["a"] * 1000}).encode()
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.connect((urlsplit(url).hostname, urlsplit(url).port))
        made.settimeout(0.2)
        with suppress(TimeoutError, ConnectionError):
            for _ in range(30):
                made.sendall(_json(url, body))
        time.sleep(seconds / 4)


ROUGH: dict[str, Callable[[str, float], None]] = {
    "bodies that are no JSON": lambda url, _: _refused(url, _json(url, b'{"text": "a'), 400),
    "bodies of other types": lambda url, _: _refused(url, _json(url, b'{"texts": [1, null]}'), 422),
    "bodies that are no UTF-8": lambda url, _: _refused(url, _json(url, b'{"text": "\xff"}'), 400),
    "bodies said to be of terabytes": lambda url, _: _refused(url, head(url, Content_Length=1 << 40), 413),
    "files that are none": lambda url, _: _refused(
        url, head(url, "/file?name=a.csv.gz", Content_Length=4) + b"\x1f\x8b\x08\x00", 422
    ),
    "paths that are none": lambda url, _: _refused(url, head(url, "/..%2f..%2fetc", Content_Length=0), 404),
    "bytes that are no HTTP": lambda url, _: _refused(url, bytes(range(256)) + b"\r\n\r\n", 400),
    "clients that go away within a body": lambda url, _: _goes_away(url, head(url, Content_Length=100) + b'{"te'),
    "clients that go away before the answer": lambda url, _: _goes_away(url, _json(url, b'{"text": "Who ?"}')),
    "heads sent line by line": lambda url, seconds: _drip(url, b"POST /predict HTTP/1.1\r\n", b"X: 1\r\n", seconds),
    "bodies sent byte by byte": lambda url, seconds: _drip(url, head(url, Content_Length=100_000), b" ", seconds),
    "clients that fetch no answer": _fetches_nothing,
}
"""Ways to misbehave, by what there were of them."""


def rests(url: str) -> bool:
    """Whether the server is ready and has nothing left to do."""
    return get(url, "/health").status_code == 200 and metric(url, "cct_text_queue_requests") == 0
