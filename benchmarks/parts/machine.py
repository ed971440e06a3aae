"""What the machine can do: the rates that every other figure is held against."""

from __future__ import annotations

from functools import partial

from benchmarks.clock import THREADS, Stopwatch, in_turns
from benchmarks.measurement import Measurement
from benchmarks.tasks import Settings

SIZES = (1024, 2048, 4096)
COPIED = 1 << 30
"""Bytes: more than a processor's caches hold."""

MATRIX = "matrix products"
MEMORY = "memory"


def measure(settings: Settings) -> list[Measurement]:
    """Matrix products in fp32 and bf16 on one thread and on two, and the copying of memory."""
    sizes = SIZES[:1] if settings.quick else SIZES
    products = {
        f"{precision}, {_threads(threads)}": partial(_product, precision, threads, sizes)
        for precision in ("fp32", "bf16")
        for threads in (1, THREADS)
    }
    copied = settings.at_most(COPIED, COPIED // 16)
    return [
        Measurement(
            MATRIX,
            "Gflop/s",
            in_turns(products, settings.rounds),
            f"torch, square matrices of width {', '.join(map(str, sizes))}: the best of them in each round",
        ),
        Measurement(
            MEMORY,
            "GB/s",
            in_turns({_threads(THREADS): partial(_copy, copied)}, settings.rounds),
            f"torch, copying {copied / 1e9:.1f} GB; bytes read and bytes written both count",
        ),
    ]


def _threads(number: int) -> str:
    return f"{number} thread" + ("s" if number > 1 else "")


def _product(precision: str, threads: int, sizes: tuple[int, ...]) -> float:
    """10^9 floating-point operations a second of the best size."""
    import torch

    torch.set_num_threads(threads)
    best = 0.0
    for size in sizes:
        one = torch.ones(size, size, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
        out = one @ one  # the first product sets things up
        with Stopwatch() as watch:
            torch.mm(one, one, out=out)
        best = max(best, 2 * size**3 / watch.seconds / 1e9)
    return best


def _copy(size: int) -> float:
    """10^9 bytes a second."""
    import torch

    torch.set_num_threads(THREADS)
    source = torch.ones(size, dtype=torch.uint8)
    target = torch.zeros_like(source)
    with Stopwatch() as watch:
        target.copy_(source)
    return 2 * size / watch.seconds / 1e9
