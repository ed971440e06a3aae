"""What is packed, read as a stream and within limits; nothing of it is written to disk.

A few megabytes of an archive can unpack to any size. What comes out is measured against what went in, and names, links and
sizes are looked at before a member is read.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Self, cast

from cct_text.errors import DataError

MOST_TIMES = 200
"""What is unpacked may have so many times the bytes of what is packed; zeros have 1,000 times, GloVe's files 2.5 times."""
UNMEASURED_BYTES = 1 << 26
"""So much may be unpacked without being measured."""
MOST_MEMBERS = 200_000
"""Of a .tar.gz; that of IMDb, the most of all data sets here, has 100,000."""
_MOST_HEADER_BYTES = 1 << 20
"""Of what stands before a member of a .tar: its long name and the like, which are read into memory."""
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_READ_BY = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflate"}
"""Ways to compress whose output comes in pieces; Python unpacks a block of the others whole, be it of gigabytes."""


def bounded_lines(stream: IO[bytes], most: int, name: str | Path, *, first: int = 1) -> Iterator[bytes]:
    """The lines of a stream, their ends included.

    Args:
        stream: the file.
        most: bytes of a line.
        name: of the file.
        first: number of the first line.

    Raises:
        DataError: at a longer line, before it is read whole.
    """
    for number, line in enumerate(iter(partial(stream.readline, most + 1), b""), start=first):
        if len(line) > most:
            raise DataError(f"a line of more than {most:,} bytes: {line[:20]!r}...", path=name, line=number)
        yield line


class Gunzipped(io.RawIOBase):
    """The content of a gzipped file, which is closed with it.

    Reading raises a DataError where it has more than `MOST_TIMES` the bytes of the file.

    Args:
        packed: the file.
        name: of the file.
    """

    def __init__(self, packed: BinaryIO, name: str | Path) -> None:
        self._packed = _Counted(packed)
        self._content = gzip.GzipFile(fileobj=cast(BinaryIO, self._packed), mode="rb")
        self._name = name

    @classmethod
    def open(cls, packed: BinaryIO, name: str | Path) -> io.BufferedReader:
        """The content as a buffered stream."""
        return io.BufferedReader(cls(packed, name), 1 << 17)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer
        """Read on, as far as the limit allows."""
        count = self._content.readinto(buffer)
        require_modest(self._content.tell(), self._packed.taken, self._name)
        return count

    def seekable(self) -> bool:
        """Whether the file is."""
        return self._packed.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of `gzip.GzipFile`: backwards it begins anew."""
        return self._content.seek(offset, whence)

    def tell(self) -> int:
        """Place in the content."""
        return self._content.tell()

    def close(self) -> None:
        """Close the file as well."""
        self._content.close()
        self._packed.close()
        super().close()


class _Counted(io.RawIOBase):
    """A stream that counts what is taken of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer
        data = self.stream.read(len(buffer))
        buffer[: len(data)] = data
        self.taken += len(data)
        return len(data)

    def seekable(self) -> bool:
        return self.stream.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.stream.seek(offset, whence)

    def close(self) -> None:
        self.stream.close()
        super().close()


def require_modest(unpacked: int, packed: int, name: str | Path) -> None:
    """See that what is unpacked is of a size that texts and numbers have.

    Raises:
        DataError: if it is many times as large as what is packed.
    """
    if unpacked > max(UNMEASURED_BYTES, MOST_TIMES * packed):
        raise DataError(
            f"refused: {packed:,} bytes unpack to {unpacked:,} or more, as no texts or vectors do; unpack it yourself if it "
            "is meant",
            path=name,
        )


def require_modest_zip(path: Path) -> None:
    """See that the members of a zip, of which a library will read all, are of sizes that may be unpacked.

    Raises:
        DataError: if one is not, by what the zip says; or is compressed in another way than by deflate.
        zipfile.BadZipFile: if it is none.
    """
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            require_member(info, path)


def require_member(info: zipfile.ZipInfo, path: Path) -> None:
    """See that a member of a zip may be read.

    Raises:
        DataError: if it is not of a size that may be unpacked, by what the zip says; or is compressed in another way than by
            deflate.
    """
    if info.compress_type not in _READ_BY:
        raise DataError(
            f"member {info.filename:.80}: compressed by method {info.compress_type}; zip it anew by deflate", path=path
        )
    require_modest(info.file_size, info.compress_size, f"{path}!{info.filename:.80}")


def tar_members(path: Path, *, most_bytes: int) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Name, size and content of each file of a .tar.gz, in one pass.

    Args:
        path: the archive.
        most_bytes: of all of it, unpacked.

    Raises:
        DataError: at a link, a device or a name that leads out of the archive; at too many members or bytes.
        tarfile.TarError: where it is damaged; zlib.error, EOFError and OSError as well.
    """
    # Not mode "r|gz", for which an archive that breaks off between two members is whole.
    with (
        Gunzipped.open(path.open("rb"), path) as unpacked,
        tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_Header) as archive,
    ):
        for number, member in enumerate(archive, start=1):
            if number > MOST_MEMBERS:
                raise DataError(f"more than {MOST_MEMBERS:,} members; is it the official archive?", path=path)
            _require_inside(member, path)
            if unpacked.tell() + member.size > most_bytes:
                raise DataError(
                    f"member {member.name:.80}: {member.size:,} bytes, too many; is it the official archive?", path=path
                )
            stream = archive.extractfile(member)
            if stream is not None:
                yield member.name, member.size, stream
        # The checksum stands at the end.
        while unpacked.read(1 << 20):
            if unpacked.tell() > most_bytes:
                raise DataError(f"more than {most_bytes:,} bytes; is it the official archive?", path=path)


class _Header(tarfile.TarInfo):
    """A member's header; one that would fill the memory is refused."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.type in _HEADERS and header.size > _MOST_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {header.size:,} bytes")
        return header


def _require_inside(member: tarfile.TarInfo, path: Path) -> None:
    kind = None if member.isfile() or member.isdir() else "a link" if member.issym() or member.islnk() else "a device"
    name = PurePosixPath(member.name)
    if kind is None and (name.is_absolute() or ".." in name.parts):
        kind = "a name that leads out of the archive"
    if kind is not None:
        raise DataError(f"member {member.name[:80]!r}: {kind}; is it the official archive?", path=path)
