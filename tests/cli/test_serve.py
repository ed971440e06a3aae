"""`cct-text serve` as a shell runs it."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from tests.support.running_server import ask, get

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": ""}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_one_line_tells_the_url_and_a_signal_ends_it(questions_run, number, code):
    command = [sys.executable, "-m", "cct_text_cli", "serve", questions_run, "--port", "0", "--max-texts", "2"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        try:
            run, url = process.stdout.readline().rstrip("\n").split(": ", 1)
            assert run == str(questions_run)
            assert ask(url, "/predict", {"text": "Who wrote the Iliad ?"}).json()["predictions"][0]["label"]
            assert ask(url, "/predict", {"texts": ["a"] * 3}).status_code == 413
            assert get(url, "/health", headers={"Host": "evil.example"}).status_code == 421
        finally:
            process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err.strip()) == (code, "", "")


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
    ):
        outcome = cct_text("serve", *arguments)
        assert (outcome.code, outcome.out) == (code, "")
        assert outcome.err.count("\n") == 1
        assert words in outcome.err
