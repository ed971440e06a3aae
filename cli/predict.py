"""`cct-text predict`: a label for every row of some files or of standard input."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from . import completion
from .options import FormatOption, RunArgument
from .standard_output import drop_standard_output
from .waiting import load_classifier


def predict(
    run: RunArgument,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE|-", help="Files to read, in order; - is standard input.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="OUT", help="A .txt, .csv, .tsv, .jsonl or .parquet file; else stdout."),
    ] = None,
    format_: FormatOption = None,
    text_column: Annotated[
        list[str] | None, typer.Option(help="Column with the text; repeat to join several. Found by name without it.")
    ] = None,
    top_k: Annotated[int, typer.Option(help="Labels for each row, most probable first.")] = 1,
    no_probabilities: Annotated[bool, typer.Option("--no-probabilities", help="Write labels only.")] = False,
    precision: Annotated[
        str,
        typer.Option(
            help="auto: bf16 where the processor multiplies it, else fp32; or as named. Of an export: its own.",
            autocompletion=completion.precisions,
        ),
    ] = "auto",
    device: Annotated[str, typer.Option(help="Where to compute: cpu, or cuda for a GPU.")] = "cpu",
) -> None:
    """Classify every row: one row out for each row in, in order.

    Standard output gets a line for each row, LABEL and PROBABILITY with a tab between them; files have named columns.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from cct_text.inference.stream import predict_file

    classifier = load_classifier(run, precision=precision, device=device)
    start = time.perf_counter()
    if not files and sys.stdin.isatty():
        typer.echo("reading standard input, a text on each line; Ctrl-D ends it", err=True)
    output = sys.stdout.buffer if out is None or out == "-" else out
    console = Console(stderr=True, highlight=False)
    # Lines and a counter on one terminal would run into each other.
    visible = console.is_terminal and not (output is sys.stdout.buffer and sys.stdout.isatty())
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} rows"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not visible) as bar:
        task = bar.add_task("rows", total=None)
        try:
            summary = predict_file(
                classifier,
                files or ["-"],
                output,
                format=format_ or "auto",
                text_columns=text_column or (),
                top_k=top_k,
                probabilities=not no_probabilities,
                progress=lambda rows: bar.update(task, completed=rows),
            )
        except BrokenPipeError:
            # `| head` has had enough: that is no error.
            drop_standard_output()
            raise typer.Exit from None
    if visible:
        seconds = time.perf_counter() - start
        computed = classifier.precision if device == "cpu" else f"on {device}"
        console.print(
            f"{summary.rows:,} rows in {seconds:.1f} s, {summary.rows / seconds:,.0f} rows/s ({computed})", style="dim"
        )
    if summary.replaced:
        rows = "1 row" if summary.replaced == 1 else f"{summary.replaced:,} rows"
        typer.echo(f"cct-text: {rows} held bytes that are not UTF-8; each was read as U+FFFD", err=True)
