"""Requests of one text each to `cct-text serve`, from one client and from many, with and without batches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.clock import Stopwatch, in_turns
from benchmarks.measurement import PRODUCT, Goal, Measurement, ratio
from benchmarks.tasks import Settings, Task
from cct_text.datasets import load_dataset
from cct_text.serving.limits import Limits
from cct_text.serving.server import serve

CLIENTS = (1, 32)
REQUESTS, FEW_REQUESTS = 2_000, 200
"""Of all clients together."""

ONE_BY_ONE = "one request a call"
SIDES = {
    PRODUCT: Limits(),
    "waiting 5 ms for more": Limits(batch_wait=0.005),
    ONE_BY_ONE: Limits(batch_texts=1),
}


def measure(task: Task, settings: Settings) -> list[Measurement]:
    """Rows a second of each side, for each number of clients."""
    run = task.run(settings)
    test = load_dataset(task.dataset).test
    assert test is not None
    count = settings.at_most(REQUESTS, FEW_REQUESTS)
    bodies = [json.dumps({"text": text}).encode() for text in islice(cycle(test.texts.to_pylist()), count)]
    return [_measured(run, task.dataset, bodies, clients, settings) for clients in CLIENTS]


def _measured(run: Path, name: str, bodies: Sequence[bytes], clients: int, settings: Settings) -> Measurement:
    # One client waits for each answer; it needs no more than a part of the requests.
    asked = bodies if clients > 1 else bodies[: len(bodies) // 4]
    rates = in_turns(
        {side: partial(_rate, run, limits, asked, clients) for side, limits in SIDES.items()}, settings.rounds
    )
    goals = (Goal(ONE_BY_ONE, ratio(rates, PRODUCT, ONE_BY_ONE), 2.0),) if clients > 1 else ()
    title = f"serving {name}, {clients} client{'s' if clients > 1 else ''}"
    conditions = (
        f"`cct-text serve` in fp32, {len(asked):,} requests of one test text, on kept connections over loopback from another "
        "process, which needs a part of the second core"
    )
    return Measurement(title, "rows/s", rates, conditions, goals)


def _rate(run: Path, limits: Limits, bodies: Sequence[bytes], clients: int) -> float:
    with _server(run, limits) as url, Stopwatch() as watch:
        asyncio.run(_ask_all(url, bodies, clients))
    return len(bodies) / watch.seconds


@contextmanager
def _server(run: Path, limits: Limits) -> Iterator[str]:
    """A server in a process of its own."""
    context = get_context("spawn")
    started = context.SimpleQueue()
    process = context.Process(target=serve, args=(run,), kwargs={"port": 0, "limits": limits, "started": started.put})
    process.start()
    try:
        yield started.get()
    finally:
        process.terminate()
        process.join()


async def _ask_all(url: str, bodies: Sequence[bytes], clients: int) -> None:
    waiting = iter(bodies)
    await asyncio.gather(*(_client(url, waiting) for _ in range(clients)))


async def _client(url: str, waiting: Iterator[bytes]) -> None:
    """Ask on one connection, one request after another, until none is left."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    for body in waiting:
        head = f"POST /predict HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not answer.startswith(b"http/1.1 200"):
            raise RuntimeError(answer.decode())
        length = next(line for line in answer.split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
    writer.close()
    await writer.wait_closed()
