"""`cct-text doctor`: what this installation has and lacks."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cct_text.errors import ResourceError

if TYPE_CHECKING:
    from rich.console import Console

    from cct_text.doctor import Complaint, Examination, Kernels, Place, Torch

UNUSABLE = ResourceError.exit_code


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")] = False,
) -> None:
    """Tell what is installed, found, kept and amiss here. Each trouble with its way out; nothing is fetched.

    The exit code is 0 where cct-text can work, and 4 where a package or the cache stands in its way.
    """
    from cct_text.doctor import examine

    # What it warns of, folders that are not there, stands among the hints.
    logging.getLogger("cct_text.download").setLevel(logging.ERROR)
    found = examine()
    if json:
        import json as encoder
        from dataclasses import asdict

        sys.stdout.write(encoder.dumps({"usable": found.usable, **asdict(found)}, ensure_ascii=False) + "\n")
    else:
        _show(found)
    if not found.usable:
        raise typer.Exit(UNUSABLE)


def _show(found: Examination) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False)
    threads = f"{found.threads} of {found.cores} cores"
    if found.threads < found.cores:
        threads += " (OMP_NUM_THREADS)"
    _show_pairs(
        console,
        (
            ("cct-text", f"{found.version}, Python {found.python}"),
            ("torch", _torch_in_words(found.torch)),
            ("processor", found.processor),
            ("threads", threads),
            ("kernels", _kernels_in_words(found.kernels)),
            ("cache", _place_in_words(found.cache)),
            ("this folder", _place_in_words(found.folder)),
        ),
    )
    lacking = [extra for extra in found.extras if extra["missing"]]
    here = [extra["name"] for extra in found.extras if not extra["missing"]]
    _show_pairs(console, (("extras", ", ".join(here) or "none"),))
    _show_names(console, "data sets", found.datasets)
    _show_names(console, "vectors", found.vectors)
    if lacking:
        console.print("", Text("not installed, and what for", style="bold"), sep="\n")
        _show_pairs(console, [(extra["install"], extra["purpose"]) for extra in lacking], indent=2)
    _show_complaints(console, "could be better", found.hints)
    _show_complaints(console, "problems", found.problems)
    if found.usable:
        console.print("", "cct-text can work here.", sep="\n")


def _show_pairs(console: Console, rows: Sequence[tuple[str, str]], *, indent: int = 0) -> None:
    """Names on the left, what they are on the right."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(min_width=11 - indent, overflow="fold")
    table.add_column(overflow="fold")
    for name, what in rows:
        table.add_row(Text(name), Text(what))
    console.print(Padding(table, (0, 0, 0, indent), expand=False))


def _show_names(console: Console, title: str, rows: Sequence[dict[str, Any]]) -> None:
    """What goes by a name: where it was found, those of one place together; then what was found nowhere."""
    from rich.padding import Padding
    from rich.text import Text

    console.print("", Text(title, style="bold"), sep="\n")
    places: dict[str, list[str]] = {}
    for row in rows:
        if row["found"]:
            places.setdefault(row["found"], []).append(row["name"])
    _show_pairs(console, [(", ".join(names), place) for place, names in places.items()], indent=2)
    if elsewhere := [row["name"] for row in rows if not row["found"]]:
        console.print(Padding(Text(f"fetched on first use: {', '.join(elsewhere)}"), (0, 0, 0, 2), expand=False))


def _torch_in_words(torch: Torch) -> str:
    if torch.version is None:
        return "not here"
    return f"{torch.version}, {', '.join(torch.devices) if torch.devices else 'no GPU'}"


def _kernels_in_words(kernels: Kernels | None) -> str:
    if kernels is None:
        return "not here"
    if not kernels.compiled:
        return "not compiled: NumPy"
    return f"compiled: fp32 with {kernels.fp32}, {f'bf16 with {kernels.bf16}' if kernels.bf16 else 'no bf16'}"


def _place_in_words(place: Place) -> str:
    words = [place.path]
    if place.bytes_used is not None:
        words.append(f"{place.bytes_used / 1e6:,.1f} MB kept")
    if place.bytes_free is not None:
        words.append(f"{place.bytes_free / 1e9:,.1f} GB free")
    words.append("writable" if place.fault is None else f"cannot write: {place.fault}")
    return ", ".join(words)


def _show_complaints(console: Console, title: str, complaints: Sequence[Complaint]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    if complaints:
        console.print("", Text(title, style="bold"), sep="\n")
    for complaint in complaints:
        console.print(Padding(Text(complaint.what, overflow="fold"), (0, 0, 0, 2), expand=False))
        console.print(Padding(Text(f"-> {complaint.way_out}", overflow="fold"), (0, 0, 0, 4), expand=False))
