"""What a run calls its data and vectors once it leaves this machine: names, but no folders of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from cct_text.config import Config
from cct_text.datasets.registry import ENTRIES
from cct_text.errors import UsageError
from cct_text.hub.names import HUB_PREFIX
from cct_text.vectors.formats import MEMBER
from cct_text.vectors.loading import SIDE_BY_SIDE


def with_public_names(config: Config, dataset_name: str | None = None) -> Config:
    """The options of a run with files called by their names alone, and without `data_dir`.

    Args:
        config: of the run.
        dataset_name: what a data set of the user's own is called instead; its files keep their endings.

    Raises:
        UsageError: if a registered data set is to have another name.
    """
    data = config.data
    if data.dataset in ENTRIES and dataset_name is not None:
        raise UsageError(f"--dataset-name {dataset_name}: {data.dataset} has its name; it is for data of one's own")
    names = {"dataset": data.dataset, "dev": data.dev, "test": data.test}
    if data.dataset not in ENTRIES:
        names = {option: _public(name, option, dataset_name) for option, name in names.items() if name is not None}
    vectors = SIDE_BY_SIDE.join(map(_vectors, config.embedding.vectors.split(SIDE_BY_SIDE)))
    return config.with_values({**names, "data_dir": None, "vectors": vectors})


def with_public_names_of(config: Config, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The content of `metrics.json` with the names that `config` has, which is one of `with_public_names`."""
    vectors = config.embedding.vectors if metrics.get("vectors") else None
    return {**metrics, "dataset": config.data.dataset, "vectors": vectors}


def _public(name: str, option: str, dataset_name: str | None) -> str:
    on_hub = name.startswith(HUB_PREFIX)
    path = name.removeprefix(HUB_PREFIX)
    if dataset_name is not None:
        role = "" if option == "dataset" else f"-{option}"
        return f"{HUB_PREFIX if on_hub else ''}{dataset_name}{role}{'' if on_hub else _endings(path)}"
    if on_hub and not (path.startswith((".", "/", "~")) or Path(path).is_dir()):
        return name
    return f"{HUB_PREFIX if on_hub else ''}{_last(path)}"


def _vectors(part: str) -> str:
    path, mark, member = part.strip().partition(MEMBER)
    return f"{_last(path)}{mark}{_last(member)}"


def _last(path: str) -> str:
    """The last name of a path of any system."""
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def _endings(path: str) -> str:
    """`.csv`, `.csv.gz`: what tells the format."""
    name = _last(path)
    plain = name.removesuffix(".gz")
    return PurePath(plain).suffix + name.removeprefix(plain)
