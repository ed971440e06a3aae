"""`cct-text tune`: search better options for a data set than its recipe's, by its dev split alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import completion
from .options import (
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
    TextColumnOption,
    VectorsOption,
    folder_name,
    given_values,
)


def tune(
    dataset: StudyDataset,
    trials: Annotated[int, typer.Option("--trials", help="Trials, of which the recipe as it is is the first.")] = 30,
    search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=A,B,...|KEY=LOW..HIGH",
            help="Option and its values or range; repeat. [model, learning rates, dropouts, smoothing, decay]",
            autocompletion=completion.varied,
        ),
    ] = None,
    splits: Annotated[int, typer.Option("--splits", help="Dev splits, or seeds, that score a trial.")] = 3,
    metric: Annotated[str, typer.Option("--metric", help="On dev: accuracy, macro_f1 or loss.")] = "accuracy",
    model: ModelOption = None,
    embeddings: EmbeddingsOption = None,
    vectors: VectorsOption = None,
    data_dir: DataDirOption = None,
    dev: DevOption = None,
    text_column: TextColumnOption = None,
    label_column: LabelColumnOption = None,
    epochs: EpochsOption = None,
    config: ConfigOption = None,
    set_: SetOption = None,
    jobs: JobsOption = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the study; runs/tune-... when not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object, nothing else.")] = False,
) -> None:
    """Search better options, scored on dev. The test split is left alone. Repeated, it goes on where it stopped."""
    from cct_text.studies.tuning import tune as run
    from cct_text.studies.tuning_plan import plan_tuning

    from .study_answer import print_tuning
    from .tuning_display import TuningDisplay

    flags = {
        "model": model,
        "embeddings": embeddings,
        "vectors": vectors,
        "data_dir": data_dir,
        "dev": dev,
        "text_columns": text_column,
        "label_column": label_column,
        "epochs": epochs,
    }
    tuning = plan_tuning(
        dataset,
        out=out or Path("runs") / f"tune-{folder_name(dataset)}",
        search=search or (),
        trials=trials,
        splits=splits,
        metric=metric,
        config_file=config,
        values=given_values(flags, set_),
    )
    with TuningDisplay() as display:
        tuned = run(tuning, workers=jobs, observer=display)
    print_tuning(tuned, as_json=json)
    if any(trial.state == "failed" for trial in tuned.trials):
        raise typer.Exit(1)
