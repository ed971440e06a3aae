"""One way to fetch a file: resumed where it broke off, checked, and cached whole or not at all."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cct_text.errors import ResourceError

logger = logging.getLogger(__name__)

ATTEMPTS = 4
"""Tries per address; each goes on where the last broke off."""
TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and to wait for the next bytes."""
BLOCK = 1 << 20
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


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
            _download(url, part, file.max_bytes)
            _check(part, file.checksum)
        except _AddressError as failure:
            failures.append(f"{url}: {failure}")
            continue
        part.replace(target)
        return
    raise ResourceError(f"cannot fetch {file.name}: " + "; ".join(failures))


class _AddressError(Exception):
    """Why one address did not give the file."""


def _download(url: str, part: Path, max_bytes: int) -> None:
    """Download into `part`, going on where it ends; several attempts."""
    import requests

    _check_scheme(url)
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(0.2 * 2**attempt)
        try:
            _request(url, part, max_bytes)
        except requests.RequestException as error:
            reason = f"{type(error).__name__}"
            logger.info("%s broke off (%s), attempt %d of %d", url, reason, attempt + 1, ATTEMPTS)
            # Without a first byte there is nothing that another attempt could go on with.
            if isinstance(error, requests.ConnectionError) and not part.exists():
                break
            continue
        return
    raise _AddressError(f"no answer ({reason})")


def _request(url: str, part: Path, max_bytes: int) -> None:
    import requests

    done = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={done}-"} if done else {})}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        for hop in (*answer.history, answer):
            _check_scheme(hop.url)
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            # All of it is here already, or another file is: the checksum tells.
            return
        if not answer.ok:
            raise _AddressError(f"HTTP {answer.status_code}")
        resumed = answer.status_code == requests.codes.partial_content and _starts_at(answer.headers, done)
        size = int(answer.headers.get("Content-Length", 0)) + (done if resumed else 0)
        if size > max_bytes:
            raise _AddressError(f"{size:,} bytes, more than the {max_bytes:,} that are allowed")
        with part.open("ab" if resumed else "wb") as out:
            for block in answer.iter_content(BLOCK):
                out.write(block)
                if out.tell() > max_bytes:
                    raise _AddressError(f"more than the {max_bytes:,} bytes that are allowed")
        if size and part.stat().st_size < size:
            raise requests.ConnectionError("the connection closed early")


def _starts_at(headers: object, done: int) -> bool:
    content_range = str(headers.get("Content-Range", ""))  # type: ignore[attr-defined]
    return content_range.startswith(f"bytes {done}-")


def _check_scheme(url: str) -> None:
    """Https only, but for servers on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise _AddressError(f"refused to go to {parts.scheme}://{parts.hostname}: not https")


def _check(part: Path, checksum: str | None) -> None:
    if checksum is None:
        return
    algorithm, _, expected = checksum.partition(":")
    with part.open("rb") as stream:
        seen = hashlib.file_digest(stream, algorithm).hexdigest()
    if seen != expected:
        part.unlink()
        raise _AddressError(f"a wrong file: its {algorithm} is {seen}, expected {expected}; it was removed")
