"""Write docs/reference/command-line.md from the commands themselves.

python docs/site/commands.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from cct_text_cli.main import app

PAGE = Path(__file__).parents[1] / "reference" / "command-line.md"

HEAD = """# Command line

Written by `python docs/site/commands.py` from what `cct-text --help` and `cct-text VERB --help` say. Exit codes stand in
[training.md](../training.md#exit-codes).
"""


def page() -> str:
    """The text of the page."""
    root: Any = typer.main.get_command(app)
    context = typer.Context(root, info_name="cct-text")
    parts = [HEAD, _options("cct-text [OPTIONS] COMMAND [ARGS]...", root, context)]
    for name, command in root.commands.items():
        inside = typer.Context(command, parent=context, info_name=name)
        usage = " ".join(["cct-text", name, *command.collect_usage_pieces(inside)])
        parts.append(f"## {name}\n\n{_plain(command.help or '')}\n\n{_options(usage, command, inside)}")
    return "\n".join(parts)


def _options(usage: str, command: Any, context: typer.Context) -> str:  # noqa: ANN401 - of the click inside typer
    rows = [record for parameter in command.get_params(context) if (record := _record(parameter, context))]
    table = ["| option | what |", "| --- | --- |", *(f"| `{name}` | {what} |" for name, what in rows)]
    return "\n".join([f"    {usage}", "", *table, ""])


def _record(parameter: Any, context: typer.Context) -> tuple[str, str] | None:  # noqa: ANN401 - likewise
    """What `--help` says of an option or argument, without that of `--help` itself."""
    record = parameter.get_help_record(context)
    if record is None or record[0] == "--help":
        return None
    return _cell(record[0]), _cell(_plain(record[1]))


def _plain(text: str) -> str:
    """A paragraph in a line; several stay apart."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
