"""`cct-text train`: train a classifier on a registered data set or one's own file."""

from __future__ import annotations

import os
import shlex
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from cct_text.errors import UsageError

from . import completion
from .options import (
    ConfigOption,
    DataDirOption,
    DevOption,
    EmbeddingsOption,
    EpochsOption,
    FormatOption,
    LabelColumnOption,
    ModelOption,
    MultiLabelOption,
    SetOption,
    TestOption,
    TextColumnOption,
    VectorsOption,
    command_line,
    folder_name,
    given_values,
)


def train(
    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="DATASET",
            help="Registered name (see `cct-text datasets`), file, or hf:ORG/NAME; without it, what --config names.",
            autocompletion=completion.datasets,
        ),
    ] = None,
    model: ModelOption = None,
    embeddings: EmbeddingsOption = None,
    vectors: VectorsOption = None,
    data_dir: DataDirOption = None,
    dev: DevOption = None,
    test: TestOption = None,
    format_: FormatOption = None,
    text_column: TextColumnOption = None,
    label_column: LabelColumnOption = None,
    multi_label: MultiLabelOption = False,
    max_words: Annotated[int | None, typer.Option(help="Words kept of a text.")] = None,
    long: Annotated[
        str | None,
        typer.Option(
            help="Of longer texts: head (first words), head-tail (first and last), chunks (all, piece by piece).",
            autocompletion=completion.long_texts,
        ),
    ] = None,
    epochs: EpochsOption = None,
    batch_size: Annotated[int | None, typer.Option(help="Texts in a step.")] = None,
    lr: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights, shuffling and dropout.")] = None,
    precision: Annotated[
        str | None, typer.Option(help="auto, fp32 or bf16.", autocompletion=completion.precisions)
    ] = None,
    config: ConfigOption = None,
    set_: SetOption = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/DATASET when not given.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished run.")] = False,
    track: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Send figures to tensorboard, mlflow or wandb; may be repeated."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the metrics as one JSON object, nothing else.")] = False,
) -> None:
    """Train a classifier. The dev split chooses the epoch, the test split is read once, at the end."""
    from cct_text.config import Config
    from cct_text.training.recipes import resolve_config

    flags = {
        "model": model,
        "embeddings": embeddings,
        "vectors": vectors,
        "data_dir": data_dir,
        "dev": dev,
        "test": test,
        "format": format_,
        "text_columns": text_column,
        "label_column": label_column,
        "multi_label": multi_label or None,
        "max_words": max_words,
        "long": long,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": lr,
        "seed": seed,
        "precision": precision,
    }
    values = given_values(flags, set_)
    if dataset is None and config is not None:
        dataset = Config().with_file(config).data.dataset
    if dataset is None:
        raise UsageError("no data set: name one (`cct-text datasets` lists them), a file or hf:ORG/NAME")
    resolved = resolve_config(dataset, config_file=config, values=values)
    folder = out or Path("runs") / folder_name(dataset)

    from cct_text.artifacts import RunFolder
    from cct_text.report.run_report import write_run_report
    from cct_text.training.checkpoint import has_checkpoint
    from cct_text.training.run import train as run

    from .training_display import TrainingDisplay, print_summary

    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun or `accelerate launch` started
    metrics = None
    try:
        with TrainingDisplay() if first else nullcontext() as display:
            metrics = run(resolved, folder, resume=resume, overwrite=overwrite, observer=display, track=track or ())
        if not first:
            return
        report = write_run_report(folder, command=command_line())
    except KeyboardInterrupt:
        if metrics is not None:
            way = f"the run is finished; `cct-text report {shlex.quote(str(folder))}` writes its report"
        elif has_checkpoint(RunFolder(folder)):
            way = "repeat the command with --resume to go on"
        else:
            way = "training had not begun, so nothing is kept"
        typer.echo(f"cct-text: interrupted; {way}", err=True)
        raise typer.Exit(130) from None
    print_summary(metrics, folder, report, as_json=json)
