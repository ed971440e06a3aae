"""Runs from the hub: into its cache, to be loaded, or into a folder of one's own."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cct_text.artifacts import (
    CARD,
    CONFIG,
    HISTORY,
    METRICS,
    PREDICTIONS,
    TOKENIZER,
    TOKENIZER_CONFIG,
    WEIGHTS,
    RunFolder,
)
from cct_text.atomic_writes import write_folder_atomically
from cct_text.errors import DataError, ResourceError
from cct_text.figures import read_figures
from cct_text.hub.access import errors_in_one_line, hub_answers, why_not
from cct_text.hub.names import HubName

logger = logging.getLogger(__name__)

MODEL_FILES = (CONFIG, TOKENIZER, WEIGHTS)
"""Without these there is no model."""

PULLED_FILES = (*MODEL_FILES, METRICS, HISTORY, PREDICTIONS, CARD, TOKENIZER_CONFIG)
"""All that is taken from a repository: data that are parsed, nothing that a program or a browser would run."""

MOST_BYTES = 4 << 30
"""Of the files that are taken."""

_FILES_NAMED = 5
"""Of a repository that holds no run."""


@dataclass(frozen=True)
class Pulled:
    """A run that came from the hub.

    Attributes:
        repository: ORG/NAME.
        commit: what was pulled.
        folder: where it is.
        files: in it.
    """

    repository: str
    commit: str
    folder: Path
    files: tuple[str, ...]


def pull(repository: str, folder: str | Path, *, revision: str | None = None) -> Pulled:
    """Fetch a run into a folder, whole or not at all, after its checksums have been found right.

    Args:
        repository: `ORG/NAME`, with or without `hf:`.
        folder: a new one.
        revision: branch, tag or commit; the main branch when not given.

    Raises:
        UsageError: if the name is none, or `folder` is there and not empty, or cannot be written.
        ResourceError: if the repository is not there, may not be read, or the hub does not answer.
        DataError: if it holds no run, or a damaged one.
    """
    name = HubName.parse(repository, revision=revision)
    with write_folder_atomically(folder) as temporary:
        source = fetch_run(name, PULLED_FILES)
        files = tuple(file for file in PULLED_FILES if (source / file).is_file())
        for file in files:
            shutil.copyfile(source / file, temporary / file)
        try:
            RunFolder(source).read_model()
            if METRICS in files:
                read_figures(RunFolder(source))
        except DataError as error:
            raise DataError(f"{name}: is refused: {error}") from None
    return Pulled(name.repository, source.name, Path(folder), files)


def fetch_run(name: HubName, files: Sequence[str] = MODEL_FILES) -> Path:
    """The folder in the hub's cache that holds a run; only files that are new are fetched.

    Without an answer of the hub, the copy in the cache is used, with a warning.

    Args:
        name: of the repository.
        files: those that are wanted, as far as they are there.

    Raises:
        ResourceError: if the repository is not there, may not be read, or the hub does not answer and there is no copy.
        DataError: if it lacks a file of a model.
        UsageError: if the hub knows no such name.
    """
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    offline = bool(constants.HF_HUB_OFFLINE)
    reachable = not offline and hub_answers()
    with errors_in_one_line(name):
        if reachable:
            about = HfApi().model_info(name.repository, revision=name.revision, files_metadata=True)
            found = about.siblings or []
            _require_model(name, [file.rfilename for file in found])
            _require_bounded(name, sum(file.size or 0 for file in found if file.rfilename in files))
        try:
            folder = snapshot_download(
                name.repository, revision=name.revision, allow_patterns=[*files], local_files_only=not reachable
            )
        except LocalEntryNotFoundError as error:
            if reachable:
                raise
            why, remedy = why_not(offline=offline)
            start = "no such folder; as a run of the hub: " if name.like_a_path else ""
            raise ResourceError(f"{name}: {start}{why}, and no copy is in the cache; {remedy}") from error
    if not reachable:
        _require_model(name, [file.name for file in Path(folder).iterdir()])
        logger.warning("%s: %s; using the copy in the cache", name, why_not(offline=offline)[0])
    return Path(folder)


def _require_bounded(name: HubName, size: int) -> None:
    if size > MOST_BYTES:
        raise ResourceError(f"{name}: {size:,} bytes, more than the {MOST_BYTES:,} that are allowed")


def _require_model(name: HubName, files: Sequence[str]) -> None:
    missing = next((file for file in MODEL_FILES if file not in files), None)
    if missing is not None:
        others = [file for file in files if file != ".gitattributes"][:_FILES_NAMED]
        raise DataError(f"{name}: no run of cct-text: it has no {missing}, but {', '.join(others) or 'nothing'}")
