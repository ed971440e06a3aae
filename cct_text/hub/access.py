"""What stands between this machine and the hub: whether it answers, and its errors as one line each."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from cct_text.download import LOOPBACK
from cct_text.errors import CCTTextError, DataError, ResourceError, UsageError
from cct_text.hub.names import HubName

PATIENCE = 4.0
"""Seconds in which the hub must answer a first question; without an answer only what is in its cache is used."""


def hub_answers() -> bool:
    """Whether there is an answer, of whatever kind, within `PATIENCE`.

    Asked before anything else, as the libraries themselves try six times over half a minute, in as many warnings.
    """
    from huggingface_hub import constants, get_session

    answers = []

    def ask() -> None:
        with suppress(Exception):
            answers.append(get_session().head(constants.ENDPOINT, timeout=PATIENCE))

    # In a thread, as the session's timeout does not hold for the resolution of the host's name.
    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return bool(answers)


def why_not(*, offline: bool) -> tuple[str, str]:
    """Why the hub is not asked, and what to do about it.

    Args:
        offline: whether the user wants it so, by $HF_HUB_OFFLINE.
    """
    from huggingface_hub import constants

    if offline:
        return "HF_HUB_OFFLINE is set", "unset it"
    return f"{constants.ENDPOINT} does not answer", "check the network"


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Errors of the libraries are told once, by us, and their bars are not drawn."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    loggers = [logging.getLogger(name) for name in ("datasets", "huggingface_hub")]
    levels = [each.level for each in loggers]
    drawn = not are_progress_bars_disabled()
    for each in loggers:
        each.setLevel(logging.CRITICAL)
    if drawn:
        disable_progress_bars()
    try:
        yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)
        if drawn:
            enable_progress_bars()


@contextmanager
def by_https_alone() -> Iterator[None]:
    """Nothing is asked for in the clear but of this machine and of $HF_ENDPOINT, wherever a redirect leads.

    A request elsewhere raises a ResourceError.
    """
    from huggingface_hub import constants, get_session

    allowed = urlsplit(constants.ENDPOINT).netloc

    def check(request: Any) -> None:  # noqa: ANN401 - a request of the library's HTTP client
        address = urlsplit(str(request.url))
        if address.scheme != "https" and address.hostname not in LOOPBACK and address.netloc != allowed:
            raise ResourceError(f"refused to go to {address.scheme}://{address.netloc}: not https")

    client = get_session()
    hooks = client.event_hooks
    client.event_hooks = {**hooks, "request": [*hooks["request"], check]}
    try:
        yield
    finally:
        client.event_hooks = hooks


@contextmanager
def errors_in_one_line(name: HubName) -> Iterator[None]:
    """What goes wrong with a repository of models in the block, as errors that name it.

    Raises:
        ResourceError: if it is not there, may not be used, or the hub or the network fails.
        DataError: if it is no repository of models.
        UsageError: if the hub takes no such name, or its cache cannot be written.
    """
    try:
        with quiet_libraries(), by_https_alone():
            yield
    except CCTTextError:
        raise
    except Exception as error:  # The library raises errors of a dozen packages.
        raise _told(name, error) from None


def _told(name: HubName, error: Exception) -> CCTTextError:
    from huggingface_hub import constants, errors

    if isinstance(error, RuntimeError | errors.LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # what went wrong with one file
    if isinstance(error, errors.HFValidationError):
        return UsageError(f"{name}: {_line(error)}")
    if isinstance(error, errors.GatedRepoError):
        return ResourceError(
            f"{name}: its owners let in who asks; ask on {constants.ENDPOINT}/{name.repository} and set HF_TOKEN"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return _missing(name)
    if isinstance(error, errors.RevisionNotFoundError):
        return ResourceError(f"{name}: {name.repository} is on the hub, but has no such branch, tag or commit")
    if isinstance(error, errors.HfHubHTTPError):
        status, said = error.response.status_code, _line(error.server_message or "")
        if status == 401:
            return ResourceError(f"{name}: the hub does not accept the token; set HF_TOKEN, or `hf auth login`")
        if status == 403:
            because = f" ({said})" if said else ""
            return ResourceError(f"{name}: forbidden{because}; see what the token of HF_TOKEN may read and write")
        return ResourceError(f"{name}: the hub answers HTTP {status}{': ' if said else ''}{said}")
    if isinstance(error, OSError) and error.strerror is not None:
        return UsageError(f"{error.filename or name}: {error.strerror}; the hub's cache is in HF_HOME")
    return ResourceError(f"{name}: {_line(error) or type(error).__name__}")


def _missing(name: HubName) -> CCTTextError:
    """No repository of models has that name; it may be one of another kind."""
    from huggingface_hub import HfApi, constants

    kind = None
    with suppress(Exception):
        kind = next(
            (kind for kind in ("dataset", "space") if HfApi().repo_exists(name.repository, repo_type=kind)), None
        )
    if kind == "dataset":
        return DataError(f"{name}: a data set and no run; `cct-text train hf:{name.repository}` learns from it")
    if kind == "space":
        return DataError(f"{name}: a space and no run")
    folder = "no such folder, and " if name.like_a_path else ""
    return ResourceError(
        f"{name}: {folder}no such model on {constants.ENDPOINT}, or a private one, which takes the HF_TOKEN of who may read it"
    )


def _line(said: object) -> str:
    return " ".join(str(said).split())[:300]
