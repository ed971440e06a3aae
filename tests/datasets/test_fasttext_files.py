"""Lines `__label__x text`, as fastText reads them, under whatever name they come."""

import gzip
import io

import pytest

from cct_text.datasets.files import format_of, read_rows
from cct_text.errors import DataError, UsageError
from tests.support.official_files import rows_of
from tests.support.user_files import as_text, read

ROWS = [("yes", f"text {number}") for number in range(20)] + [("no", f"word {number}") for number in range(20)]


def texts_of(content, **options):
    return [text for batch in read_rows(io.BytesIO(content), **options) for text in batch.texts.to_pylist()]


@pytest.mark.parametrize("form", ["text", "fasttext"])
@pytest.mark.parametrize("blank", [" ", "\t"])
def test_a_blank_or_a_tab_ends_the_label(blank, form):
    assert read(f"__label__very-bad{blank}never  again \n".encode(), form)[0] == [("very-bad", "never  again ", 1)]


@pytest.mark.parametrize(
    "line", ["win __label__spam a prize", " __label__spam win a prize", "win a prize\t__label__spam"]
)
def test_a_label_may_stand_anywhere_in_the_line(line):
    ((label, text, _),) = read(line.encode(), "fasttext")[0]
    assert (label, text.split()) == ("spam", ["win", "a", "prize"])


def test_a_label_within_a_word_is_text():
    assert read(b"__label__a see x__label__b\n", "fasttext")[0] == [("a", "see x__label__b", 1)]


@pytest.mark.parametrize("line", ["no label", "__label__ nothing", "label__x text"])
def test_a_line_without_label_is_told_with_the_way_out(line):
    with pytest.raises(DataError, match=r"-:2: no label: .*lines such as `__label__spam the text`, other formats are"):
        read(f"__label__a fine\n{line}\n".encode(), "fasttext")


def test_a_line_with_several_labels_is_told_how_they_are_wanted():
    with pytest.raises(DataError) as told:
        read(b"__label__a fine\n__label__a text __label__b\n", "fasttext")
    assert str(told.value) == (
        "-:2: 2 labels, a, b; a row has one; where it may have several, or none, give --multi-label (multi_label = true)"
    )


def test_blank_lines_of_a_labelled_file_are_no_rows():
    assert [line for _, _, line in read(b"\n__label__a x\n  \n__label__b y\n", "fasttext")[0]] == [2, 4]


def test_where_labels_are_not_asked_for_they_are_no_text_and_each_line_is_a_row():
    assert texts_of(b"__label__a x\n\ny __label__b\n", format="fasttext") == ["x", "", "y "]


def test_standard_input_that_begins_with_a_label_is_of_this_format():
    assert texts_of(b"\xef\xbb\xbf\n__label__a x\ny\n") == ["", "x", "y"]
    assert texts_of(b"y\n__label__a x\n") == ["y", "__label__a x"]
    assert texts_of(b"__label__a x\n", format="text") == ["__label__a x"]


@pytest.mark.parametrize("name", ["cooking.train", "train.ft", "train", "cooking.valid.gz", "mine.txt"])
def test_a_file_is_known_by_its_first_label_whatever_its_ending(load, tmp_path, name):
    content = as_text(ROWS)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    dataset = load(tmp_path / name, dev_fraction=0.0)
    assert rows_of(dataset.train, dataset.labels) == ROWS


def test_the_format_can_be_named(load, tmp_path):
    (tmp_path / "rows.csv").write_bytes(as_text(ROWS))
    (tmp_path / "test.csv").write_bytes(as_text(ROWS[:3]))
    dataset = load(tmp_path / "rows.csv", test=tmp_path / "test.csv", format="fasttext")
    assert dataset.labels == ("no", "yes")
    assert rows_of(dataset.test, dataset.labels) == ROWS[:3]


def test_a_csv_file_that_begins_with_a_label_is_told_what_it_is(load, tmp_path):
    (tmp_path / "rows.csv").write_bytes(as_text(ROWS))
    with pytest.raises(DataError, match=r"rows\.csv:1: no header but a row with .*; give --format fasttext"):
        load(tmp_path / "rows.csv")


def test_an_ending_that_tells_nothing_needs_a_label_in_the_first_line(tmp_path):
    for content in (b"", b"plain text\n__label__a x\n", b"\x1f\x8b\x08"):
        (tmp_path / "rows.train").write_bytes(content)
        with pytest.raises(UsageError, match=r"from the ending '\.train'; .*; name it with --format or --set format="):
            format_of(str(tmp_path / "rows.train"))


def test_a_registered_data_set_has_a_format_of_its_own(load):
    with pytest.raises(UsageError, match="format = 'fasttext': questions has its own splits and columns"):
        load("questions", format="fasttext")


def test_a_missing_file_is_told_where_the_format_is_named(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="nowhere: cannot read: No such file"):
        load("nowhere", format="fasttext")
