"""`cct-text datasets`: which data sets there are, and what is in one of them."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from cct_text.errors import listed

from . import completion
from .options import (
    DataDirOption,
    FormatOption,
    LabelColumnOption,
    MultiLabelOption,
    SetOption,
    TextColumnOption,
    given_values,
)
from .tables import CONTROLS, figures_table


def datasets(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|FILE",
            help="Data set or labelled file; all names without it.",
            autocompletion=completion.datasets,
        ),
    ] = None,
    data_dir: DataDirOption = None,
    format_: FormatOption = None,
    text_column: TextColumnOption = None,
    label_column: LabelColumnOption = None,
    multi_label: MultiLabelOption = False,
    set_: SetOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")] = False,
) -> None:
    """List the data sets, or describe one or a file.

    Its splits, class balance, lengths, duplicates, checksums, source, licence.
    """
    from cct_text.config import Config
    from cct_text.datasets import load_dataset
    from cct_text.datasets.describe import describe, registered
    from cct_text.text.tokenizer import split_words

    if name is None:
        facts: dict[str, Any] = {"datasets": registered(data_dir)}
    else:
        flags = {
            "data_dir": data_dir,
            "format": format_,
            "text_columns": text_column,
            "label_column": label_column,
            "multi_label": multi_label or None,
        }
        config = Config().with_values({"dataset": name, **given_values(flags, set_)}, source="options")
        facts = describe(load_dataset(config.data), lambda texts: split_words(texts, config.text.tokenizer))
    if json:
        import json as encoder

        sys.stdout.write(encoder.dumps(facts, ensure_ascii=False) + "\n")
    elif name is None:
        _print_names(facts["datasets"])
    else:
        _print_dataset(facts)


def _print_names(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "what", "where"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(row["name"], row["title"], Text(row["found"] or "fetched on first use"))
    console = Console(highlight=False)
    console.print(table, "")
    console.print("Or one's own CSV, TSV, JSONL, Parquet or text file, or hf:ORG/NAME. More: cct-text datasets NAME")


def _print_dataset(facts: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    title = f"{facts['name']}: {facts['title']}" if facts["title"] else facts["name"]
    console.print(Text(title.translate(CONTROLS), style="bold"))
    for key in ("source", "licence", "homepage"):
        if facts[key]:
            console.print(Text(f"{key}: {facts[key]}".translate(CONTROLS)), soft_wrap=True)
    if facts["text_columns"]:
        console.print(Text(f"text: {listed(facts['text_columns'])}"), soft_wrap=True)
    console.print()

    table = figures_table("split", "rows", "words: 5 %", "median", "95 %", "99 %", "longest")
    for split, row in facts["splits"].items():
        cut = " (cut from train)" if split == "dev" and facts["dev_is_cut"] else ""
        table.add_row(split + cut, f"{row['rows']:,}", *(f"{length:,}" for length in row["words"].values()))
    console.print(table, "")

    table = figures_table("class", *facts["splits"])
    for label in facts["labels"]:
        counts = [(row["classes"][label], row["rows"]) for row in facts["splits"].values()]
        table.add_row(Text(listed([label])), *(f"{count:,} ({count / rows:6.1%})" for count, rows in counts))
    without = [(row["without_labels"], row["rows"]) for row in facts["splits"].values()]
    if any(count is not None for count, _ in without):
        table.add_row("no label", *(f"{count:,} ({count / rows:6.1%})" for count, rows in without), style="dim")
    console.print(table, "")

    duplicates = facts["duplicates"]
    counted = [f"{duplicates['train_in_train']:,} rows of train repeat another"]
    counted += [
        f"{duplicates[f'{split}_in_train']:,} of {split} stand in train"
        for split in ("dev", "test")
        if split in facts["splits"]
    ]
    console.print("same text: " + "; ".join(counted), soft_wrap=True)
    for file, checksum in facts["files"].items():
        console.print(Text(f"{file}: sha256 {checksum}".translate(CONTROLS)), soft_wrap=True)
    console.print(f"labels and texts: sha256 {facts['sha256']}", soft_wrap=True)
