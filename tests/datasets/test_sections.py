"""The rows of a file's sections are the rows of the file."""

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cct_text.datasets.files import read_rows
from cct_text.datasets.sections import SECTION_ROWS, Section, cut, read_section
from cct_text.errors import DataError
from tests.support.user_files import FORMATS, as_csv, as_jsonl, as_parquet

QUESTIONS = [("HUM", f"Who wrote, in {year},\n\"Hamlet\" or 'Faust' ?") for year in range(1500, 1600)]


def opened(content):
    return io.BufferedReader(io.BytesIO(content))


def rows_of_sections(content, form, size):
    """(text, line, row) of every row, section by section, each with a file of its own; and the sections."""
    sections = [Section.from_dict(json.loads(json.dumps(s.to_dict()))) for s in cut(opened(content), form, size)]
    rows = []
    for section in sections:
        row = section.row
        for batch in read_section(opened(content), "name", section):
            for text, line in zip(batch.texts.to_pylist(), batch.lines.to_pylist(), strict=True):
                rows.append((text, line, row))
                row += 1
    return rows, sections


def rows_of_file(content, form):
    batches = list(read_rows(io.BytesIO(content), format=form))
    texts = [text for batch in batches for text in batch.texts.to_pylist()]
    lines = [line for batch in batches for line in batch.lines.to_pylist()]
    return list(zip(texts, lines, range(1, len(texts) + 1), strict=True))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("size", [1, 100, 1000, 1 << 30])
def test_sections_of_every_format_have_the_rows_of_the_file_in_order(form, size):
    content = FORMATS[form](QUESTIONS)
    rows, sections = rows_of_sections(content, form, size)
    assert rows == rows_of_file(content, form)
    assert sum(section.rows for section in sections) == len(rows)
    assert (len(sections) == 1) == (size == 1 << 30)


FIELD = st.text(st.sampled_from('ab",;\t\n\r {}[]\\\ufeff\u2028\x85\xa0é'), max_size=6)


@given(st.lists(st.tuples(FIELD, FIELD), max_size=12), st.integers(1, 60), st.sampled_from(["csv", "jsonl", "parquet"]))
@settings(deadline=None, max_examples=150)
def test_any_values_at_all_survive_the_cuts(rows, size, form):
    content = {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}[form](rows)
    assert rows_of_sections(content, form, size)[0] == rows_of_file(content, form)


def outcome(read):
    """The rows, or the line of the one that is refused."""
    try:
        return read()
    except DataError as error:
        return error.line


LINES = st.lists(
    st.one_of(
        st.sampled_from([b"", b" ", b"\xa0", b"\xc2\xa0", b'{"text": "a"}', b' {"text": 1}']), st.binary(max_size=8)
    )
)


@given(LINES, st.integers(1, 30), st.sampled_from(["text", "jsonl", "csv", "tsv"]))
@settings(deadline=None, max_examples=300)
def test_any_bytes_at_all_are_read_or_refused_as_the_whole_file_is(lines, size, form):
    content = b"\n".join(lines)
    assert outcome(lambda: rows_of_sections(content, form, size)[0]) == outcome(lambda: rows_of_file(content, form))


@pytest.mark.parametrize(
    ("form", "broken", "line"),
    [("csv", b"one,two,three\n", 202), ("csv", b'a,"open\n', 202), ("jsonl", b'{"text": \n', 202)],
)
def test_an_error_behind_the_cuts_tells_the_line_of_the_file(form, broken, line):
    good = {"csv": b"label,text\n" + b"a,b\n" * 200, "jsonl": b'{"text": "a"}\n' * 201}[form]
    with pytest.raises(DataError) as raised:
        rows_of_sections(good + broken + good, form, 50)
    assert raised.value.line == line
    assert str(raised.value).startswith(f"name:{line}: ")


def test_parquet_is_cut_between_row_groups_and_within_large_ones():
    table = pa.table({"text": [f"number {number}" for number in range(1000)]})
    file = io.BytesIO()
    with pq.ParquetWriter(file, table.schema) as writer:
        for start, rows in ((0, 20), (20, 30), (50, 900), (950, 50)):
            writer.write_table(table.slice(start, rows))
    bytes_each = sum(pq.ParquetFile(file).metadata.row_group(group).total_byte_size for group in range(4)) / 1000
    rows, sections = rows_of_sections(file.getvalue(), "parquet", int(bytes_each * 300))
    assert [row[0] for row in rows] == table["text"].to_pylist()
    assert sections[0] == Section("parquet", 0, 50, line=1, row=1, rows=50)
    assert max(section.rows for section in sections) <= 300


def test_equal_texts_which_parquet_stores_once_are_shared_all_the_same():
    content = as_parquet([("a", "the same")] * (2 * SECTION_ROWS + 1))
    assert [section.rows for section in cut(opened(content), "parquet")] == [SECTION_ROWS, SECTION_ROWS, 1]


def test_a_file_that_has_other_rows_than_when_it_was_cut_is_refused():
    content = b"one\ntwo\nthree\nfour\n"
    _, second = cut(opened(content), "text", 7)
    with pytest.raises(DataError, match="1 rows from line 3 on, where there were 2: it changed"):
        list(read_section(opened(b"one\ntwo\nthreefour\n"), "name", second))


def test_a_packed_file_is_read_whole(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(as_csv(QUESTIONS)))
    with gzip.open(path) as stream:
        assert sum(len(batch.texts) for batch in read_section(stream, "x.csv.gz", Section("csv"))) == len(QUESTIONS)
