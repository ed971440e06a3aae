"""`cct-text pull`: a run from the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def pull(
    repository: Annotated[str, typer.Argument(metavar="REPO", help="ORG/NAME on the hub.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit; the main branch without it.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")] = False,
) -> None:
    """Fetch a run from the Hugging Face hub into a folder. Whole or not at all, once its checksums are found right."""
    from cct_text.hub.fetching import pull as fetch

    from .waiting import waiting

    with waiting(f"pulling {repository}"):
        pulled = fetch(repository, folder, revision=revision)
    if json:
        import json as encoder
        from dataclasses import asdict

        typer.echo(encoder.dumps({**asdict(pulled), "folder": str(folder)}, ensure_ascii=False))
        return
    typer.echo(f"{folder}: {pulled.repository} at {pulled.commit[:10]}: {', '.join(pulled.files)}")
    typer.echo(f"next: cct-text predict {folder} FILE")
