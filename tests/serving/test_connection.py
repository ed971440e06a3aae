"""Connections that say nothing, too little or too much, and answers that nobody fetches: each has its time and its room."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import psutil
import pytest

from cct_text.serving.app import create_app
from cct_text.serving.limits import Limits
from tests.support.running_server import ask, connection, eventually, get, head, metric, running, status_of

SECONDS = 0.5


@pytest.fixture
def serve(classifier):
    """Starts a server with some limits; gives its URL."""
    with ExitStack() as stack:

        def start(**values):
            limits = Limits(**{"seconds": SECONDS, **values})
            return stack.enter_context(running(create_app(classifier, limits=limits), limits=limits))

        yield start


def connections(url):
    """How many connections the server has."""
    port = urlsplit(url).port
    return sum(
        one.laddr.port == port and one.status == "ESTABLISHED"
        for one in psutil.Process().net_connections("tcp")
        if one.raddr
    )


def answer_of(made):
    """Everything that comes until the server closes."""
    return b"".join(iter(lambda: made.recv(1 << 16), b""))


def drip(made, piece):
    """Send something every now and then until the server has closed."""
    for _ in range(200):
        try:
            made.sendall(piece)
        except ConnectionError:
            return
        time.sleep(0.05)


def test_a_connection_on_which_nothing_comes_is_closed(serve):
    url = serve()
    start = time.monotonic()
    with connection(url, b"") as silent:
        head_, _, body = answer_of(silent).partition(b"\r\n\r\n")
    assert time.monotonic() - start > 0.9 * SECONDS
    assert head_.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body) == {"error": "the request did not come within 0.5 s"}


def test_a_head_that_comes_byte_by_byte_is_not_waited_for(serve):
    url = serve()
    with connection(url, b"POST /predict HTTP/1.1\r\n") as slow:
        start = time.monotonic()
        drip(slow, b"X: 1\r\n")
        assert time.monotonic() - start < 8 * SECONDS
    assert ask(url, "/predict", {"text": "a"}).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n",
    ],
)
def test_what_is_no_http_is_told_so_in_json_and_closed(serve, sent):
    with connection(serve(), sent) as made:
        head_, _, body = answer_of(made).partition(b"\r\n\r\n")
    assert head_.startswith(b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n")
    assert "no HTTP" in json.loads(body)["error"]


def test_a_body_of_two_lengths_is_refused_and_what_follows_is_not_read(serve):
    body = b'{"text": "a"}'
    headers = {"Content_Length": 4, "Transfer_Encoding": "chunked", "Content_Type": "application/json"}
    url = serve()
    sent = head(url, **headers) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    with connection(url, sent + b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n") as made:
        answer = answer_of(made)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"both Content-Length and Transfer-Encoding" in answer


def test_nonsense_behind_an_answer_ends_the_connection_and_nothing_else(serve, caplog):
    url = serve()
    with connection(
        url, head(url, Transfer_Encoding="chunked", Content_Type="text/plain") + b"1\r\na\r\nno chunk\r\n"
    ) as made:
        assert answer_of(made).startswith(b"HTTP/1.1 4")
    assert "Traceback" not in caplog.text
    assert get(url, "/health").status_code == 200


def test_a_body_that_goes_on_after_it_was_refused_is_not_waited_for(serve):
    url = serve(body_bytes=1000)
    with connection(url, head(url, Content_Length=1 << 40)) as slow:
        assert status_of(slow) == 413
        start = time.monotonic()
        drip(slow, b" ")
        assert time.monotonic() - start < 8 * SECONDS


def unread(url):
    """A connection on which more is answered than fits on the way, and nothing is fetched."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect((urlsplit(url).hostname, urlsplit(url).port))
    body = json.dumps({"texts": ["a"] * 2000}).encode()
    made.setblocking(False)
    left = (head(url, Content_Length=len(body)) + body) * 40
    while left:
        try:
            left = left[made.send(left) :]
        except BlockingIOError:
            break
    return made


def test_an_answer_that_nobody_fetches_is_given_up_with_all_that_it_held(serve):
    url = serve(body_bytes=50_000, seconds=2)
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(unread(url))
        eventually(lambda: connections(url) == 4)
        eventually(lambda: connections(url) == 0)
    # Nothing of the room for bodies is lost: eight of the largest fit beside each other again.
    large = {"text": "x" * 49_000}
    assert ask(url, "/predict", large).status_code == 200
    assert metric(url, "cct_text_queue_requests") == 0


def test_a_connection_that_is_used_again_and_again_stays(serve):
    url = serve()
    good = b'{"text": "a"}'
    with connection(url, b"") as made:
        for _ in range(6):
            time.sleep(0.4 * SECONDS)
            made.sendall(head(url, Content_Length=len(good)) + good)
            assert status_of(made) == 200


def test_connections_are_bounded_and_there_is_room_again_when_they_go(serve):
    url = serve(connections=3, seconds=30)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(connection(url, b"GET"))
        eventually(lambda: connections(url) == 3)
        with connection(url, b"") as made:
            head_, _, body = answer_of(made).partition(b"\r\n\r\n")
        assert head_.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1" in head_
        assert json.loads(body) == {"error": "busy: 3 connections are open; try again in a second"}
    eventually(lambda: connections(url) == 0)
    assert get(url, "/health").status_code == 200
