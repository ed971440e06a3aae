import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cct_text.datasets import delimited
from cct_text.datasets.files import format_of, read_rows
from cct_text.errors import DataError, UsageError
from tests.support.user_files import FORMATS, as_csv, as_jsonl, as_parquet, read

ROWS = [("greeting", "hello there"), ("parting", "good bye, then"), ("greeting", "")]


@pytest.mark.parametrize(("form", "first"), [("text", 1), ("csv", 2), ("tsv", 2), ("jsonl", 1), ("parquet", 1)])
def test_every_format_gives_labels_texts_and_the_line_of_each_row(form, first):
    expected = [(label, text, line) for line, (label, text) in enumerate(ROWS, start=first)]
    assert read(FORMATS[form](ROWS), form) == (expected, 0)


@pytest.mark.parametrize("form", FORMATS)
def test_labels_are_not_read_unless_they_are_wanted(form):
    (batch,) = read_rows(io.BytesIO(FORMATS[form](ROWS)), format=form)
    assert batch.labels is None


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.txt", "text"),
        ("a.text", "text"),
        ("a.b.csv", "csv"),
        ("A.CSV", "csv"),
        ("a.tsv.gz", "tsv"),
        ("a.jsonl", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.json", "jsonl"),
        ("a.parquet", "parquet"),
        ("-", "text"),
    ],
)
def test_the_ending_tells_the_format(name, form):
    assert format_of(name) == form
    assert format_of(name, "parquet") == "parquet"


@pytest.mark.parametrize("name", ["a.doc", "a", "a.gz", "folder.csv/a"])
def test_an_ending_that_tells_nothing_is_refused_with_those_that_do(name):
    with pytest.raises(UsageError, match=r"cannot tell the format from the ending .*\.csv, \.tsv, \.jsonl"):
        format_of(name)


def test_a_format_that_is_not_one_is_refused_with_those_that_are():
    with pytest.raises(UsageError, match="unknown format 'jsonlines'; did you mean jsonl"):
        format_of("a.csv", "jsonlines")


@pytest.mark.parametrize("form", FORMATS)
def test_gzipped_files_are_read_as_what_is_in_them(tmp_path, form):
    path = tmp_path / f"in.{'txt' if form == 'text' else form}.gz"
    path.write_bytes(gzip.compress(FORMATS[form](ROWS)))
    (batch,) = read_rows(path, labelled=True)
    assert list(zip(batch.labels.to_pylist(), batch.texts.to_pylist(), strict=True)) == ROWS


@pytest.mark.parametrize("form", FORMATS)
def test_batches_hold_as_many_rows_as_asked_for_and_keep_the_order(form):
    rows = [(f"l{number % 3}", f"text {number}") for number in range(25)]
    batches = list(read_rows(io.BytesIO(FORMATS[form](rows)), format=form, labelled=True, batch_rows=10))
    assert [len(batch.texts) for batch in batches] == [10, 10, 5]
    assert [text for batch in batches for text in batch.texts.to_pylist()] == [text for _, text in rows]


@pytest.mark.parametrize("form", FORMATS)
def test_long_texts_make_shorter_batches(form):
    # Incompressible as Parquet sees it: no two texts are the same.
    rows = [("a", f"{number:02}" * 500_000) for number in range(40)]
    sizes = [len(batch.texts) for batch in read_rows(io.BytesIO(FORMATS[form](rows)), format=form, labelled=True)]
    assert sum(sizes) == 40
    assert max(sizes) <= 17


def test_a_pipe_that_cannot_be_rewound_gives_parquet_too():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise io.UnsupportedOperation

    (batch,) = read_rows(Pipe(as_parquet(ROWS)), format="parquet", labelled=True)
    assert batch.labels.to_pylist() == [label for label, _ in ROWS]


def test_a_stream_is_left_open_for_its_owner():
    stream = io.BytesIO(as_csv(ROWS))
    list(read_rows(stream, format="csv"))
    assert not stream.closed


@pytest.mark.parametrize("name", ["nowhere.csv", "nowhere.csv.gz"])
def test_a_file_that_is_not_there_is_told(tmp_path, name):
    with pytest.raises(DataError, match=f"{name}: cannot read: No such file or directory"):
        next(read_rows(tmp_path / name))


def test_a_folder_is_not_a_file(tmp_path):
    (tmp_path / "rows.csv").mkdir()
    with pytest.raises(DataError, match=r"rows\.csv: cannot read: Is a directory"):
        next(read_rows(tmp_path / "rows.csv"))


# What JSON and Parquet can hold beside texts


def test_values_of_json_that_are_no_texts_are_written_as_json_has_them():
    content = b"\n".join(b'{"text": %b, "label": 1}' % value for value in [b"12", b"true", b"null"])
    assert [text for _, text, _ in read(content, "jsonl")[0]] == ["12", "true", ""]


def test_half_a_surrogate_pair_is_replaced_and_counted():
    rows, replaced = read(
        rb'{"text": "a\ud83d b", "label": "\udc00"}' + b"\n" + as_jsonl([("x", "\U0001f600")]), "jsonl"
    )
    assert rows == [("\ufffd", "a\ufffd b", 1), ("x", "\U0001f600", 2)]
    assert replaced == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1, None], pa.int8()), ["1", ""]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
        (pa.array(["a", None], pa.large_string()), ["a", ""]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([b"caf\xc3\xa9", b"\xff"], pa.binary()), ["caf\u00e9", "\ufffd"]),
        (pa.array([0, 1], pa.timestamp("s")), ["1970-01-01 00:00:00", "1970-01-01 00:00:01"]),
    ],
    ids=["integer", "dictionary", "large string", "bool", "binary", "timestamp"],
)
def test_any_plain_type_of_parquet_column_becomes_text(values, expected):
    file = io.BytesIO()
    pq.write_table(pa.table({"text": values, "label": ["x", "y"]}), file)
    assert [text for _, text, _ in read(file.getvalue(), "parquet")[0]] == expected


@pytest.mark.parametrize("kind", [pa.date32(), pa.duration("s"), pa.timestamp("us")], ids=str)
def test_a_time_that_python_has_not_is_told(kind):
    file = io.BytesIO()
    numbers = pa.array([2**31 - 1 if kind == pa.date32() else 2**62], pa.int32() if kind == pa.date32() else pa.int64())
    pq.write_table(pa.table({"text": numbers.cast(kind), "label": ["x"]}), file, store_schema=True)
    with pytest.raises(DataError, match="-: not a readable Parquet file: "):
        read(file.getvalue(), "parquet")


def test_a_parquet_column_of_lists_is_no_text():
    file = io.BytesIO()
    pq.write_table(pa.table({"text": [["x"], []], "label": ["x", "y"]}), file)
    with pytest.raises(DataError, match="column 'text' holds list<.*>, not text"):
        read(file.getvalue(), "parquet")


def test_invalid_utf_8_in_a_parquet_string_is_replaced_and_counted():
    unchecked = pa.StringArray.from_buffers(2, pa.array([0, 1, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xffa"))
    file = io.BytesIO()
    pq.write_table(pa.table({"text": unchecked, "label": ["x", "y"]}), file)
    assert read(file.getvalue(), "parquet") == ([("x", "\ufffd", 1), ("y", "a", 2)], 1)


def test_a_text_file_has_no_columns_to_name():
    with pytest.raises(UsageError, match="a text file has no columns; leave --text-column and --label-column out"):
        read(b"__label__a x\n", "text", text_columns=("text",))


def test_a_field_beyond_any_text_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(delimited, "MAX_FIELD_CHARACTERS", 1000)
    assert len(read(b'label,text\na,"' + b"x" * 1000 + b'"\n', "csv")[0]) == 1
    with pytest.raises(DataError, match=r"-:2: malformed: field larger than field limit \(1000\)"):
        read(b'label,text\na,"' + b"x" * 1001 + b'"\n', "csv")
