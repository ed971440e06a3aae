"""Baselines beside one run: what simpler learners reach on its rows."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from cct_text.artifacts import BESIDE, RunFolder
from cct_text.errors import UsageError, unknown_name
from cct_text.figures import has_figures, read_figures
from cct_text.studies.baselines import BASELINES
from cct_text.studies.baselines.run import train_baseline


def train_beside(run: str | Path, names: Sequence[str]) -> None:
    """Train baselines on the rows of a finished run, into its folder, where its report finds them.

    One that is there is kept; one that was trained beside another run in this folder is replaced.

    Args:
        run: the run folder.
        names: of `BASELINES`.

    Raises:
        UsageError: if there is no such baseline, or it cannot learn what the run learned.
        DataError: if the folder holds no finished run, or the data set cannot be used.
        ResourceError: if data, vectors or a baseline's package are not here.
    """
    for name in names:
        if name not in BASELINES:
            raise UsageError(unknown_name("baseline", name, BASELINES))
        BASELINES[name].require_installed()
    folder = RunFolder(run)
    config = folder.read_config()
    read_figures(folder)
    for name in names:
        BASELINES[name].require_task(several=config.data.multi_label)
    for name in names:
        beside = RunFolder(folder.file(BESIDE) / name)
        if has_figures(beside) and read_figures(beside).get("config") != config.to_dict():
            shutil.rmtree(beside.path)
        train_baseline(name, config, beside.path)
