"""`cct-text report`: the page of a run."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import RunFolderArgument


def report(
    run: RunFolderArgument,
    baseline: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Train a baseline on the same rows and set it beside; repeat for several."),
    ] = None,
) -> None:
    """Write report.html into a run folder, as `train` does. Figures, curves, confusions, calibration, mistakes."""
    from cct_text.report.run_report import write_run_report

    if baseline:
        from cct_text.studies.beside import train_beside

        train_beside(run, baseline)
    typer.echo(write_run_report(run))
