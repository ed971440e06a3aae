"""Files that unpack to gigabytes are refused with a message, in bounded memory, whoever reads them."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cct_text.errors import DataError
from cct_text.unpacking import MOST_TIMES, UNMEASURED_BYTES, Gunzipped, bounded_lines, require_modest
from tests.support import bombs
from tests.support.bombs import GIGABYTE

MOST_MEGABYTES = 600
"""That a process has taken when it has refused all bombs; 300 of these are Python, Arrow and torch."""

READ = """
import json, re, resource, sys
from pathlib import Path
from cct_text import unpacking
from cct_text.config import Config
from cct_text.datasets import load_dataset
from cct_text.datasets.files import read_rows
from cct_text.errors import DataError
from cct_text.vectors import load_vectors

resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
unpacking.MOST_MEMBERS = 1000

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


def rows_in_many_pieces(path):
    """A Parquet file whose dictionary has one text of 16 MB, to which 100,000 rows refer: 1.6 TB in 20 kB."""
    value = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), pa.array(["x" * (1 << 24)]))
    pq.write_table(pa.table({"text": value}), path, compression="zstd")
    return path


def wide_numpy(path):
    """An .npz whose vectors are 8 GB of zeros."""
    header = np.lib.format.header_data_from_array_1_0(np.zeros((0, 1), np.float32)) | {"shape": (2, 1 << 30)}
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, header)
    assert len(out.getvalue()) == 128
    return bombs.zipped(path, "vectors.npy", 8 * GIGABYTE)


TEN = 10 * GIGABYTE
MOST_PACKED = 48 << 20
LINE = b"abcdefghijklmno " * 63 + b"abcdefghijklmno\n"
BOMBS = {
    "a review": ("official", "aclImdb_v1.tar.gz", lambda p: bombs.tarred(p, "aclImdb/train/pos/0_9.txt", TEN), "too many"),
    "a long name": ("official", "aclImdb_v1.tar.gz", lambda p: bombs.tarred(p, "x", TEN, tarfile.GNUTYPE_LONGNAME), "header"),
    "a header": ("official", "dbpedia_csv.tar.gz", lambda p: bombs.tarred(p, "x", TEN, tarfile.XHDTYPE), "a header of"),
    "members": ("official", "aclImdb_v1.tar.gz", lambda p: bombs.tarred_many(p, 1001), "more than 1,000 members"),
    "a table": ("official", "dbpedia_csv.tar.gz", lambda p: bombs.tarred(p, "dbpedia_csv/train.csv", GIGABYTE - 1024), "bytes"),
    "trees": ("official", "trainDevTestTrees_PTB.zip", lambda p: bombs.zipped(p, "trees/train.txt", TEN), "more than any"),
    "trees that lie": (
        "official", "trainDevTestTrees_PTB.zip", lambda p: bombs.zipped(p, "trees/train.txt", TEN, said=1000), "Bad CRC-32"
    ),
    "trees by bzip2": (
        "official", "trainDevTestTrees_PTB.zip", lambda p: bombs.bzipped(p, "trees/train.txt", GIGABYTE // 32), "zip it anew"
    ),
    "one line": ("rows", "a.txt.gz", lambda p: bombs.gzipped(p, TEN), "bytes unpack to"),
    "lines": ("rows", "a.txt.gz", lambda p: bombs.gzipped(p, TEN, LINE), "bytes unpack to"),
    "a field": ("rows", "a.csv.gz", lambda p: bombs.gzipped(p, TEN, b'"' + b"a" * 1023, head=b"text,label\n"), "bytes unpack"),
    "an object": ("rows", "a.jsonl.gz", lambda p: bombs.gzipped(p, TEN, b"[" * 16), "bytes unpack to"),
    "one row": ("vectors", "m.txt.gz", lambda p: bombs.gzipped(p, TEN, b"1 " * 8, head=b"w "), "more than 1,048,576"),
    "blank rows": ("vectors", "m.txt.gz", lambda p: bombs.gzipped(p, TEN, b"\n" + b" " * 1023), "bytes unpack to"),
    "words": ("vectors", "m.bin.gz", lambda p: bombs.gzipped(p, TEN, head=b"99999999 300\n"), "ends in row 1"),
    "a member": ("vectors", "m.zip", lambda p: bombs.zipped(p, "m.txt", TEN), "bytes unpack to"),
    "a member that lies": ("vectors", "m.zip", lambda p: bombs.zipped(p, "m.txt", TEN, said=100), "Bad CRC-32"),
    "a member by bzip2": ("vectors", "m.zip", lambda p: bombs.bzipped(p, "m.txt", GIGABYTE // 32), "zip it anew by deflate"),
    "NumPy": ("vectors", "m.npz", wide_numpy, "bytes unpack to"),
    "one text in many rows": ("rows", "a.parquet", rows_in_many_pieces, "bytes have more than 200 times as many"),
    "torch": ("vectors", "m.pt", lambda p: bombs.zipped(p, "archive/data/0", TEN), "bytes unpack to"),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What was told of each bomb by one process that read them all, and the most megabytes that it had taken by then."""
    folder = tmp_path_factory.mktemp("bombs")
    paths = {kind: folder / str(number) / name for number, (kind, (_, name, _, _)) in enumerate(BOMBS.items())}
    for kind, path in paths.items():
        path.parent.mkdir()
        BOMBS[kind][2](path)
        assert path.stat().st_size < MOST_PACKED
    run = subprocess.run(
        [sys.executable, "-c", READ],
        input=json.dumps([(BOMBS[kind][0], str(path)) for kind, path in paths.items()]),
        capture_output=True,
        text=True,
        env={**os.environ, "CCT_TEXT_HOME": str(folder / "home")},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    answers = map(json.loads, run.stdout.splitlines())
    return {kind: (path, *answer) for (kind, path), answer in zip(paths.items(), answers, strict=True)}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory(found, kind):
    path, told, megabytes = found[kind]
    assert told is not None
    assert told.startswith(str(path))
    assert BOMBS[kind][3] in told
    assert len(told.splitlines()) == 1
    assert len(told) < 400
    assert megabytes < MOST_MEGABYTES


def test_gigabytes_that_are_no_bomb_may_be_read():
    require_modest(
        100 << 30, 1 << 30, "m.txt.gz"
    )  # GloVe's have 2.5 times the bytes, its longest lists of zeros 20 times
    require_modest(UNMEASURED_BYTES, 1, "small.csv.gz")
    with pytest.raises(DataError, match=r"^m.txt.gz: refused: 1,000,000 bytes unpack to 200,000,001 or more"):
        require_modest(MOST_TIMES * 1_000_000 + 1, 1_000_000, "m.txt.gz")


@pytest.mark.parametrize("size", [0, 1, 63, 64])
def test_a_line_of_just_the_bytes_that_are_allowed_is_read(size):
    content = b"x" * size + b"\n" + b"y"
    assert list(bounded_lines(io.BytesIO(content), 65, "a.txt")) == [b"x" * size + b"\n", b"y"]


def test_a_longer_line_is_told_with_its_number():
    with pytest.raises(DataError, match=r"^a.txt:8: a line of more than 3 bytes: b'1234'"):
        list(bounded_lines(io.BytesIO(b"ab\n1234"), 3, "a.txt", first=7))


def test_a_gzipped_file_reads_as_python_reads_it_and_is_closed_with_its_content(tmp_path):
    content = os.urandom(300_000) + b"\n" * 1000
    (tmp_path / "a.gz").write_bytes(gzip.compress(content[:100_000]) + gzip.compress(content[100_000:]))
    file = (tmp_path / "a.gz").open("rb")
    with Gunzipped.open(file, "a.gz") as stream:
        assert stream.peek(10)[:10] == content[:10]
        assert stream.read() == content
        assert stream.seek(5) == 5
        assert stream.read(7) == content[5:12]
    assert file.closed
