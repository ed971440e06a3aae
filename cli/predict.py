"""`cct-text predict`: a label for every row of some files or of standard input."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from cct_text.errors import UsageError, unknown_name

from . import completion
from .options import FormatOption, RunArgument
from .waiting import load_classifier


def predict(
    run: RunArgument,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE|-",
            help="Files to read, in order; - is standard input. With ray also folders, globs and URLs.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="OUT",
            help="A .txt, .csv, .tsv, .jsonl or .parquet file; else stdout. With ray: a folder.",
        ),
    ] = None,
    format_: FormatOption = None,
    text_column: Annotated[
        list[str] | None, typer.Option(help="Column with the text; repeat to join several. Found by name without it.")
    ] = None,
    top_k: Annotated[int, typer.Option(help="Labels for each row, most probable first.")] = 1,
    no_probabilities: Annotated[bool, typer.Option("--no-probabilities", help="Write labels only.")] = False,
    guard_formulas: Annotated[
        bool,
        typer.Option(
            "--guard-formulas", help="For a spreadsheet: an apostrophe before labels that begin with = + - @ tab CR LF."
        ),
    ] = False,
    precision: Annotated[
        str,
        typer.Option(
            help="auto: bf16 where the processor multiplies it, else fp32; or as named. Of an export: its own.",
            autocompletion=completion.precisions,
        ),
    ] = "auto",
    device: Annotated[str, typer.Option(help="Where to compute: cpu, or cuda for a GPU.")] = "cpu",
    engine: Annotated[
        str,
        typer.Option(help="local: this process. ray: many processes, here or on a cluster, into a folder of parts."),
    ] = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, help="With ray: processes, of one core each; one for each CPU without it.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what an interrupted command left of OUT.")
    ] = False,
) -> None:
    """Classify every row: one row out for each row in, in order.

    Standard output gets a line for each row, LABEL and PROBABILITY with a tab between them; files have named columns. Parts
    of --engine ray have the columns source and row besides. Of a run with several labels a row has all that the text is
    given, unless --top-k asks for so many.
    """
    if engine not in ("local", "ray"):
        raise UsageError(unknown_name("engine", engine, ("local", "ray")))
    options = {
        "format": format_ or "auto",
        "text_columns": text_column or (),
        "top_k": top_k,
        "probabilities": not no_probabilities,
    }
    if engine == "ray":
        if out is None or out == "-":
            raise UsageError("--engine ray writes a folder of Parquet parts; name it with -o")
        if guard_formulas:
            raise UsageError("--guard-formulas is for CSV, TSV and text; --engine ray writes Parquet")
        if device != "cpu":
            raise UsageError(f"--device {device}: --engine ray computes on the cpu; leave it out")
        if not files:
            raise UsageError("--engine ray reads files, folders, globs or URLs; name one")
        _predict_with_ray(run, files, out, workers, resume=resume, options={**options, "precision": precision})
        return
    if workers is not None:
        raise UsageError("--workers belongs to --engine ray")
    options |= {"resume": resume, "guard_formulas": guard_formulas}
    _predict_here(run, files, out, precision=precision, device=device, options=options)


def _predict_here(
    run: str, files: Sequence[str] | None, out: str | None, *, precision: str, device: str, options: dict[str, Any]
) -> None:
    from cct_text.inference.part_file import rows_kept
    from cct_text.inference.stream import predict_file

    classifier = load_classifier(run, precision=precision, device=device)
    start = time.perf_counter()
    if not files and sys.stdin.isatty():
        typer.echo("reading standard input, a text on each line; Ctrl-D ends it", err=True)
    output = sys.stdout.buffer if out is None or out == "-" else out
    # Lines and a counter on one terminal would run into each other.
    visible = sys.stderr.isatty() and not (output is sys.stdout.buffer and sys.stdout.isatty())
    with _counter(visible) as progress:
        try:
            summary = predict_file(classifier, files or ["-"], output, progress=progress, **options)
        except KeyboardInterrupt:
            way = ""
            if (rows := 0 if out in (None, "-") else rows_kept(str(out))) > 0:
                way = f"; {rows:,} rows are kept: repeat the command with --resume to go on"
            typer.echo(f"cct-text: interrupted{way}", err=True)
            raise typer.Exit(130) from None
    computed = classifier.precision if device == "cpu" else f"on {device}"
    if visible:
        _tell_rate(summary.rows, time.perf_counter() - start, computed)
    _tell_replaced(summary.replaced)


def _predict_with_ray(
    run: str, files: Sequence[str], out: str, workers: int | None, *, resume: bool, options: dict[str, Any]
) -> None:
    from cct_text.distributed.prediction import predict_files

    start = time.perf_counter()
    visible = sys.stderr.isatty()
    with _counter(visible) as progress:
        summary = predict_files(run, files, out, workers=workers, resume=resume, progress=progress, **options)
    if visible:
        kept = f", {summary.kept} of them kept" if summary.kept else ""
        done = f"{summary.parts} parts of {summary.files} files{kept}, {summary.workers} workers"
        _tell_rate(summary.rows_now, time.perf_counter() - start, done)
    _tell_replaced(summary.replaced)


@contextmanager
def _counter(visible: bool) -> Iterator[Callable[[int], None]]:
    """A function that shows the number of rows done while the block runs."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} rows"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not visible) as bar:
        task = bar.add_task("rows", total=None)
        yield lambda rows: bar.update(task, completed=rows)


def _tell_rate(rows: int, seconds: float, how: str) -> None:
    from rich.console import Console

    told = f"{rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} rows/s ({how})"
    Console(stderr=True, highlight=False).print(told, style="dim")


def _tell_replaced(replaced: int) -> None:
    if replaced:
        rows = "1 row" if replaced == 1 else f"{replaced:,} rows"
        typer.echo(f"cct-text: {rows} held bytes that are not UTF-8; each was read as U+FFFD", err=True)
