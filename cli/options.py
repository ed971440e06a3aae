"""Options that several commands have, and what they do with them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cct_text.errors import UsageError

from . import completion

RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="Run folder, an ONNX export of one, or hf:ORG/NAME on the Hugging Face hub.",
        autocompletion=completion.runs,
    ),
]
RunFolderArgument = Annotated[
    Path,
    typer.Argument(metavar="RUN", help="Run folder of `cct-text train`.", autocompletion=completion.runs),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="family-layers/kernel, such as cct-2/1, cct-2/1+3+5 or vit-lite-4/2.",
        autocompletion=completion.models,
    ),
]
EmbeddingsOption = Annotated[
    str | None,
    typer.Option(
        "--embeddings",
        help="learned, glove-frozen, glove-tuned or corpus (trained on the train split).",
        autocompletion=completion.embeddings,
    ),
]
VectorsOption = Annotated[
    str | None,
    typer.Option(
        "--vectors", help="Vectors by name or path; A+B stacks two side by side.", autocompletion=completion.vectors
    ),
]
DataDirOption = Annotated[str | None, typer.Option("--data-dir", help="Folder with the data sets' official files.")]
DevOption = Annotated[str | None, typer.Option("--dev", help="File with the dev split; cut from train without it.")]
TestOption = Annotated[str | None, typer.Option("--test", help="File with the test split.")]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="text, fasttext, csv, tsv, jsonl or parquet; by the ending or first label without it.",
        autocompletion=completion.formats,
    ),
]
TextColumnOption = Annotated[
    list[str] | None, typer.Option("--text-column", help="Column with text; repeat to join several.")
]
LabelColumnOption = Annotated[str | None, typer.Option("--label-column", help="Column with the label.")]
MultiLabelOption = Annotated[
    bool,
    typer.Option("--multi-label", help="A row may have several labels, or none."),
]
EpochsOption = Annotated[int | None, typer.Option("--epochs", help="Passes over the train split.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="TOML file with options, such as a run's config.toml.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any option, by its name in config.toml.",
        autocompletion=completion.settings,
    ),
]

StudyDataset = Annotated[
    str,
    typer.Argument(
        metavar="DATASET",
        help="Registered name (see `cct-text datasets`), file, or hf:ORG/NAME.",
        autocompletion=completion.datasets,
    ),
]
SeedsOption = Annotated[int, typer.Option("--seeds", help="Runs of each combination.")]
BaselinesOption = Annotated[
    bool, typer.Option("--baselines", help="Beside them: n-grams, fastText, Kim CNN, Transformer and others.")
]
BaselineOption = Annotated[list[str] | None, typer.Option("--baseline", help="One baseline, by name; repeat.")]
JobsOption = Annotated[int | None, typer.Option("--jobs", min=1, help="Runs at a time, of one thread each.")]


def given_values(flags: dict[str, Any], set_: Sequence[str] | None) -> dict[str, Any]:
    """Options by name: the flags that were given, then those of `--set`.

    Raises:
        UsageError: if one of `--set` is not written KEY=VALUE.
    """
    flags = {name: tuple(value) if isinstance(value, list) else value for name, value in flags.items()}
    return {name: value for name, value in flags.items() if value not in (None, ())} | _set_values(set_)


def folder_name(dataset: str) -> str:
    """`reviews.csv` as `reviews`, `hf:org/name` as `name`."""
    return Path(dataset.removeprefix("hf:").removesuffix(".gz")).stem or "run"


def baseline_names(named: Sequence[str] | None, *, every: bool) -> list[str]:
    """The baselines that are wished for; with `every` all of them but those whose package is not installed."""
    if not every:
        return list(named or ())
    from cct_text.studies.baselines import BASELINES
    from cct_text.studies.grid import BASELINE_NAMES

    missing = {name: baseline.extra for name, baseline in BASELINES.items() if not baseline.installed}
    for name, extra in missing.items():
        typer.echo(f"without {name}: it needs pip install 'cct-text[{extra}]'", err=True)
    return [name for name in BASELINE_NAMES if name not in missing]


def command_line() -> str:
    """The command that was given, as one types it."""
    return shlex.join(["cct-text", *sys.argv[1:]])


def _set_values(items: Sequence[str] | None) -> dict[str, str]:
    """Options by name from `--set KEY=VALUE`.

    Raises:
        UsageError: if one is not written so.
    """
    values = {}
    for item in items or ():
        key, equals, value = item.partition("=")
        if not equals:
            raise UsageError(f"--set {item}: expected KEY=VALUE, such as --set label_smoothing=0.1")
        values[key.strip()] = value.strip()
    return values
