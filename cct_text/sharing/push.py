"""A run to the Hugging Face hub, in one commit."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cct_text.artifacts import CARD, CONFIG, RunFolder
from cct_text.errors import ResourceError, UsageError
from cct_text.hub.access import errors_in_one_line, hub_answers, why_not
from cct_text.hub.names import HubName
from cct_text.sharing.shared_copy import SHARED_FILES, Sharing, write_shared_copy

if TYPE_CHECKING:
    from huggingface_hub import HfApi, ModelInfo

_OF_NO_MODEL = (".", "LICENSE", CARD)
"""How files begin that a repository has when it is made on the hub's page."""


@dataclass(frozen=True)
class Pushed:
    """A run that went to the hub.

    Attributes:
        repository: ORG/NAME.
        url: where people find it.
        commit: that holds it.
        private: whether only its owners see it.
        files: that were pushed.
    """

    repository: str
    url: str
    commit: str
    private: bool
    files: tuple[str, ...]


def push(
    run: str | Path,
    repository: str,
    how: Sharing | None = None,
    *,
    private: bool = False,
    message: str | None = None,
) -> Pushed:
    """Push a run to the hub, in one commit, with a model card; the repository is made if it is not there.

    The endpoint and the token are those of the `huggingface_hub` library: $HF_ENDPOINT, $HF_TOKEN. Files of a run that was
    pushed before and that this one lacks are removed.

    Args:
        run: the run folder.
        repository: ORG/NAME.
        how: it is shown.
        private: make a private repository; one that is there and public is refused then.
        message: of the commit.

    Raises:
        UsageError: if the name is none, an option does not go with the run, or the repository holds something else or is
            public against `private`.
        DataError: if `run` holds no finished run, or a damaged one.
        ResourceError: if there is no token, it may not write there, or the hub does not answer.
    """
    name = HubName.parse(repository)
    if name.revision is not None:
        raise UsageError(f"{name}: a run is pushed to the main branch; leave out @{name.revision}")
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = write_shared_copy(run, folder, name.repository, how or Sharing())
        _require_access(name)
        with errors_in_one_line(name):
            return _send(name, folder, files, private=private, message=message or _message(folder))


def _require_access(name: HubName) -> None:
    from huggingface_hub import constants, get_token

    offline = bool(constants.HF_HUB_OFFLINE)
    if offline or not hub_answers():
        raise ResourceError(f"{name}: {', '.join(why_not(offline=offline))}")
    if get_token() is None:
        raise ResourceError(f"{name}: no token to write with; set HF_TOKEN, or `hf auth login`")


def _message(folder: Path) -> str:
    config = RunFolder(folder).read_config()
    return f"{config.model.model} on {config.data.dataset}, by cct-text"


def _send(name: HubName, folder: Path, files: Sequence[str], *, private: bool, message: str) -> Pushed:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = HfApi()
    repository = _repository(api, name, private=private)
    there = {file.rfilename for file in repository.siblings or ()}
    _require_run_or_nothing(name, there)
    stale = [file for file in SHARED_FILES if file in there and file not in files]
    new = [CommitOperationAdd(path_in_repo=file, path_or_fileobj=str(folder / file)) for file in files]
    gone = [CommitOperationDelete(path_in_repo=file, is_folder=False) for file in stale]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Parquet in a repository of models
        try:
            commit = api.create_commit(name.repository, [*new, *gone], commit_message=message)
        except ValueError as error:
            if "metadata" not in str(error):
                raise
            raise UsageError(f"{name}: the hub takes no such {CARD}: {' '.join(str(error).split())}") from None
    url = f"{api.endpoint}/{name.repository}"
    return Pushed(name.repository, url, commit.oid, bool(repository.private), tuple(files))


def _repository(api: HfApi, name: HubName, *, private: bool) -> ModelInfo:
    """The repository, which is made if it is not there.

    Raises:
        UsageError: if it is public and must not be.
    """
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        found = api.model_info(name.repository)
    except RepositoryNotFoundError:
        if private:
            api.create_repo(name.repository, private=True)
        else:
            api.create_repo(name.repository)
        found = api.model_info(name.repository)
    if private and not found.private:
        raise UsageError(f"{name}: is there and is public; make it private on its page, or leave out --private")
    return found


def _require_run_or_nothing(name: HubName, files: set[str]) -> None:
    """See that a push replaces nothing but another run.

    Raises:
        UsageError: if these are files of something else.
    """
    others = sorted(file for file in files if not file.startswith(_OF_NO_MODEL))
    if others and CONFIG not in files:
        raise UsageError(f"{name}: is there and holds something else ({', '.join(others[:5])}); choose another name")
