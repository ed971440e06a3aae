"""`cct-text export`: a run for another runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cct_text.errors import UsageError, unknown_name

from .completion import beginning
from .options import RunFolderArgument
from .tables import figures_table


@dataclass(frozen=True)
class Target:
    """Something that a run can be exported to.

    Attributes:
        write: writes a run, with options as the command line has them, and tells what it wrote.
        show: prints that for people.
        options: that it has.
    """

    write: Callable[[Path, Path, Mapping[str, Any]], dict[str, Any]]
    show: Callable[[dict[str, Any], Path], None]
    options: tuple[str, ...] = ()


def export(
    run: RunFolderArgument,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="onnx, for ONNX Runtime; torch, a program of torch.export; or web, a page.",
            autocompletion=lambda incomplete: beginning(incomplete, TARGETS),
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="PATH", help="Folder to write, not there yet; of web a file, NAME.html."),
    ],
    precision: Annotated[
        list[str] | None,
        typer.Option(
            help="Of onnx: fp32, fp16 (half the size) or int8 (a quarter); repeat for a file of each. Of web: int8 or fp32."
        ),
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(
            metavar="dev|test|FILE", help="Of onnx: measure accuracy and speed on rows of the run's data set or a file."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")] = False,
) -> None:
    """Write a run for another runtime. Nothing is written unless it says what the run says."""
    if to not in TARGETS:
        raise UsageError(f"--to: {unknown_name('target', to, TARGETS)}")
    target = TARGETS[to]
    options = {name: value for name, value in {"precision": precision, "measure": measure}.items() if value}
    for name in options:
        if name not in target.options:
            raise UsageError(f"--{name}: --to {to} has no such option; leave it out")
    written = target.write(run, out, options)
    if json:
        import json as encoder

        typer.echo(encoder.dumps(written, ensure_ascii=False, default=str))
        return
    target.show(written, out)


def _onnx(run: Path, out: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    from cct_text.export.onnx_export import export_onnx

    precisions = tuple(dict.fromkeys(options.get("precision", ["fp32"])))
    return export_onnx(run, out, precisions=precisions, measure_on=options.get("measure"))


def _torch(run: Path, out: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    from cct_text.export.torch_export import export_torch

    return export_torch(run, out)


def _web(run: Path, out: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    from cct_text.export.web import export_web

    precisions = options.get("precision", ["int8"])
    if len(precisions) > 1:
        raise UsageError("--precision: a page holds one model; give one precision")
    return asdict(export_web(run, out, precision=precisions[0]))


def _show_page(facts: dict[str, Any], out: Path) -> None:
    typer.echo(f"{out}: {facts['bytes'] / 1e6:.1f} MB; open it in a browser")


def _show(document: dict[str, Any], out: Path) -> None:
    """What was written and how far it is from the run; beside that what was measured, if it was."""
    from rich.console import Console

    console = Console(highlight=False)
    files = {name: model["file"] for name, model in document["models"].items()}
    checked = document["checked"]
    table = figures_table(f"on {checked['texts']} texts", "size", "largest difference of a logit", "same labels")
    for name, model in document["models"].items():
        figures = checked["models"][name]
        size = f"{model['bytes'] / 1e6:,.2f} MB"
        table.add_row(files[name], size, f"{figures['largest_difference']:.1e}", f"{figures['same_labels']:.2%}")
    console.print(table)
    if "measured" in document:
        measured = document["measured"]
        table = figures_table(f"{measured['on']}, {measured['rows']:,} rows", "accuracy", "same labels", "speed")
        table.add_row("the run in fp32", f"{measured['accuracy']:.2%}", "", "1.00")
        for name, figures in measured["models"].items():
            shares = [f"{figures['accuracy']:.2%}", f"{figures['same_labels']:.2%}"]
            table.add_row(files[name], *shares, f"{figures['speed']:.2f}")
        console.print("", table)
    typer.echo(f"\nfolder: {out}\nusage:  {out / 'README.md'}")


TARGETS = {
    "onnx": Target(_onnx, _show, ("precision", "measure")),
    "torch": Target(_torch, _show),
    "web": Target(_web, _show_page, ("precision",)),
}
