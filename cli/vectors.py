"""`cct-text vectors`: which word vectors there are, and what is in a file of them."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from . import completion


def vectors(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|PATH", help="Vectors, also A+B; all names without it.", autocompletion=completion.vectors
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")] = False,
) -> None:
    """List the word vectors, or describe one. Where it is (fetched if need be), how many words, how wide."""
    from cct_text.vectors.describe import describe, named

    facts = named() if name is None else describe(name)
    if json:
        import json as encoder

        sys.stdout.write(encoder.dumps({"vectors": facts}, ensure_ascii=False) + "\n")
    elif name is None:
        _print_names(facts)
    else:
        _print_parts(facts)


def _print_names(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name", no_wrap=True)
    table.add_column("words", justify="right")
    for column in ("trained on", "where"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(row["name"], f"{row['words']:,}", row["corpus"], Text(row["found"] or "fetched on first use"))
    console = Console(highlight=False)
    console.print(table, "")
    console.print("Or the path of a .txt, .vec, .bin, .gz, .zip, .kv, .npz or .pt file; A+B stacks two side by side.")


def _print_parts(parts: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for part in parts:
        console.print(Text(part["name"], style="bold"), soft_wrap=True)
        console.print(Text(f"  file: {part['found']}"), soft_wrap=True)
        if part["corpus"]:
            console.print(f"  trained on: {part['corpus']}")
        console.print(f"  {part['words']:,} words, {part['dim']} numbers each")
        console.print(Text(f"  first words: {' '.join(part['first_words'])}"), soft_wrap=True)
    if len(parts) > 1:
        console.print(f"side by side: {sum(part['dim'] for part in parts)} numbers for each word")
