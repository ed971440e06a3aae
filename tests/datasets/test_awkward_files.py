"""Files as they come: other line ends, no last line end, bytes that are no text, lines that are no rows."""

import pytest

from cct_text.errors import DataError
from tests.support.user_files import FORMATS, as_csv, as_jsonl, read

LINES = ["text", "csv", "tsv", "jsonl"]
ROWS = [("a", "one two"), ("b", "three"), ("a", "four")]


@pytest.mark.parametrize("form", LINES)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("last", [True, False], ids=["last line end", "no last line end"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no BOM", "BOM"])
def test_line_ends_and_byte_order_marks_change_no_row(form, end, last, mark):
    content = FORMATS[form](ROWS).replace(b"\r\n", b"\n").replace(b"\n", end)
    rows, _ = read(mark + (content if last else content.removesuffix(end)), form)
    assert [(label, text) for label, text, _ in rows] == ROWS


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "text",
    [
        "\x00nul\x00",
        "\ufeffmark",
        "a\u2028b\x0bc\x0cd\x85e\x1cf",
        "\U0001f600 e\u0301",
        " blanks at both ends ",
        'a "quoted" word',
        "x" * 1_000_000,
        "\u00e9" * 1_000_000,
    ],
    ids=["NUL", "BOM", "line ends of other scripts", "emoji", "blanks", "quotes", "1 MB", "2 MB"],
)
def test_awkward_texts_come_back_unchanged(form, text):
    rows, replaced = read(FORMATS[form]([("a", text), ("b", "next")]), form)
    assert [(label, text) for label, text, _ in rows] == [("a", text), ("b", "next")]
    assert replaced == 0


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("text", ["a\nb", "a\r\nb\r\n", "a\rb", "\n", "a,b\tc", '"', '""\n"'])
def test_line_ends_and_delimiters_within_a_field_are_kept_as_they_are(form, text):
    rows, _ = read(FORMATS[form]([("a", text), ("b", "next")]), form)
    assert [(label, text) for label, text, _ in rows] == [("a", text), ("b", "next")]


def test_the_line_of_a_row_is_the_one_on_which_it_begins():
    rows, _ = read(b'label,text\na,"one\ntwo\nthree"\n\nb,four\n', "csv")
    assert [line for _, _, line in rows] == [2, 6]


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("text", b"__label__a caf\xe9\n__label__b fine\n__label__c \xff\xfe\x80\n"),
        ("csv", b"label,text\na,caf\xe9\nb,fine\nc,\xff\xfe\x80\n"),
        ("tsv", b"label\ttext\na\tcaf\xe9\nb\tfine\nc\t\xff\xfe\x80\n"),
        (
            "jsonl",
            b'{"label":"a","text":"caf\xe9"}\n{"label":"b","text":"fine"}\n{"label":"c","text":"\xff\xfe\x80"}\n',
        ),
    ],
    ids=LINES,
)
def test_bytes_that_are_not_utf_8_are_replaced_and_their_rows_counted(form, content):
    rows, replaced = read(content, form)
    assert [text for _, text, _ in rows] == ["caf\ufffd", "fine", "\ufffd\ufffd\ufffd"]
    assert replaced == 2


def test_a_row_of_several_lines_counts_once_however_many_of_its_bytes_were_replaced():
    assert read(b'label,text\na,"\xff\n\xff\n\xff"\nb,fine\n', "csv")[1] == 1


def test_bytes_replaced_in_the_header_count_no_row():
    assert read(b"label,text,caf\xe9\na,b,c\n", "csv")[1] == 0


@pytest.mark.parametrize(
    ("form", "content"),
    [("csv", as_csv(ROWS).replace(b"\r\n", b"\r\n\r\n")), ("jsonl", as_jsonl(ROWS).replace(b"\n", b"\n \n\n"))],
)
def test_blank_lines_between_rows_are_passed_over(form, content):
    assert [(label, text) for label, text, _ in read(b"\n" + content, form)[0]] == ROWS


def test_an_empty_line_is_a_row_of_a_table_with_one_column():
    rows, _ = read(b"text\none\n\nthree\n", "csv", labelled=False)
    assert [text for _, text, _ in rows] == ["one", "", "three"]


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_an_empty_file_has_no_rows(form):
    assert read(b"", form) == ([], 0)


@pytest.mark.parametrize("form", ["csv", "tsv"])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_table_is_told_as_it_has_not_even_a_header(form, content):
    with pytest.raises(DataError, match="-: empty file: expected a header line with the columns' names"):
        read(content, form)


def test_a_row_with_too_many_or_too_few_fields_is_told_with_its_line():
    with pytest.raises(DataError, match="-:3: 3 fields where the header has 2; quote fields that hold ','"):
        read(b"label,text\na,fine\nb,one,two\n", "csv")
    with pytest.raises(DataError, match=r"-:2: 1 fields where the header has 2; quote fields that hold '\\t'"):
        read(b"label\ttext\na b\n", "tsv")


def test_a_quote_that_never_closes_swallows_no_rows():
    with pytest.raises(DataError, match="-:3: a quote that opens in this row never closes"):
        read(b'label,text\na,fine\nb,"open\na,more\nb,last\n', "csv")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{broken", "not JSON: .*'{broken'"),
        (b"[1, 2]", "a JSON array; what is read is JSON Lines"),
        (b'"text"', "expected a JSON object"),
        (b'{"text": "no label"}', "no key 'label'; it has text"),
        (b'{"a":' * 100_000, "not a row: JSON nested too deeply"),
        (b'{"label": 1, "text": ' + b"9" * 5_000 + b"}", "not JSON: "),
        (b'{"label": 1, "text": "\x01"}', "not JSON: Invalid control character"),
    ],
    ids=["broken", "array", "string", "missing key", "deep", "long number", "control character"],
)
def test_a_line_that_is_no_row_of_json_is_told_with_its_number(line, told):
    with pytest.raises(DataError, match=rf"^-:3: {told}"):
        read(b'{"label": "a", "text": "fine"}\n\n' + line + b"\n", "jsonl")


@pytest.mark.parametrize("form", LINES)
def test_a_line_that_would_fill_the_memory_is_refused(form, monkeypatch):
    monkeypatch.setattr("cct_text.datasets.rows.MAX_LINE_BYTES", 1_000)
    content = FORMATS[form]([("a", "x" * 900), ("b", "x" * 2_000)])
    with pytest.raises(DataError, match=r"-:\d: a line of more than 1,000 bytes"):
        read(content, form)


def test_keys_and_labels_with_line_ends_do_not_tear_a_message():
    content = b'{"text": "a", "label": "x"}\n{"te\\nxt": "a", "label": "x"}\n'
    with pytest.raises(DataError, match=r"no key 'text'; it has 'te\\nxt', label$"):
        read(content, "jsonl")
