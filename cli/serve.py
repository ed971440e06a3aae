"""`cct-text serve`: a run behind HTTP, with a page."""

from __future__ import annotations

from typing import Annotated

import typer

from cct_text.serving.limits import MEGABYTE, Limits
from cct_text.serving.server import HOST, PORT
from cct_text.serving.server import serve as serve_run

from . import completion
from .options import RunArgument

_DEFAULTS = Limits()


def serve(
    run: RunArgument,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets everybody in who reaches it.")] = HOST,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = PORT,
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="Name that a proxy in front passes on; repeat for several.")
    ] = None,
    precision: Annotated[
        str,
        typer.Option(
            help="fp32, bf16, or auto: bf16 where the processor multiplies it.", autocompletion=completion.precisions
        ),
    ] = "fp32",
    max_body: Annotated[int, typer.Option(help="MB of a request.")] = _DEFAULTS.body_bytes // MEGABYTE,
    max_texts: Annotated[int, typer.Option(help="Texts of a request, rows of a file.")] = _DEFAULTS.texts,
    max_characters: Annotated[int, typer.Option(help="Characters of a text.")] = _DEFAULTS.characters,
    max_requests: Annotated[int, typer.Option(help="Requests under way at once.")] = _DEFAULTS.requests,
    max_queue: Annotated[int, typer.Option(help="Requests that wait to be classified.")] = _DEFAULTS.queue,
    timeout: Annotated[float, typer.Option(help="Seconds of a request.")] = _DEFAULTS.seconds,
) -> None:
    """Answer over HTTP, with a page for people at /.

    For programs: /predict, /explain, /file, /health, /metrics, /docs. Ctrl-C ends it.
    """
    limits = Limits(
        body_bytes=max_body * MEGABYTE,
        texts=max_texts,
        characters=max_characters,
        requests=max_requests,
        queue=max_queue,
        seconds=timeout,
    )

    def started(url: str) -> None:
        typer.echo(f"{run}: {url}")

    serve_run(
        run,
        host=host,
        port=port,
        precision=precision,
        limits=limits,
        allowed_hosts=allowed_host or (),
        started=started,
    )
