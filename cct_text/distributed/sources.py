"""Files to be read, by name, folder or glob, on this machine or by URL (fsspec)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from cct_text.datasets.files import STANDARD_INPUT
from cct_text.errors import DataError, ResourceError, UsageError
from cct_text.unpacking import Gunzipped

_VERSIONS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "modified")
"""What file systems call that by which one sees that a file is another than before."""


@dataclass(frozen=True)
class Source:
    """A file to be read.

    Attributes:
        name: its path, absolute, or its URL.
        size: bytes; None where the server does not tell.
        version: its ETag or the time of its last change; empty where neither is known.
    """

    name: str
    size: int | None
    version: str


def find_sources(patterns: Sequence[str]) -> list[Source]:
    """The files that are named: in the order of the patterns, those of one pattern sorted by name, each once.

    Args:
        patterns: files, folders (all files in them, at any depth) or globs, as paths or URLs. In folders and globs, names
            that begin with a dot or an underscore are left out, as Hadoop, Spark and Arrow do.

    Raises:
        DataError: if a file is not there or cannot be looked at, or a pattern matches none.
        UsageError: if a pattern is standard input, or its kind of URL is unknown.
        ResourceError: if the package for its kind of URL is not installed.
    """
    found: dict[str, Source] = {}
    for pattern in patterns:
        if pattern == STANDARD_INPUT:
            raise UsageError("standard input cannot be shared among workers; name files")
        sources = sorted(_matching(pattern), key=lambda source: source.name)
        if not sources:
            raise DataError("no file there", path=pattern)
        for source in sources:
            found.setdefault(source.name, source)
    return list(found.values())


def open_source(name: str, *, streamed: bool = False) -> io.BufferedReader[Any]:
    """A file, unpacked where its name ends in `.gz`.

    Args:
        name: of the file.
        streamed: it is read from its beginning to its end. Only so it can be read from any web server: not all of them
            send pieces.

    Raises:
        DataError: if it cannot be opened.
    """
    filesystem, path = file_system(name)
    try:
        web = streamed and "http" in filesystem.protocol
        raw = filesystem.open(path, "rb", **({"block_size": 0} if web else {}))
    except Exception as error:
        raise DataError(f"cannot read: {reason(error)}", path=name) from None
    stream = io.BufferedReader(_File(raw), 1 << 20)
    return Gunzipped.open(stream, name) if is_gzipped(name) else stream


def is_gzipped(name: str) -> bool:
    """Whether a file is unpacked as it is read, so that it can only be read from its beginning."""
    return name.endswith(".gz")


def is_local(name: str) -> bool:
    """Whether a file lies on a disk of this machine, or what looks like one."""
    return isinstance(file_system(name)[0], LocalFileSystem)


def file_system(name: str) -> tuple[Any, str]:
    """The file system of a path or URL, and what it calls the file.

    Raises:
        UsageError: if there is none for such a URL.
        ResourceError: if its package is not installed.
    """
    try:
        filesystem, path = fsspec.core.url_to_fs(name)
    except ImportError as error:
        raise ResourceError(f"{name}: {reason(error)}") from None
    except ValueError as error:
        raise UsageError(f"{name}: {reason(error)}") from None
    return filesystem, path


def reason(error: Exception) -> str:
    """What an exception of a file system says, in one line."""
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (told.splitlines() or [""])[0] or type(error).__name__


def _matching(pattern: str) -> Iterator[Source]:
    filesystem, path = file_system(pattern)
    try:
        for name, info in _infos(filesystem, path).items():
            yield _source(filesystem, name, info)
    except FileNotFoundError:
        raise DataError("no such file or folder", path=pattern) from None
    except Exception as error:
        raise DataError(f"cannot read: {reason(error)}", path=pattern) from None


def _infos(filesystem: Any, path: str) -> Mapping[str, Mapping[str, Any]]:  # noqa: ANN401 - fsspec has no types
    try:
        info = filesystem.info(path)
    except FileNotFoundError:
        if not _is_glob(path):
            raise
        named = next(place for place, part in enumerate(PurePosixPath(path).parts) if _is_glob(part))
        found: dict[str, Mapping[str, Any]] = {}
        for name, info in filesystem.glob(path, detail=True).items():
            if not any(map(_is_hidden, PurePosixPath(name).parts[named:])):
                found |= _files_of(filesystem, name, info)
        return found
    return _files_of(filesystem, path, info)


def _files_of(filesystem: Any, path: str, info: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:  # noqa: ANN401
    if info["type"] != "directory":
        return {path: info}
    return {
        name: each
        for name, each in filesystem.find(path, detail=True).items()
        if not any(map(_is_hidden, PurePosixPath(name).relative_to(path).parts))
    }


def _is_glob(name: str) -> bool:
    return any(letter in name for letter in "*?[")


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def _source(filesystem: Any, path: str, info: Mapping[str, Any]) -> Source:  # noqa: ANN401
    local = isinstance(filesystem, LocalFileSystem)
    version = next((str(info[key]) for key in _VERSIONS if info.get(key)), "")
    return Source(str(Path(path)) if local else filesystem.unstrip_protocol(path), info.get("size"), version)


class _File(io.RawIOBase):
    """A file of fsspec whose errors are those of files, and that says whether it can really be sought in."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.found: bool | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer
        try:
            data = self.file.read(len(buffer))
        except OSError:
            raise
        except Exception as error:  # each file system has its own
            raise OSError(reason(error)) from error
        buffer[: len(data)] = data
        return len(data)

    def seekable(self) -> bool:
        # Asked at each seek, so tried once. A file of a web server says yes, and then fails.
        if self.found is None:
            at = self.file.tell()
            try:
                self.file.seek(at + 1)
                self.file.read(1)
                self.file.seek(at)
                self.found = True
            except Exception:
                self.found = False
        return self.found

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def close(self) -> None:
        self.file.close()
        super().close()
