"""`cct-text compare`: vary some options, train each combination with several seeds, and say what can be seen."""

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
    SeedsOption,
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


def compare(
    dataset: StudyDataset,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=A,B,...",
            help="Option and its values; repeat for all combinations. [embeddings]",
            autocompletion=completion.varied,
        ),
    ] = None,
    seeds: SeedsOption = 5,
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
    out: Annotated[Path | None, typer.Option(help="Folder of the study; runs/compare-... when not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object, nothing else.")] = False,
) -> None:
    """Compare options over seeds, paired by seed and test row. Repeated, the command goes on where it stopped."""
    from cct_text.studies.compare import compare as run
    from cct_text.studies.grid import EMBEDDINGS, grid
    from cct_text.studies.study import plan

    from .study_answer import print_comparison
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
    values = given_values(flags, set_)
    conditions = grid(vary or [EMBEDDINGS])
    folder = out or Path("runs") / "-".join(["compare", folder_name(dataset), *conditions[0].values])
    beside = baseline_names(baseline, every=baselines)
    study = plan(dataset, conditions, seeds=seeds, out=folder, beside=beside, config_file=config, values=values)
    with StudyDisplay() as display:
        comparison = run(study, workers=jobs, observer=display, command=command_line())
    print_comparison(comparison, folder, as_json=json)
    if any(side.failed for side in comparison.sides):
        raise typer.Exit(1)
