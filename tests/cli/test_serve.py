"""`cct-text serve` as a shell runs it."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest

from cct_text.sharing.push import push
from tests.support.running_server import ask, connection, get, head

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": ""}


def command(run, *flags):
    return [sys.executable, "-m", "cct_text_cli", "serve", str(run), "--port", "0", *flags]


@contextmanager
def serving(run, *flags):
    """The process, and the URL that it told."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(run, *flags), text=True, env=ENVIRONMENT, **pipes) as process:
        try:
            name, url = process.stdout.readline().rstrip("\n").split(": ", 1)
            assert name == str(run)
            yield process, url
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_one_line_tells_the_url_and_a_signal_ends_it(questions_run, number, code):
    with serving(questions_run, "--max-texts", "2") as (process, url):
        assert ask(url, "/predict", {"text": "Who wrote the Iliad ?"}).json()["predictions"][0]["label"]
        assert ask(url, "/predict", {"texts": ["a"] * 3}).status_code == 413
        assert get(url, "/health", headers={"Host": "evil.example"}).status_code == 421
        listening = [one.laddr.ip for one in psutil.Process(process.pid).net_connections() if not one.raddr]
        assert listening == ["127.0.0.1"]  # nobody else reaches it unless it is told so
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err.strip()) == (code, "", "")


def test_a_run_of_the_hub_is_served_by_its_name(hub, questions_run, monkeypatch, tmp_path):
    push(questions_run, "ann/questions")
    hub_of_process = {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(tmp_path / "served"), "HF_HUB_DISABLE_XET": "1"}
    monkeypatch.setattr(f"{__name__}.ENVIRONMENT", {**os.environ, **ENVIRONMENT, **hub_of_process})
    with serving("hf:ann/questions") as (_, url):
        assert ask(url, "/predict", {"text": "Who wrote the Iliad ?"}).json()["predictions"][0]["label"]


def test_a_second_interrupt_ends_it_at_once_though_a_client_still_sends(questions_run):
    with (
        serving(questions_run) as (process, url),
        connection(url, head(url, Content_Length=100, Expect="100-continue")) as client,
    ):
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")  # now it waits for the body
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=4)
    assert (process.returncode, out, err.strip()) == (130, "", "")


def test_a_reader_that_is_gone_before_the_url_is_told_is_no_traceback(questions_run):
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes) as gone:
        done = subprocess.run(
            command(questions_run),
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            timeout=30,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")  # as of every command that prints


def test_mistakes_are_told_in_one_line(cct_text, questions_run, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        taken = cct_text("serve", questions_run, "--port", port)
    assert (taken.code, taken.out) == (2, "")
    assert (
        taken.err == f"cct-text: port {port} is in use on 127.0.0.1; --port names another, --port 0 takes a free one\n"
    )
    for arguments, code, words in (
        ((tmp_path / "nowhere", "--port", 0), 3, "no such run folder"),
        ((questions_run, "--port", 0, "--host", "no.such.host.invalid"), 2, "no such address"),
        ((questions_run, "--port", 0, "--precision", "fp16"), 2, "unknown precision 'fp16'"),
        ((questions_run, "--port", 0, "--max-body", 0), 2, "body_bytes"),
        ((questions_run, "--port", 0, "--timeout", "nan"), 2, "seconds = nan"),
    ):
        outcome = cct_text("serve", *arguments)
        assert (outcome.code, outcome.out) == (code, "")
        assert outcome.err.count("\n") == 1
        assert words in outcome.err
