"""Where the server listens, and by which names it goes."""

import socket

import pytest

from cct_text.errors import ResourceError, UsageError
from cct_text.serving.server import listen, own_names, serve, url_of


def test_a_free_port_is_found_and_told():
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert port > 0
        assert url_of(listener) == f"http://127.0.0.1:{port}"


def test_an_address_of_six_groups_stands_in_brackets():
    with listen("::1", 0) as listener:
        assert url_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"
        assert "[::1]" in own_names(listener, "::1")


def test_only_a_server_that_others_reach_goes_by_any_name():
    with listen("localhost", 0) as listener:
        assert own_names(listener, "localhost") == ["localhost", "127.0.0.1", "[::1]", "localhost"]
    with listen("0.0.0.0", 0) as listener:
        assert own_names(listener, "0.0.0.0") == []


def test_a_port_in_use_is_told_with_the_way_out():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is in use on 127.0.0.1; --port names another"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("no.such.host.invalid", 0, "no such address"),
        ("192.0.2.1", 0, "cannot listen on 192.0.2.1"),
        ("127.0.0.1", 70000, "expected 0 to 65535"),
        ("127.0.0.1", -1, "expected 0 to 65535"),
        ("x" * 100, 0, "no such address"),
    ],
)
def test_an_address_that_cannot_be_listened_at_is_told(host, port, words):
    with pytest.raises(UsageError, match=words):
        listen(host, port)


def test_a_missing_package_is_told_with_the_extra_that_brings_it(questions_run, monkeypatch):
    monkeypatch.setattr("cct_text.extras.find_spec", lambda name: None if name == "uvicorn" else object())
    with pytest.raises(ResourceError, match=r"uvicorn is not installed: pip install 'cct-text\[serve\]'"):
        serve(questions_run)
