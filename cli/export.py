"""`cct-text export`: a run as a file for places where this library is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cct_text.errors import UsageError, unknown_name


def _web(run: Path, out: Path, precision: str | None) -> Mapping[str, Any]:
    from cct_text.export.web import export_web

    return asdict(export_web(run, out, precision=precision or "int8"))


TARGETS: dict[str, Callable[[Path, Path, str | None], Mapping[str, Any]]] = {"web": _web}
"""What writes a run as what."""


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder of `cct-text train`.")],
    to: Annotated[
        str, typer.Option("--to", help="web: one HTML file that classifies in the browser, without a server.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write; web: a name.html.")],
    precision: Annotated[
        str | None, typer.Option(help="Of matrices; web: int8, which is the default, or fp32, four times as large.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")] = False,
) -> None:
    """Write a run for use without this library."""
    if to not in TARGETS:
        raise UsageError(unknown_name("target", to, TARGETS))
    facts = TARGETS[to](run, out, precision)
    if json:
        import json as encoder

        typer.echo(encoder.dumps(facts, ensure_ascii=False, default=str))
        return
    typer.echo(f"{facts['path']}: {facts['bytes'] / 1e6:.1f} MB; open it in a browser")
