"""Files and folders that appear under their names when they are whole, or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from cct_text.errors import UsageError


@contextmanager
def write_atomically(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name when the block ends well and is removed when it does not.

    What cannot be replaced (`is_fixed`) is given as it is.

    Raises:
        UsageError: if the file cannot be written: no permission, a folder of that name, a full disk.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        if is_fixed(path):
            yield path
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _beside(path)
        # Not by tempfile, which makes files private: a result is as readable as any file the user creates.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        flush(temporary)
        temporary.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise UsageError(f"{path}: cannot write: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def is_fixed(path: Path) -> bool:
    """Whether nothing can take a path's place: that of a device or a named pipe."""
    return path.exists() and not path.is_file()


def led_to(path: Path) -> Path:
    """The file whose place is taken by one of this name: where the name is a link, what it leads to, as the link stays."""
    return Path(os.path.realpath(path)) if path.is_symlink() and not is_fixed(path) else path


@contextmanager
def write_folder_atomically(path: str | Path) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its name when the block ends well and is removed when it does not.

    Raises:
        UsageError: if `path` is there and is not an empty folder, or cannot be written.
    """
    path = Path(path)
    _require_free(path)
    temporary = _beside(path.absolute())
    made = [parent for parent in temporary.parents if not parent.exists()]
    try:
        temporary.mkdir(parents=True)
        yield temporary
        for file in temporary.rglob("*"):
            if file.is_file():
                flush(file)
        _require_free(path)
        temporary.replace(path)
        flush_folder(path.absolute().parent)
    except OSError as error:
        raise UsageError(f"{path}: cannot write: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        for parent in made:
            with suppress(OSError):  # not empty: the folder is in it
                parent.rmdir()


@contextmanager
def replace_folder(path: Path) -> Iterator[Path]:
    """A temporary folder that takes the place of one that is damaged, or not there, when the block ends well.

    What is there goes at once, and what killed processes left beside it. Whoever calls it sees that no other process does the
    same at that time.

    Raises:
        OSError: if something cannot be written.
    """
    for left in (path, *path.parent.glob(f".{escape(path.name)}.*")):
        shutil.rmtree(left, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield temporary
        os.replace(temporary, path)  # noqa: PTH105 - the same as Path.replace, for folders
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_parts(path: str | Path) -> None:
    """Remove what processes that were killed while they wrote a file left beside it; no other may be writing it now."""
    path = Path(path)
    for part in path.parent.glob(f".{escape(path.name[:100])}.{'[0-9a-f]' * 16}.part"):
        part.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.part")


def flush(file: Path) -> None:
    """Have a file's bytes on the disk: a power cut after a renaming must not leave an empty file of that name."""
    with file.open("rb") as written:
        os.fsync(written.fileno())


def flush_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, as far as the system can."""
    with suppress(OSError):  # some file systems, and Windows, know no such thing
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _require_free(path: Path) -> None:
    if path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))):
        raise UsageError(f"{path}: is there already; name a new folder")
