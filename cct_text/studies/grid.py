"""What a study varies: every combination of the values of some options."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from cct_text.errors import UsageError

EMBEDDINGS = "embeddings=learned,glove-frozen,glove-tuned,corpus"
"""What is varied when nothing else is asked for."""
FIXED = {"seed", "dataset"}
"""Options that a study sets itself."""


@dataclass(frozen=True)
class Condition:
    """One combination of values.

    Attributes:
        values: by option, as they were written.
    """

    values: Mapping[str, str]

    @property
    def name(self) -> str:
        """The values alone: `glove-frozen, cct-2/1`."""
        return ", ".join(self.values.values())

    @property
    def folder(self) -> str:
        """A name for a folder: `embeddings=glove-frozen,model=cct-2_1`."""
        return ",".join(f"{key}={re.sub('[^A-Za-z0-9.+-]', '_', value)}" for key, value in self.values.items())


def grid(vary: Sequence[str]) -> list[Condition]:
    """All combinations; the last option changes fastest.

    Args:
        vary: `KEY=A,B,...` for each option.

    Raises:
        UsageError: if one is not written so, an option comes twice, or one may not vary.
    """
    options: dict[str, list[str]] = {}
    for item in vary:
        key, equals, listed = item.partition("=")
        key = key.strip().rpartition(".")[2]
        values = [value.strip() for value in listed.split(",")]
        if not equals or not key or not all(values):
            raise UsageError(f"--vary {item}: expected KEY=A,B,..., such as --vary embeddings=learned,glove-frozen")
        if key in options:
            raise UsageError(f"--vary {item}: {key} is varied twice; give all its values at once")
        if key in FIXED:
            raise UsageError(f"--vary {item}: {key} is set by the study (the command's argument, or --seeds)")
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise UsageError(f"--vary {item}: {twice[0]} stands there twice")
        options[key] = values
    conditions = [Condition(dict(zip(options, values, strict=True))) for values in product(*options.values())]
    if twice := [one.folder for one in conditions if sum(one.folder == other.folder for other in conditions) > 1]:
        raise UsageError(f"--vary: two combinations would share the folder {twice[0]}; rename the files they name")
    return conditions
