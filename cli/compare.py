"""`cct-text compare`: vary some options, train each combination with several seeds, and say what can be seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import folder_name, set_values


def compare(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="Registered name (see `cct-text datasets`), file, or hf:ORG/NAME.")
    ],
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=A,B,...", help="Option and its values; repeat for all combinations. [embeddings]"),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Runs of each combination.")] = 5,
    model: Annotated[str | None, typer.Option(help="Of all runs: family-layers/kernel, such as cct-2/1.")] = None,
    embeddings: Annotated[
        str | None, typer.Option(help="Of all runs: learned, glove-frozen, glove-tuned or corpus.")
    ] = None,
    vectors: Annotated[str | None, typer.Option(help="Of all runs: vectors by name or path.")] = None,
    data_dir: Annotated[str | None, typer.Option(help="Folder with the data sets' official files.")] = None,
    dev: Annotated[str | None, typer.Option(help="File with the dev split; cut from train without it.")] = None,
    test: Annotated[str | None, typer.Option(help="File with the test split.")] = None,
    text_column: Annotated[list[str] | None, typer.Option(help="Column with text; repeat to join several.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column with the label.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the train split.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with options of all runs.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any option of all runs.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Runs at a time, of one thread each.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the study; runs/compare-... when not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object, nothing else.")] = False,
) -> None:
    """Compare options over seeds, paired by seed and test row. Repeated, the command goes on where it stopped."""
    from cct_text.studies.compare import plan, run
    from cct_text.studies.grid import EMBEDDINGS, grid

    from .compare_display import StudyDisplay, print_comparison

    flags = {
        "model": model,
        "embeddings": embeddings,
        "vectors": vectors,
        "data_dir": data_dir,
        "dev": dev,
        "test": test,
        "text_columns": tuple(text_column) if text_column else None,
        "label_column": label_column,
        "epochs": epochs,
    }
    values = {name: value for name, value in flags.items() if value is not None} | set_values(set_)
    conditions = grid(vary or [EMBEDDINGS])
    folder = out or Path("runs") / "-".join(["compare", folder_name(dataset), *conditions[0].values])
    study = plan(dataset, conditions, seeds=seeds, out=folder, config_file=config, values=values)
    try:
        with StudyDisplay() as display:
            comparison = run(study, workers=jobs, observer=display)
    except KeyboardInterrupt:
        typer.echo("cct-text: interrupted; repeat the command to go on", err=True)
        raise typer.Exit(130) from None
    print_comparison(comparison, folder, as_json=json)
    if any(side.failed for side in comparison.sides):
        raise typer.Exit(1)
