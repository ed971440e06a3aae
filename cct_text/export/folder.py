"""The folder that is exported, and the one that is written, which appears under its name when it is whole."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cct_text.errors import UsageError
from cct_text.inference.exported import EXPORT
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


def require_free(path: Path) -> None:
    """See that nothing stands where a folder is to be written; an empty folder may.

    Raises:
        UsageError: if something does.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise UsageError(f"{path}: there is a file of that name; name another folder")
    if path.is_dir() and any(path.iterdir()):
        raise UsageError(f"{path}: is there and not empty; remove it or name another folder")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its name when the block ends well and is removed when it does not.

    Raises:
        UsageError: if something stands there, or the folder cannot be written.
    """
    require_free(path)
    temporary = path.absolute().with_name(f".{path.absolute().name[:100]}.{secrets.token_hex(8)}.part")
    made = [parent for parent in temporary.parents if not parent.exists()]
    try:
        temporary.mkdir(parents=True)
        yield temporary
        require_free(path)
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot write: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        for parent in made:
            with suppress(OSError):  # not empty: the folder is in it
                parent.rmdir()
