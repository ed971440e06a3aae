"""Small files that unpack to gigabytes, made in a moment: what is packed repeats a piece that was packed once."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

GIGABYTE = 1 << 30
_PIECE = 1 << 22


def gzipped(path: Path, size: int, content: bytes = b"\0", *, head: bytes = b"") -> Path:
    """A .gz of `head` and then `size` bytes, a multiple of 4 MB, that repeat `content`.

    A gzip file may have several parts one after the other, and all but the first are the same here.
    """

    def part(data: bytes) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        return packer.compress(data) + packer.flush()

    piece = part(content * (_PIECE // len(content)))
    with path.open("wb") as out:
        out.write(part(head) if head else b"")
        for _ in range(size // _PIECE):
            out.write(piece)
    return path


def zipped(path: Path, name: str, size: int, content: bytes = b"\0", *, said: int | None = None) -> Path:
    """A .zip with a member of `size` bytes, a multiple of 4 MB, which may say that it has other ones; its CRC is wrong."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(content * (_PIECE // len(content))) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = first * (size // _PIECE) + packer.flush()
    told = size if said is None else said
    wide = told > 0xFFFFFFFF
    extra = struct.pack("<HHQ", 1, 8, told) if wide else b""
    sizes = struct.pack("<III", 0, len(packed), 0xFFFFFFFF if wide else told)
    local = b"PK\3\4" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + sizes + struct.pack("<HH", len(name), 0) + name.encode()
    entry = b"PK\1\2" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0) + sizes
    entry += struct.pack("<HHHHHII", len(name), len(extra), 0, 0, 0, 0, 0) + name.encode() + extra
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local) + len(packed), 0)
    path.write_bytes(local + packed + entry + end)
    return path


def bzipped(path: Path, name: str, size: int) -> Path:
    """A .zip with a member of zeros that is compressed by bzip2, of which Python unpacks a gigabyte from a kilobyte at once."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive, archive.open(name, "w", force_zip64=True) as out:
        for _ in range(size // _PIECE):
            out.write(bytes(_PIECE))
    return path


def tarred(path: Path, name: str, size: int, kind: bytes = tarfile.REGTYPE) -> Path:
    """A .tar.gz whose one member has `size` bytes of zeros; of a kind of tarfile's, so that a header may be as large."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return gzipped(path, size, head=info.tobuf(tarfile.GNU_FORMAT))


def tarred_many(path: Path, count: int) -> Path:
    """A .tar.gz of so many empty members."""
    headers = io.BytesIO()
    for number in range(count):
        headers.write(tarfile.TarInfo(f"aclImdb/train/pos/{number}_9.txt").tobuf(tarfile.USTAR_FORMAT))
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    path.write_bytes(packer.compress(headers.getvalue() + bytes(1024)) + packer.flush())
    return path
