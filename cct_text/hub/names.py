"""Names of the hub, and how they are told from paths."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cct_text.errors import UsageError

HUB_PREFIX = "hf:"
"""What makes a name one of the hub, be it of a run or of a data set."""

RUNS = "runs"
"""The folder that `train` puts runs into; a path that begins with it is none of the hub, even where it is not there."""

_NAME = re.compile(r"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@(\S+))?", re.ASCII)


@dataclass(frozen=True)
class HubName:
    """A repository of the hub.

    Attributes:
        repository: ORG/NAME.
        revision: branch, tag or commit; the main branch when not given.
        like_a_path: whether it was written without `hf:`, so that a folder may have been meant.
    """

    repository: str
    revision: str | None = None
    like_a_path: bool = False

    @classmethod
    def parse(cls, text: str, *, revision: str | None = None) -> Self:
        """Read `ORG/NAME` or `ORG/NAME@REVISION`, with or without `hf:`.

        Args:
            text: the name.
            revision: given beside it.

        Raises:
            UsageError: if it is no such name, or two revisions are given.
        """
        match = _NAME.fullmatch(text.removeprefix(HUB_PREFIX))
        if match is None:
            raise UsageError(
                f"{text}: no name of the hub; those are hf:ORG/NAME or hf:ORG/NAME@REVISION, ORG being a user or an "
                "organization"
            )
        if match[2] is not None and revision is not None:
            raise UsageError(f"{text}: names a revision, and so does --revision {revision}; give one of them")
        return cls(match[1], match[2] or revision)

    def __str__(self) -> str:
        prefix = "" if self.like_a_path else HUB_PREFIX
        return f"{prefix}{self.repository}{'' if self.revision is None else f'@{self.revision}'}"


def hub_name(source: str | Path) -> HubName | None:
    """The name of the hub that is meant where a run folder is asked for; None where a folder is.

    With `hf:` the hub is meant, with a `Path` a folder. A string without `hf:` is a folder if there is one of that name, or
    if it looks like no ORG/NAME; so does a path into a folder that is there, such as `models/reviews` beside `models/`.

    Raises:
        UsageError: if `hf:` stands before something that is no name.
    """
    if isinstance(source, Path):
        return None
    if source.startswith(HUB_PREFIX):
        return HubName.parse(source)
    match = _NAME.fullmatch(source)
    folder = source.partition("/")[0]
    if match is None or folder == RUNS or os.path.isdir(folder):  # noqa: PTH112 - Path raises for a name too long
        return None
    return HubName(match[1], match[2], like_a_path=True)
