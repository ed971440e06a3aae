"""A served run under 10,000 requests of 64 clients, again and again, while others misbehave in every way."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.soak import BrokenPromiseError, Figures
from cct_text.datasets import load_dataset
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train
from tests.support.rough_clients import ROUGH, UnexpectedAnswerError, asked_alone, rests, storm

REQUESTS, CLIENTS, QUEUE, SECONDS = 10_000, 64, 32, 2.0
MOST_GROWTH = 256
"""Megabytes that the server may have more after the first round than at its end."""


def run(minutes: float) -> Figures:
    """Rounds of 10,000 requests, until the time is up."""
    end = time.monotonic() + 60 * minutes
    seen: Counter[str] = Counter()
    longest = rounds = 0
    texts = load_dataset("questions").test.texts.to_pylist()
    with TemporaryDirectory() as folder:
        options = {"epochs": 6, "width": 32, "heads": 2, "learning_rate": 0.005, "min_epoch_steps": 20}
        train(resolve_config("questions", values=options), Path(folder) / "run")
        with _served(Path(folder) / "run") as (url, server):
            alone = asked_alone(url, texts)
            grown_from = 0
            while not rounds or time.monotonic() < end:
                try:
                    found = storm(url, alone, requests=REQUESTS, clients=CLIENTS, rough=8, seconds=SECONDS, seed=rounds)
                except UnexpectedAnswerError as error:
                    raise BrokenPromiseError(str(error)) from error
                longest = max(longest, found.pop("longest queue"))
                seen += found
                rounds += 1
                grown_from = grown_from or _megabytes(server)
                _require_rest(url, server)
            grown = _megabytes(server) - grown_from
            if asked_alone(url, texts) != alone:
                raise BrokenPromiseError("after it all the server says something else")
    if longest > QUEUE:
        raise BrokenPromiseError(f"{longest} requests waited, of at most {QUEUE}")
    if grown > MOST_GROWTH:
        raise BrokenPromiseError(f"the server took {grown} MB more at the end than after the first round")
    return {
        f"requests of {CLIENTS} clients": seen["requests"],
        "answers that differed from those alone": 0,
        f"requests waiting at most, of {QUEUE} allowed": longest,
        "times a client was told to come again": seen["told to come again"],
        **{kind: seen[kind] for kind in ROUGH},
        "MB that the server grew after the first round": grown,
    }


@contextmanager
def _served(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """`cct-text serve` in a process of its own: its URL and the process."""
    command = [sys.executable, "-m", "cct_text_cli", "serve", folder, "--port", "0"]
    limits = ["--max-queue", str(QUEUE), "--timeout", str(SECONDS)]
    with subprocess.Popen([*command, *limits], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().rpartition(": ")[2].strip(), psutil.Process(process.pid)
        finally:
            process.terminate()


def _megabytes(server: psutil.Process) -> int:
    return int(server.memory_info().rss) >> 20


def _require_rest(url: str, server: psutil.Process) -> None:
    """See that the server comes to rest: ready, nothing waiting, no connection left over."""
    end = time.monotonic() + 10 * SECONDS
    while time.monotonic() < end:
        left = sum(bool(one.raddr) and one.status != "CLOSE_WAIT" for one in server.net_connections("tcp"))
        if rests(url) and left <= 1:
            return
        time.sleep(0.2)
    raise BrokenPromiseError(f"the server does not come to rest: {left} connections are left")
