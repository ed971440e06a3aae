"""`cct-text evaluate`: how well a run does on labelled texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cct_text.errors import listed

from . import completion
from .options import FormatOption, RunArgument
from .tables import figures_table
from .waiting import load_classifier

if TYPE_CHECKING:
    from rich.table import Table

CONFUSIONS_SHOWN = 10


def evaluate(
    run: RunArgument,
    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="DATASET|FILE",
            help="Data set or labelled file; the run's own data set without it.",
            autocompletion=completion.datasets,
        ),
    ] = None,
    data_dir: Annotated[str | None, typer.Option(help="Folder with the data sets' official files.")] = None,
    format_: FormatOption = None,
    text_column: Annotated[list[str] | None, typer.Option(help="Column with text; repeat to join several.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column with the label.")] = None,
    precision: Annotated[
        str,
        typer.Option(
            help="fp32, as it was trained; bf16 or auto, as `predict` computes.", autocompletion=completion.precisions
        ),
    ] = "fp32",
    json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object, nothing else.")] = False,
) -> None:
    """Measure a run on a test split or a labelled file. Accuracy, F1, loss, calibration, and figures by class."""
    from cct_text.inference.evaluation import evaluate as run_evaluation
    from cct_text.inference.evaluation import load_evaluation_data

    classifier = load_classifier(run, precision=precision)
    data = load_evaluation_data(
        classifier,
        dataset,
        data_dir=data_dir,
        format=format_ or "auto",
        text_columns=text_column or (),
        label_column=label_column,
    )
    figures = {
        "run": run,
        "dataset": dataset or classifier.config.data.dataset,
        **run_evaluation(classifier, data),
    }
    if json:
        import json as encoder

        typer.echo(encoder.dumps(figures, ensure_ascii=False))
        return
    _print(figures)


def _print(figures: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    several = "micro_f1" in figures  # labels of a text
    between = ["micro F1"] if several else []
    table = figures_table(listed([figures["dataset"]]), "rows", "accuracy", *between, "macro F1", "loss", "ECE")
    for name, row in (("all", figures), ("not in train", figures.get("without_rows_in_train"))):
        if row is not None:
            shares = [f"{row[of]:.2%}" for of in ("accuracy", "micro_f1", "macro_f1") if of in row]
            table.add_row(name, f"{row['rows']:,}", *shares, f"{row['loss']:.3f}", f"{row['ece']:.2%}")
    console.print(table, "")

    table = figures_table(*(["label", "threshold"] if several else ["class"]), "precision", "recall", "F1", "rows")
    for name, row in figures["per_class"].items():
        threshold = [f"{row['threshold']:.3f}"] if several else []
        shares = [f"{row[of]:.2%}" for of in ("precision", "recall", "f1")]
        table.add_row(Text(listed([name])), *threshold, *shares, f"{row['support']:,}")
    console.print(table)
    if figures["confusion_matrix"] is not None:
        names = [listed([name]) for name in figures["per_class"]]
        console.print("", _confusions(names, figures["confusion_matrix"], console.width))


def _confusions(names: list[str], matrix: list[list[int]], width: int) -> Table:
    """The confusion matrix or, where it is wider than the terminal, its largest entries beside the diagonal."""
    from rich.text import Text

    corner = "true \\ predicted"
    largest = max(map(max, matrix))
    columns = [max(len(name), len(f"{largest:,}")) + 2 for name in names]
    if max(len(corner), *map(len, names)) + sum(columns) <= width:
        table = figures_table(corner, *names)
        for name, row in zip(names, matrix, strict=True):
            table.add_row(Text(name), *(f"{count:,}" if count else "." for count in row))
        return table
    pairs = [
        (count, true, predicted)
        for true, row in zip(names, matrix, strict=True)
        for predicted, count in zip(names, row, strict=True)
        if count and predicted != true
    ]
    table = figures_table("most often confused: true", "predicted", "rows")
    for count, true, predicted in sorted(pairs, key=lambda pair: -pair[0])[:CONFUSIONS_SHOWN]:
        table.add_row(Text(true), Text(predicted), f"{count:,}")
    return table
