"""The output folder: Parquet parts and a manifest, on this machine or by URL, each file written whole or not at all."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from cct_text.atomic_writes import write_atomically
from cct_text.datasets.sections import Section
from cct_text.distributed.sources import Source, file_system, is_local, reason
from cct_text.errors import DataError, UsageError

MANIFEST = "_manifest.json"
"""What the parts were made of. Readers of folders leave out names that begin with an underscore."""
FORMAT = 1
"""Version of the manifest; one of another version is refused."""


@dataclass(frozen=True)
class PlannedFile:
    """A file and what it was cut into.

    Attributes:
        source: the file as it was then.
        sections: of it, in order.
    """

    source: Source
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Manifest:
    """What a folder of predictions is made of.

    Attributes:
        run: SHA-256 of what describes the run with its checksums.
        options: that the predictions depend on.
        files: that are read, in order.
        rows: in all parts; None until they are complete.
    """

    run: str
    options: Mapping[str, Any]
    files: tuple[PlannedFile, ...]
    rows: int | None = None

    def to_json(self) -> str:
        """The text of the file."""
        files = [
            {**vars(file.source), "sections": [section.to_dict() for section in file.sections]} for file in self.files
        ]
        document = {"format": FORMAT, "run": self.run, "options": dict(self.options), "rows": self.rows, "files": files}
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: bytes, path: str) -> Self:
        """What `to_json` returned.

        Raises:
            DataError: if it is damaged or of another version.
        """
        try:
            document = json.loads(text)
            if document["format"] != FORMAT:
                raise DataError(f"format {document['format']}, this version reads {FORMAT}; begin anew", path=path)
            files = tuple(
                PlannedFile(
                    Source(file["name"], file["size"], file["version"]),
                    tuple(map(Section.from_dict, file["sections"])),
                )
                for file in document["files"]
            )
            return cls(document["run"], document["options"], files, document["rows"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(f"damaged: {error}; begin anew in another folder", path=path) from None


def part_name(file: int, section: int) -> str:
    """The name of a section's predictions; names sort as the rows do."""
    return f"part-{file:06d}-{section:06d}.parquet"


class OutputFolder:
    """A folder of predictions.

    Args:
        place: its path or URL; it is made when the first file is written.

    Attributes:
        place: as an absolute path, or the URL.
    """

    def __init__(self, place: str) -> None:
        self.filesystem, self.path = file_system(place)
        self.local = is_local(place)
        self.place = self.path if self.local else place.rstrip("/")

    def names(self) -> set[str]:
        """What lies in it; nothing where it is not there.

        Raises:
            UsageError: if it is a file, or cannot be read.
        """
        try:
            self.filesystem.invalidate_cache()
            if not self.filesystem.exists(self.path):
                return set()
            if not self.filesystem.isdir(self.path):
                raise UsageError(f"{self.place}: is a file; name a folder for the parts")
            return {str(name).rstrip("/").rpartition("/")[2] for name in self.filesystem.ls(self.path, detail=False)}
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(f"{self.place}: cannot read: {reason(error)}") from None

    def holds(self, name: str) -> bool:
        """Whether a file of that name, an absolute path or a URL, lies in it."""
        return name.startswith(f"{self.place}/")

    def write(self, name: str, content: bytes) -> None:
        """Write a file, which appears when it is whole and takes the place of one of that name.

        Raises:
            UsageError: if it cannot be written.
        """
        path = f"{self.path}/{name}"
        if self.local:
            with write_atomically(path) as temporary:
                temporary.write_bytes(content)
            return
        other = f"{self.path}/.{name}.{secrets.token_hex(8)}.part"
        try:
            self.filesystem.makedirs(self.path, exist_ok=True)
            self.filesystem.pipe_file(other, content)
            self.filesystem.mv(other, path)
        except Exception as error:
            raise UsageError(f"{self.place}/{name}: cannot write: {reason(error)}") from error

    def read_manifest(self) -> Manifest:
        """What the parts are made of.

        Raises:
            DataError: if it cannot be read, is damaged, or of another version.
        """
        path = f"{self.place}/{MANIFEST}"
        try:
            text = self.filesystem.cat_file(f"{self.path}/{MANIFEST}")
        except Exception as error:
            raise DataError(f"cannot read: {reason(error)}", path=path) from None
        return Manifest.from_json(text, path)

    def rows_of(self, name: str) -> int | None:
        """Rows of a part; None if it is damaged."""
        try:
            with self.filesystem.open(f"{self.path}/{name}", "rb") as file:
                return int(pq.read_metadata(file).num_rows)
        except (pa.ArrowException, OSError):
            return None

    def remove(self, names: Iterable[str]) -> None:
        """Remove files that are there."""
        for name in names:
            self.filesystem.rm_file(f"{self.path}/{name}")

    def tidy(self) -> None:
        """Remove what processes that were killed were writing."""
        self.remove(name for name in self.names() if name.startswith(".part-"))
