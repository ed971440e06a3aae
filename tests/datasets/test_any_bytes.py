"""Whatever bytes a file holds, reading it ends in rows or in an error of ours; whatever rows were written come back."""

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cct_text.config import DataConfig
from cct_text.datasets import load_dataset
from cct_text.datasets.files import read_rows
from cct_text.errors import CCTTextError, DataError
from tests.support.user_files import FORMATS, as_jsonl, as_parquet, read

ENDINGS = [".txt", ".csv", ".tsv", ".jsonl", ".json", ".parquet", ".csv.gz", ".parquet.gz"]

# Bytes that mean something to one of the readers come up more often than by chance.
MARKS = [b"\n", b"\r", b"\r\n", b'"', b",", b"\t", b"{", b"}", b"[", b":", b"\x00", b"\xff", b"\xef\xbb\xbf"]
WORDS = [b'"text"', b'"label"', b"text,label\n", b"\\ud800", b"__label__", b"PAR1", b"\x1f\x8b\x08"]
PIECES = st.sampled_from([*MARKS, *WORDS, b'{"text": "a", "label": 1}\n'])
BYTES = st.lists(PIECES | st.binary(max_size=6), max_size=40).map(b"".join)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LABELS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n \t"), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bytes")


def read_or_refuse(path):
    """Read the file as rows and as a data set; all but our own errors come through."""
    for reading in (
        lambda: list(read_rows(path)),
        lambda: list(read_rows(path, labelled=True)),
        lambda: load_dataset(DataConfig(dataset=str(path), test=str(path))),
    ):
        told = error_of(reading)
        assert told is None or len(told.splitlines()) <= 2, told


def error_of(reading):
    """What our error says, if there is one."""
    try:
        reading()
    except CCTTextError as error:
        return str(error)
    return None


@pytest.mark.parametrize("ending", ENDINGS)
@settings(deadline=None, max_examples=60)
@given(content=BYTES)
def test_any_bytes_under_any_ending_are_rows_or_an_error_of_ours(folder, ending, content):
    path = folder / f"any{ending}"
    path.write_bytes(gzip.compress(content, mtime=0) if ending == ".csv.gz" else content)
    read_or_refuse(path)


ROWS = [("a", "one"), ("b", "two, three"), ("a", 'a "quoted"\nfour')] * 20
WHOLE = {
    ".csv.gz": gzip.compress(FORMATS["csv"](ROWS), mtime=0),
    ".jsonl.gz": gzip.compress(as_jsonl(ROWS), mtime=0),
    ".parquet": as_parquet(ROWS),
}


@pytest.mark.parametrize("ending", WHOLE)
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_file_with_some_bytes_wrong_is_rows_or_an_error_of_ours(folder, ending, data):
    content = bytearray(WHOLE[ending])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = folder / f"damaged{ending}"
    path.write_bytes(content)
    read_or_refuse(path)


@pytest.mark.parametrize("ending", WHOLE)
def test_a_file_that_breaks_off_is_refused(folder, ending):
    whole = WHOLE[ending]
    for length in range(1, len(whole), max(1, len(whole) // 50)):
        path = folder / f"short{ending}"
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=rf"short{ending}"):
            list(read_rows(path))


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
@settings(deadline=None, max_examples=80)
@given(rows=st.lists(st.tuples(LABELS, TEXTS), min_size=1, max_size=12))
def test_rows_come_back_as_they_were_written(form, rows):
    read_back, replaced = read(FORMATS[form](rows), form)
    assert [(label, text) for label, text, _ in read_back] == rows
    assert replaced == 0


@settings(deadline=None, max_examples=80)
@given(rows=st.lists(st.tuples(LABELS, TEXTS.filter(lambda text: "\n" not in text)), min_size=1, max_size=12))
def test_rows_without_line_ends_come_back_from_a_text_file(rows):
    # A carriage return before the line end belongs to the line end, and a second label would be refused.
    rows = [(label.rstrip("\r") or "x", text.rstrip("\r").removeprefix("__label__")) for label, text in rows]
    assert [(label, text) for label, text, _ in read(FORMATS["text"](rows), "text")[0]] == rows


@settings(deadline=None, max_examples=40)
@given(values=st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), min_size=1, max_size=8))
def test_numbers_of_json_and_parquet_give_the_same_text(values):
    file = io.BytesIO()
    pq.write_table(pa.table({"text": pa.array(values, pa.int64()), "label": ["x"] * len(values)}), file)
    as_written = [(label, text) for label, text, _ in read(as_jsonl([("x", value) for value in values]), "jsonl")[0]]
    assert [(label, text) for label, text, _ in read(file.getvalue(), "parquet")[0]] == as_written
