"""`cct-text curve`: accuracy against the number of training rows, and where one learner overtakes another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import completion
from .options import (
    BaselineOption,
    BaselinesOption,
    ConfigOption,
    DataDirOption,
    DevOption,
    EmbeddingsOption,
    EpochsOption,
    JobsOption,
    LabelColumnOption,
    ModelOption,
    SetOption,
    StudyDataset,
    TestOption,
    TextColumnOption,
    VectorsOption,
    baseline_names,
    command_line,
    folder_name,
    given_values,
)


def curve(
    dataset: StudyDataset,
    rows: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="Numbers of training rows. [100,300,1000,... and all]")
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=A,B,...",
            help="A line for each value; repeat for all combinations.",
            autocompletion=completion.varied,
        ),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", help="Draws of the rows, and runs with each.")] = 3,
    baselines: BaselinesOption = False,
    baseline: BaselineOption = None,
    model: ModelOption = None,
    embeddings: EmbeddingsOption = None,
    vectors: VectorsOption = None,
    data_dir: DataDirOption = None,
    dev: DevOption = None,
    test: TestOption = None,
    text_column: TextColumnOption = None,
    label_column: LabelColumnOption = None,
    epochs: EpochsOption = None,
    config: ConfigOption = None,
    set_: SetOption = None,
    jobs: JobsOption = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the study; runs/curve-... when not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object, nothing else.")] = False,
) -> None:
    """Draw accuracy against the number of training rows. Repeated, it goes on where it stopped."""
    from cct_text.studies.curve import curve as run
    from cct_text.studies.curve import plan_curve
    from cct_text.studies.grid import grid

    from .study_answer import print_curve
    from .study_display import StudyDisplay

    flags = {
        "model": model,
        "embeddings": embeddings,
        "vectors": vectors,
        "data_dir": data_dir,
        "dev": dev,
        "test": test,
        "text_columns": text_column,
        "label_column": label_column,
        "epochs": epochs,
    }
    learners = grid(vary) if vary else []
    options = [key for condition in learners[:1] for key in condition.values]
    folder = out or Path("runs") / "-".join(["curve", folder_name(dataset), *options])
    study, planned = plan_curve(
        dataset,
        learners,
        rows=rows,
        seeds=seeds,
        out=folder,
        beside=baseline_names(baseline, every=baselines),
        config_file=config,
        values=given_values(flags, set_),
    )
    with StudyDisplay() as display:
        found = run(study, planned, workers=jobs, observer=display, command=command_line())
    print_curve(found, folder, as_json=json)
    if any(one.error is not None for _, one in found.runs):
        raise typer.Exit(1)
