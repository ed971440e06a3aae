"""Recipes: what is known to work on a data set, as TOML files to be copied and owned."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from cct_text.config import Config
from cct_text.errors import UsageError

DEFAULT = "default"


def recipe_names() -> list[str]:
    """Names of the data sets that have a recipe of their own, and `default`."""
    return sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml"))


def recipe_text(dataset: str) -> str:
    """The TOML text of a data set's recipe; that of `default` where it has none."""
    name = dataset if dataset in recipe_names() else DEFAULT
    return (_folder() / f"{name}.toml").read_text(encoding="utf-8")


def resolve_config(
    dataset: str, *, config_file: str | Path | None = None, values: Mapping[str, object] | None = None
) -> Config:
    """The configuration of a run: the recipe of the data set, then a configuration file, then single options.

    A run's `config.toml` is whole: the recipe is left out, so that an option that the run had not is not set by it.

    Args:
        dataset: registered name, file, or hub name.
        config_file: TOML file with options, such as a copied recipe or a run's `config.toml`.
        values: options by `name` or `section.name`, as given by flags and `--set`.

    Raises:
        UsageError: if an option is unknown or its value cannot be used, or `values` name a data set.
    """
    if named := {"dataset", "data.dataset"} & set(values or {}):
        raise UsageError(f"--set {named.pop()}: a data set is no option to set; name it in the command")
    config = Config()
    if config_file is None or not _is_of_a_run(Path(config_file)):
        config = config.with_toml(recipe_text(dataset), source=f"recipe of {dataset}")
    if config_file is not None:
        config = config.with_file(config_file)
    return config.with_values({**(values or {}), "dataset": dataset}, source="options")


def _is_of_a_run(path: Path) -> bool:
    """Whether a file is the `config.toml` of a run folder; what is wrong with a file is told by who reads it."""
    try:
        return "run" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False


def _folder() -> Traversable:
    return files("cct_text.training") / "recipes"
