"""One way to fetch a file: resumed where it broke off, checked, and cached whole or not at all."""

from __future__ import annotations

import hashlib
import logging
import os
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urljoin, urlsplit

from cct_text.atomic_writes import flush
from cct_text.errors import ResourceError

logger = logging.getLogger(__name__)

ATTEMPTS = 4
"""Tries per address; each goes on where the last broke off."""
TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and to wait for the next bytes."""
BLOCK = 1 << 16
"""Bytes that are written at a time; a connection that breaks loses at most as many."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine."""


@dataclass(frozen=True)
class RemoteFile:
    """A file to fetch.

    Attributes:
        name: under which it is cached.
        urls: where it lives, tried in order.
        checksum: `md5:HEX` or `sha256:HEX`; None where none is published.
        max_bytes: a larger file is not taken.
    """

    name: str
    urls: Sequence[str]
    checksum: str | None = None
    max_bytes: int = 4 << 30


@cache
def _tell_missing(name: str, folder: str) -> None:
    logger.warning("%s = %s: no such folder", name, folder)


def folders_of_the_environment(name: str) -> list[str]:
    """The folders that an environment variable names, separated as in $PATH; those that are not there are told, once."""
    folders = [folder for folder in os.environ.get(name, "").split(os.pathsep) if folder]
    for folder in folders:
        if not Path(folder).is_dir():
            _tell_missing(name, folder)
    return folders


def cache_dir() -> Path:
    """$CCT_TEXT_HOME, or the platform's folder for a user's caches."""
    home = os.environ.get("CCT_TEXT_HOME")
    if home:
        return Path(home)
    import platformdirs

    return Path(platformdirs.user_cache_dir("cct-text"))


def fetch(file: RemoteFile, folder: Path | None = None) -> Path:
    """The file in the cache, downloaded if it is not there.

    A download that breaks off goes on at the next call; two processes that want the same file fetch it once.

    Args:
        file: what to fetch.
        folder: where it is kept; `downloads` in the cache when not given.

    Raises:
        ResourceError: if no address gives the file, or what came is not the file of the checksum.
    """
    from filelock import FileLock

    target = (folder or cache_dir() / "downloads") / file.name
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if not target.exists():
                _fetch(file, target)
    except OSError as error:
        raise ResourceError(
            f"{target}: cannot write: {error.strerror or error}; set CCT_TEXT_HOME to a folder"
        ) from None
    return target


def _fetch(file: RemoteFile, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    failures = []
    for url in file.urls:
        try:
            _download(url, part, file)
            _check(part, file)
        except _AddressError as failure:
            failures.append(f"{url}: {failure}")
            continue
        flush(part)  # it is not checked again
        part.replace(target)
        _tag_of(part).unlink(missing_ok=True)
        return
    raise ResourceError(f"cannot fetch {file.name}: " + "; ".join(failures))


class _AddressError(Exception):
    """Why one address did not give the file."""


def _download(url: str, part: Path, file: RemoteFile) -> None:
    """Download into `part`, going on where it ends; several attempts."""
    import requests

    _check_address(url)
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(0.2 * 2**attempt)
        try:
            _request(url, part, file)
        except requests.RequestException as error:
            reason = f"{type(error).__name__}"
            logger.info("%s broke off (%s), attempt %d of %d", url, reason, attempt + 1, ATTEMPTS)
            # Without a first byte there is nothing that another attempt could go on with.
            if isinstance(error, requests.ConnectionError) and not part.exists():
                break
            continue
        return
    done = part.stat().st_size if part.exists() else 0
    kept = f"broke off after {done:,} bytes, which are kept: the next call goes on from there"
    raise _AddressError(f"{kept if done else 'no answer'} ({reason})")


def _request(url: str, part: Path, file: RemoteFile) -> None:
    import requests
    import urllib3

    max_bytes = file.max_bytes
    headers = {"Accept-Encoding": "identity", **_range(part, file)}
    done = part.stat().st_size if part.exists() else 0
    get = partial(requests.get, url, headers=headers, stream=True, timeout=TIMEOUT)
    with get(hooks={"response": _check_redirect}) as answer:
        if done and answer.status_code == requests.codes.requested_range_not_satisfiable:
            # All of it is here already (then the checksum tells), or what is here is of another file.
            if answer.headers.get("Content-Range", f"bytes */{done}") != f"bytes */{done}":
                _start_over(part)
            return
        if not answer.ok:
            raise _AddressError(f"HTTP {answer.status_code}")
        resumed = answer.status_code == requests.codes.partial_content
        if resumed and not answer.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
            _start_over(part)
        length = answer.headers.get("Content-Length", "")
        size = (int(length) if length.isdecimal() else 0) + (done if resumed else 0)
        if size > max_bytes:
            _refuse(part, f"{size:,} bytes, more than the {max_bytes:,} that are allowed")
        if not resumed:
            _keep_tag(part, answer.headers)
        try:
            with part.open("ab" if resumed else "wb") as out:
                # The bytes as they are sent: what a server calls encoded is often the compressed file that is wanted.
                for block in answer.raw.stream(BLOCK, decode_content=False):
                    out.write(block)
                    if out.tell() > max_bytes:
                        _refuse(part, f"more than the {max_bytes:,} bytes that are allowed")
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(error) from None
        if part.stat().st_size < size:
            raise requests.ConnectionError("the connection closed early")


def _range(part: Path, file: RemoteFile) -> dict[str, str]:
    """What asks for the rest of a file; of one that no checksum would tell, only where the server says that it is the same."""
    if not part.exists() or not (done := part.stat().st_size):
        return {}
    wanted = {"Range": f"bytes={done}-"}
    if file.checksum is not None:
        return wanted
    if not _tag_of(part).exists():
        part.unlink()
        return {}
    return {**wanted, "If-Range": _tag_of(part).read_text(encoding="latin-1")}


def _tag_of(part: Path) -> Path:
    """Where it is kept by what the server knows the file again of which a part is here."""
    return part.with_name(f"{part.name}.tag")


def _keep_tag(part: Path, headers: Mapping[str, str]) -> None:
    tag = headers.get("ETag", "")
    tag = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")
    if tag:
        _tag_of(part).write_text(tag, encoding="latin-1")
    else:
        _tag_of(part).unlink(missing_ok=True)


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag_of(part).unlink(missing_ok=True)


def _start_over(part: Path) -> NoReturn:
    """Drop what is here: it is no beginning of what the server has."""
    import requests

    _drop(part)
    raise requests.RequestException("the server has not the rest of what is here")


def _refuse(part: Path, reason: str) -> NoReturn:
    _drop(part)
    raise _AddressError(reason)


def _check_redirect(answer: Any, **_: object) -> None:  # noqa: ANN401 - a requests.Response
    """Called with each answer before its redirect is followed."""
    if answer.is_redirect:
        _check_address(answer.headers["Location"], answer.url)


def _check_address(url: str, base: str = "") -> None:
    """Https only, but for servers on this machine; no redirect leads from https to them."""
    try:
        parts = urlsplit(urljoin(base, url))
    except ValueError as error:
        raise _AddressError(f"sent to {url!r}: {error}") from None
    here = parts.scheme == "http" and parts.hostname in LOOPBACK and not base.startswith("https:")
    if parts.scheme != "https" and not here:
        raise _AddressError(f"refused to go to {parts.scheme}://{parts.hostname or ''}: not https")


def _check(part: Path, file: RemoteFile) -> None:
    """See that what came is the file of the checksum; where there is none, that it is at least no login page."""
    if file.checksum is None:
        if file.name.endswith(".zip") and not _is_zip(part):
            _refuse(part, "a wrong file: no zip; it was removed")
        return
    algorithm, _, expected = file.checksum.partition(":")
    with part.open("rb") as stream:
        seen = hashlib.file_digest(stream, algorithm).hexdigest()
    if seen != expected:
        _refuse(part, f"a wrong file: its {algorithm} is {seen}, expected {expected}; it was removed")


def _is_zip(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path):
            return True
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
