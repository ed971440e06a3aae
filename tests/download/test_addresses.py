"""Where a file may come from: https, with a certificate that somebody vouches for, or a server on this machine."""

import subprocess

import pytest

from cct_text.download import RemoteFile, fetch
from tests.support.downloads import CONTENT, MD5, names, refused
from tests.support.http_server import http_server, redirect


def test_a_redirect_on_this_machine_is_followed(server, folder):
    server.serve("/there", CONTENT)
    urls = [server.serve("/here", redirect("/there"))]
    assert fetch(RemoteFile("file.zip", urls, MD5), folder).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://files.example/file.zip", "refused to go to http://files.example: not https"),
        ("//files.example/file.zip", "refused to go to http://files.example: not https"),
        ("http://127.0.0.1.example/", "refused to go to http://127.0.0.1.example: not https"),
        ("ftp://127.0.0.1/file.zip", "refused to go to ftp://127.0.0.1: not https"),
        ("file:///etc/passwd", "refused to go to file://: not https"),
        ("http://[", "sent to 'http://[': Invalid IPv6 URL"),
    ],
)
def test_a_redirect_to_what_is_not_https_is_refused_before_it_is_followed(server, folder, target, reason):
    url = server.serve("/file.zip", redirect(target))
    assert refused(RemoteFile("file.zip", [url], MD5), folder) == f"cannot fetch file.zip: {url}: {reason}"
    assert names(folder) == []


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1 with its key."""
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            *subject,
            "-keyout",
            path,
            "-out",
            path.with_suffix(".crt"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


@pytest.fixture
def secure(server, certificate, monkeypatch):
    """A server with https, which `requests` trusts."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with http_server(certificate) as secure:
        yield secure


def test_a_file_comes_by_https_and_by_a_redirect_within_https(secure, folder):
    secure.serve("/there", CONTENT)
    url = secure.serve("/here", redirect("/there"))
    assert fetch(RemoteFile("file.zip", [url], MD5), folder).read_bytes() == CONTENT


def test_a_redirect_from_https_to_a_server_on_this_machine_is_refused(secure, server, folder):
    url = secure.serve("/file.zip", redirect(server.serve("/file.zip", CONTENT)))
    message = refused(RemoteFile("file.zip", [url], MD5), folder)
    assert message.endswith("refused to go to http://127.0.0.1: not https")
    assert server.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(secure, folder, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    url = secure.serve("/file.zip", CONTENT)
    assert "SSLError" in refused(RemoteFile("file.zip", [url], MD5), folder)


def test_an_endless_redirect_is_given_up(server, folder):
    url = server.serve("/file.zip", redirect("/file.zip"))
    assert "TooManyRedirects" in refused(RemoteFile("file.zip", [url], MD5), folder)


def test_an_address_that_is_not_https_is_refused(folder):
    url = "http://files.example/file.zip"
    assert "refused to go to http://files.example: not https" in refused(RemoteFile("file.zip", [url]), folder)
