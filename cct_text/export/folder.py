"""The run that is exported."""

from __future__ import annotations

from pathlib import Path

from cct_text.artifacts import EXPORT
from cct_text.errors import UsageError
from cct_text.model.saved import SavedModel


def model_of(run: str | Path) -> SavedModel:
    """The model of a run folder.

    Raises:
        DataError: if the run is damaged.
        UsageError: if it is no run but an export.
    """
    if (Path(run) / EXPORT).is_file():
        raise UsageError(f"{run}: has been exported already; give the run folder that it came from")
    return SavedModel.load(run)
