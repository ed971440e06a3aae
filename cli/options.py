"""What several commands do with their options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cct_text.errors import UsageError


def set_values(items: Sequence[str] | None) -> dict[str, str]:
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


def folder_name(dataset: str) -> str:
    """`reviews.csv` as `reviews`, `hf:org/name` as `name`."""
    return Path(dataset.removeprefix("hf:").removesuffix(".gz")).stem or "run"
