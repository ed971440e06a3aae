"""Files that unpack to gigabytes are refused with a message, in bounded memory, whoever reads them."""

from __future__ import annotations

import gzip
import io
import os

import pytest

from cct_text.errors import DataError
from cct_text.unpacking import MOST_TIMES, UNMEASURED_BYTES, Gunzipped, bounded_lines, require_modest
from tests.support.bombs import GIGABYTE, bombs, refusals

MOST_MEGABYTES = 600
"""That a process has taken when it has refused all bombs; 300 of these are Python, Arrow and torch."""
BOMBS = bombs(10 * GIGABYTE)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return refusals(tmp_path_factory.mktemp("bombs"), BOMBS)


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory(found, kind):
    refusal = found[kind]
    assert refusal.path.stat().st_size < 48 << 20
    assert refusal.told is not None
    assert refusal.told.startswith(str(refusal.path))
    assert BOMBS[kind].words in refusal.told
    assert len(refusal.told.splitlines()) == 1
    assert len(refusal.told) < 400
    assert refusal.megabytes < MOST_MEGABYTES


def test_gigabytes_that_are_no_bomb_may_be_read():
    require_modest(100 << 30, 1 << 30, "m.txt.gz")
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
