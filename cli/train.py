"""`cct-text train`: train a classifier on a registered data set or one's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cct_text.errors import UsageError

from .options import folder_name, set_values


def train(
    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="DATASET",
            help="Registered name (see `cct-text datasets`), file, or hf:ORG/NAME; without it, what --config names.",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="family-layers/kernel, such as cct-2/1 or vit-lite-4/2.")] = None,
    embeddings: Annotated[
        str | None, typer.Option(help="learned, glove-frozen, glove-tuned or corpus (trained on the train split).")
    ] = None,
    vectors: Annotated[str | None, typer.Option(help="Vectors by name or path; A+B stacks two side by side.")] = None,
    data_dir: Annotated[str | None, typer.Option(help="Folder with the data sets' official files.")] = None,
    dev: Annotated[str | None, typer.Option(help="File with the dev split; cut from train without it.")] = None,
    test: Annotated[str | None, typer.Option(help="File with the test split.")] = None,
    text_column: Annotated[list[str] | None, typer.Option(help="Column with text; repeat to join several.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column with the label.")] = None,
    max_words: Annotated[int | None, typer.Option(help="Words kept of a text.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the train split.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Texts in a step.")] = None,
    lr: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights, shuffling and dropout.")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, fp32 or bf16.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with options, such as a run's config.toml.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any option, by its name in config.toml.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/DATASET when not given.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished run.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the metrics as one JSON object, nothing else.")] = False,
) -> None:
    """Train a classifier: the dev split chooses the epoch, the test split is read once, at the end."""
    from cct_text.config import Config
    from cct_text.training.recipes import resolve_config

    flags: dict[str, Any] = {
        "model": model,
        "embeddings": embeddings,
        "vectors": vectors,
        "data_dir": data_dir,
        "dev": dev,
        "test": test,
        "text_columns": tuple(text_column) if text_column else None,
        "label_column": label_column,
        "max_words": max_words,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": lr,
        "seed": seed,
        "precision": precision,
    }
    values = {name: value for name, value in flags.items() if value is not None}
    values |= set_values(set_)
    if dataset is None and config is not None:
        dataset = Config().with_file(config).data.dataset
    if dataset is None:
        raise UsageError("no data set: name one (`cct-text datasets` lists them), a file or hf:ORG/NAME")
    if named := {"dataset", "data.dataset"} & values.keys():
        raise UsageError(f"--set {named.pop()}: the data set is the command's first argument")
    resolved = resolve_config(dataset, config_file=config, values=values)
    folder = out or Path("runs") / folder_name(dataset)

    from cct_text.artifacts import RunFolder
    from cct_text.training.checkpoint import has_checkpoint
    from cct_text.training.run import train as run

    from .training_display import TrainingDisplay, print_summary

    try:
        with TrainingDisplay() as display:
            metrics = run(resolved, folder, resume=resume, overwrite=overwrite, observer=display)
    except KeyboardInterrupt:
        kept = has_checkpoint(RunFolder(folder))
        way = "repeat the command with --resume to go on" if kept else "no epoch was done, so nothing is kept"
        typer.echo(f"cct-text: interrupted; {way}", err=True)
        raise typer.Exit(130) from None
    print_summary(metrics, folder, as_json=json)
