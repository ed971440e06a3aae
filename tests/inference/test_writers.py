import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cct_text.errors import UsageError
from cct_text.inference.writers import ENDINGS, open_writer, output_format

SCHEMA = pa.schema([("label", pa.string()), ("probability", pa.float32())])
BATCHES = [
    pa.record_batch([["spam", 'says "hi", twice'], [0.25, 1.0]], schema=SCHEMA),
    pa.record_batch([["tab\there", "line\r\nbreak"], [1e-9, 0.1234567]], schema=SCHEMA),
]


def written(form, batches=BATCHES, schema=SCHEMA):
    file = io.BytesIO()
    with open_writer(file, form, schema) as write:
        for batch in batches:
            write(batch)
    return file.getvalue()


def test_text_is_one_line_for_each_row_without_a_header_whatever_a_label_holds():
    assert written("text").decode() == (
        'spam\t0.250000\nsays "hi", twice\t1.000000\ntab here\t0.000000\nline  break\t0.123457\n'
    )


def test_csv_names_its_columns_and_quotes_what_needs_it():
    assert written("csv").decode() == (
        'label,probability\nspam,0.250000\n"says ""hi"", twice",1.000000\n"tab\there",0.000000\n"line\r\nbreak",0.123457\n'
    )


def test_tsv_is_csv_with_tabs():
    assert written("tsv").decode() == (
        "label\tprobability\nspam\t0.250000\n"
        '"says ""hi"", twice"\t1.000000\n"tab\there"\t0.000000\n"line\r\nbreak"\t0.123457\n'
    )


def test_json_lines_hold_numbers_as_numbers():
    assert [json.loads(line) for line in written("jsonl").decode().splitlines()] == [
        {"label": "spam", "probability": 0.25},
        {"label": 'says "hi", twice', "probability": 1.0},
        {"label": "tab\there", "probability": 0.0},
        {"label": "line\r\nbreak", "probability": 0.123457},
    ]


def test_parquet_keeps_every_bit_of_a_probability():
    table = pq.read_table(io.BytesIO(written("parquet")))
    assert table.schema == SCHEMA
    assert table == pa.Table.from_batches(BATCHES)


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet", "text"])
def test_no_rows_make_a_file_without_rows(form):
    content = written(form, [])
    if form == "parquet":
        assert pq.read_table(io.BytesIO(content)).num_rows == 0
    else:
        assert content.decode() == {"csv": "label,probability\n", "tsv": "label\tprobability\n"}.get(form, "")


def test_each_batch_is_passed_on_at_once():
    flushed = []

    class Pipe(io.BytesIO):
        def flush(self):
            flushed.append(self.getvalue().count(b"\n"))

    with open_writer(Pipe(), "text", SCHEMA) as write:
        for batch in BATCHES:
            write(batch)
    assert flushed == [2, 4]


@given(st.lists(st.text(max_size=8), max_size=20))
def test_any_labels_come_back_as_they_were(labels):
    schema = pa.schema([("label", pa.string())])
    batch = pa.record_batch([pa.array(labels, pa.string())], schema=schema)
    for form, delimiter in (("csv", ","), ("tsv", "\t")):
        content = io.StringIO(written(form, [batch], schema).decode(), newline="")
        rows = list(csv.reader(content, delimiter=delimiter))
        assert [row[0] for row in rows[1:]] == labels
    lines = written("jsonl", [batch], schema).decode().split("\n")
    assert [json.loads(line)["label"] for line in lines[:-1]] == labels
    assert written("text", [batch], schema).count(b"\n") == len(labels)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_ending_gives_the_format_in_either_case(ending):
    assert output_format(f"out/some.file{ending.upper()}") == ENDINGS[ending]


@pytest.mark.parametrize("path", ["out", "out.xlsx", "out.csv.gz", ".csv"])
def test_another_ending_is_refused_and_the_known_ones_listed(path):
    with pytest.raises(UsageError, match=r"\.txt, \.csv, \.tsv, \.jsonl, \.parquet"):
        output_format(path)
