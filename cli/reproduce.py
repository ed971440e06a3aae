"""`cct-text reproduce`: the paper's table, beside the published figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import DataDirOption, JobsOption, SeedsOption, SetOption, VectorsOption, given_values


def reproduce(
    datasets: Annotated[
        list[str] | None, typer.Option("--datasets", help="Data set; repeat. [all with published figures]")
    ] = None,
    models: Annotated[list[str] | None, typer.Option("--models", help="Model; repeat. [all published]")] = None,
    seeds: SeedsOption = 5,
    quick: Annotated[
        bool, typer.Option("--quick", help="The three smallest models and 3 seeds: half an hour on two cores.")
    ] = False,
    vectors: VectorsOption = None,
    data_dir: DataDirOption = None,
    set_: SetOption = None,
    jobs: JobsOption = None,
    out: Annotated[Path, typer.Option(help="Folder of all runs.")] = Path("runs/reproduce"),
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object, nothing else.")] = False,
) -> None:
    """Train the published models and set them beside the published figures. Repeated, it goes on where it stopped."""
    from cct_text.studies.reproduction import QUICK_MODELS, plan_reproduction
    from cct_text.studies.reproduction import reproduce as run

    from .study_answer import print_reproduction
    from .study_display import StudyDisplay

    values = given_values({"vectors": vectors, "data_dir": data_dir}, set_)
    chosen = models or (QUICK_MODELS if quick else ())
    studies = plan_reproduction(datasets or (), chosen, seeds=min(seeds, 3) if quick else seeds, out=out, values=values)
    with StudyDisplay() as display:
        found = run(studies, out, workers=jobs, observer=display)
    print_reproduction(found, out, as_json=json)
    if any(one.error is not None for _, one in found.runs):
        raise typer.Exit(1)
