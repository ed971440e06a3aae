"""Small files that unpack to gigabytes, made in a moment: what is packed repeats a piece that was packed once."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GIGABYTE = 1 << 30
MOST_MEMBERS = 1000
"""Of an archive, in place of the library's number, which takes a while to be exceeded."""
_LINE = b"abcdefghijklmno " * 63 + b"abcdefghijklmno\n"
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


def _one_text_in_many_rows(path: Path) -> Path:
    """A Parquet file whose dictionary has one text of 16 MB, to which 100,000 rows refer: 1.6 TB in a kilobyte."""
    values = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), pa.array(["x" * (1 << 24)]))
    pq.write_table(pa.table({"text": values}), path, compression="zstd")
    return path


@dataclass(frozen=True)
class Bomb:
    """A file that unpacks to gigabytes.

    Attributes:
        how: it is read: as the official file of a data set, as rows, or as word vectors.
        name: of the file.
        write: it to a path.
        words: that its refusal has.
    """

    how: str
    name: str
    write: Callable[[Path], Path]
    words: str


def bombs(size: int) -> dict[str, Bomb]:
    """One of each kind, by what it is called, of so many bytes unpacked, a multiple of 4 MB."""
    return {
        "a review": Bomb("official", "aclImdb_v1.tar.gz", lambda p: tarred(p, "aclImdb/train/pos/0_9.txt", size), "too many"),
        "a long name": Bomb("official", "aclImdb_v1.tar.gz", lambda p: tarred(p, "x", size, tarfile.GNUTYPE_LONGNAME), "head"),
        "a header": Bomb("official", "dbpedia_csv.tar.gz", lambda p: tarred(p, "x", size, tarfile.XHDTYPE), "a header of"),
        "members": Bomb("official", "aclImdb_v1.tar.gz", lambda p: tarred_many(p, MOST_MEMBERS + 1), "more than 1,000 members"),
        "a table": Bomb("official", "dbpedia_csv.tar.gz", lambda p: tarred(p, "dbpedia_csv/train.csv", GIGABYTE), "bytes"),
        "trees": Bomb("official", "trainDevTestTrees_PTB.zip", lambda p: zipped(p, "trees/train.txt", size), "more than any"),
        "trees that lie": Bomb(
            "official", "trainDevTestTrees_PTB.zip", lambda p: zipped(p, "trees/train.txt", size, said=1000), "Bad CRC-32"
        ),
        "trees by bzip2": Bomb(
            "official", "trainDevTestTrees_PTB.zip", lambda p: bzipped(p, "trees/train.txt", 1 << 25), "zip it anew"
        ),
        "one line": Bomb("rows", "a.txt.gz", lambda p: gzipped(p, size), "bytes unpack to"),
        "lines": Bomb("rows", "a.txt.gz", lambda p: gzipped(p, size, _LINE), "bytes unpack to"),
        "a field": Bomb("rows", "a.csv.gz", lambda p: gzipped(p, size, b'"' + b"a" * 1023, head=b"text,label\n"), "unpack to"),
        "an object": Bomb("rows", "a.jsonl.gz", lambda p: gzipped(p, size, b"[" * 16), "bytes unpack to"),
        "one row": Bomb("vectors", "m.txt.gz", lambda p: gzipped(p, size, b"1 " * 8, head=b"w "), "more than 1,048,576"),
        "blank rows": Bomb("vectors", "m.txt.gz", lambda p: gzipped(p, size, b"\n" + b" " * 1023), "bytes unpack to"),
        "words": Bomb("vectors", "m.bin.gz", lambda p: gzipped(p, size, head=b"99999999 300\n"), "ends in row 1"),
        "a member": Bomb("vectors", "m.zip", lambda p: zipped(p, "m.txt", size), "bytes unpack to"),
        "a member that lies": Bomb("vectors", "m.zip", lambda p: zipped(p, "m.txt", size, said=100), "Bad CRC-32"),
        "a member by bzip2": Bomb("vectors", "m.zip", lambda p: bzipped(p, "m.txt", 1 << 25), "zip it anew by deflate"),
        "NumPy": Bomb("vectors", "m.npz", lambda p: zipped(p, "vectors.npy", size), "bytes unpack to"),
        "one text in many rows": Bomb("rows", "a.parquet", _one_text_in_many_rows, "bytes have more than 200 times as many"),
        "torch": Bomb("vectors", "m.pt", lambda p: zipped(p, "archive/data/0", size), "bytes unpack to"),
    }  # fmt: skip


@dataclass(frozen=True)
class Refusal:
    """What was said of a bomb.

    Attributes:
        path: of the bomb.
        told: the message; None where it was read as if it were none.
        megabytes: the most that the process had taken by then.
    """

    path: Path
    told: str | None
    megabytes: int


def refusals(folder: Path, kinds: Mapping[str, Bomb], *, members: int = MOST_MEMBERS) -> dict[str, Refusal]:
    """What a process of its own says of bombs that it reads one after the other; it may claim 6 GB of memory at most.

    Args:
        folder: where they are written.
        kinds: the bombs.
        members: of an archive, at most.
    """
    paths = {kind: folder / str(number) / bomb.name for number, (kind, bomb) in enumerate(kinds.items())}
    for kind, path in paths.items():
        path.parent.mkdir()
        kinds[kind].write(path)
    run = subprocess.run(
        [sys.executable, "-c", _READ, str(members)],
        input=json.dumps([(kinds[kind].how, str(path)) for kind, path in paths.items()]),
        capture_output=True,
        text=True,
        env={**os.environ, "CCT_TEXT_HOME": str(folder / "home")},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    answers = map(json.loads, run.stdout.splitlines())
    return {kind: Refusal(path, *answer) for (kind, path), answer in zip(paths.items(), answers, strict=True)}


_READ = """
import json, re, resource, sys
from pathlib import Path
from cct_text import unpacking
from cct_text.config import Config
from cct_text.datasets import load_dataset
from cct_text.datasets.files import read_rows
from cct_text.errors import DataError
from cct_text.vectors import load_vectors

resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
unpacking.MOST_MEMBERS = int(sys.argv[1])

def official(path):
    name = {"aclImdb_v1.tar.gz": "imdb", "dbpedia_csv.tar.gz": "dbpedia", "trainDevTestTrees_PTB.zip": "sst5"}[path.name]
    load_dataset(Config().with_values({"dataset": name, "data_dir": str(path.parent)}, source="").data)

def rows(path):
    for _ in read_rows(path):
        pass

for how, path in json.load(sys.stdin):
    told = None
    try:
        {"official": official, "rows": rows, "vectors": load_vectors}[how](Path(path) if how != "vectors" else path)
    except DataError as error:
        told = str(error)
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024
    print(json.dumps([told, peak]))
"""
