"""`cct-text pooling`: poolings of a frozen encoder's hidden states beside each other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from .options import (
    DataDirOption,
    DevOption,
    LabelColumnOption,
    SeedsOption,
    SetOption,
    StudyDataset,
    TestOption,
    TextColumnOption,
    command_line,
    folder_name,
    given_values,
)


def pooling(
    dataset: StudyDataset,
    encoder: Annotated[
        str, typer.Option(help="minilm, or a folder with a model of the transformers library.")
    ] = "minilm",
    max_pieces: Annotated[int, typer.Option(min=3, help="Word pieces kept of a text.")] = 128,
    bf16: Annotated[bool, typer.Option("--bf16", help="Let the encoder compute in bfloat16.")] = False,
    seeds: SeedsOption = 5,
    data_dir: DataDirOption = None,
    dev: DevOption = None,
    test: TestOption = None,
    text_column: TextColumnOption = None,
    label_column: LabelColumnOption = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="Passes over the train split. [20]")] = None,
    set_: SetOption = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the study; runs/pooling-... when not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object, nothing else.")] = False,
) -> None:
    """Compare poolings over a frozen encoder's hidden states. Class token, mean, max, SeqPool; they and a head are trained."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # the display is ours
    from cct_text.studies.frozen_encoder import FrozenEncoder
    from cct_text.studies.pooling import compare_poolings, plan_poolings

    from .study_answer import print_comparison
    from .study_display import StudyDisplay

    flags = {
        "data_dir": data_dir,
        "dev": dev,
        "test": test,
        "text_columns": text_column,
        "label_column": label_column,
        "epochs": epochs,
    }
    folder = out or Path("runs") / "-".join(["pooling", folder_name(dataset), folder_name(encoder)])
    study = plan_poolings(dataset, seeds=seeds, out=folder, values=given_values(flags, set_))
    loaded = FrozenEncoder(encoder, max_pieces=max_pieces, bf16=bf16)
    with StudyDisplay() as display:
        comparison = compare_poolings(study, loaded, observer=display, command=command_line())
    print_comparison(comparison, folder, as_json=json)
    if any(side.failed for side in comparison.sides):
        raise typer.Exit(1)
