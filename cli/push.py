"""`cct-text push`: a run to the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import RunFolderArgument


def push(
    run: RunFolderArgument,
    repository: Annotated[str, typer.Argument(metavar="REPO", help="ORG/NAME on the hub, ORG being you or your team.")],
    private: Annotated[bool, typer.Option("--private", help="A repository that only its owners see.")] = False,
    message: Annotated[str | None, typer.Option(help="Message of the commit.")] = None,
    license_: Annotated[
        str | None, typer.Option("--license", help="Of the model, as the hub calls it, such as apache-2.0.")
    ] = None,
    language: Annotated[list[str] | None, typer.Option(help="Of the texts, such as en; repeat for several.")] = None,
    dataset_name: Annotated[
        str | None, typer.Option(help="What your data set is called there; its file's name without it.")
    ] = None,
    with_texts: Annotated[
        bool, typer.Option("--with-texts", help="Send predictions.parquet and report.html, too: they show texts.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write what would be sent into a new folder, to look at; send nothing.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")] = False,
) -> None:
    """Push a run to the Hugging Face hub, with a model card.

    Texts of its data and folders of this machine stay here. HF_TOKEN holds the token to write with,
    HF_ENDPOINT another hub than huggingface.co.
    """
    from dataclasses import asdict

    from cct_text.sharing.push import push as send
    from cct_text.sharing.shared_copy import Sharing, share

    from .waiting import waiting

    how = Sharing(licence=license_, languages=tuple(language or ()), dataset_name=dataset_name, with_texts=with_texts)
    if out is not None:
        files = share(run, out, repository, how)
        _print({"folder": str(out), "files": files}, [f"{out}: {', '.join(files)}", *_about(with_texts)], as_json=json)
        return
    with waiting(f"pushing to {repository}"):
        pushed = send(run, repository, how, private=private, message=message)
    seen_by = "private" if pushed.private else "public"
    lines = [
        f"{pushed.url} ({seen_by}), commit {pushed.commit[:10]}: {', '.join(pushed.files)}",
        *_about(with_texts),
        f"next: cct-text predict hf:{pushed.repository} FILE",
    ]
    _print(asdict(pushed), lines, as_json=json)


def _about(with_texts: bool) -> list[str]:
    words = "tokenizer.json holds the words of the train split"
    return [words if with_texts else f"{words}; texts stay here (--with-texts sends those of its report)"]


def _print(answer: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    if as_json:
        import json as encoder

        lines = [encoder.dumps(answer, ensure_ascii=False)]
    typer.echo("\n".join(lines))
