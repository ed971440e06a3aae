"""GloVe's and word2vec's text: what is a row, what is not, and that only the rows that are needed are parsed."""

import gzip
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cct_text.errors import DataError
from cct_text.vectors.store import build_store, open_store
from cct_text.vectors.text_file import TextVectors
from tests.support.vector_files import glove


@pytest.fixture
def file_of(tmp_path):
    """A file with this content."""

    def write(content, name="m.txt"):
        (tmp_path / name).write_bytes(content)
        return TextVectors(tmp_path / name)

    return write


def rows(vectors):
    return dict(zip(vectors.words, vectors.matrix.tolist(), strict=True))


# What is a row


def test_a_word2vec_header_is_no_row(file_of):
    file = file_of(b"2 3\na 1 2 3\nb 4 5 6\n")
    assert file.shape() == (2, 3)
    assert rows(file.select(None)) == {"a": [1, 2, 3], "b": [4, 5, 6]}
    assert rows(file.select(None, 1)) == {"a": [1, 2, 3]}


def test_a_header_of_another_length_than_the_file_does_no_harm(file_of):
    assert file_of(b"400000 3\na 1 2 3\n").shape() == (1, 3)


def test_words_with_one_number_each_have_no_header(file_of):
    file = file_of(b"a 1.5\n7 2.5\n")
    assert file.shape() == (2, 1)
    assert rows(file.select(None)) == {"a": [1.5], "7": [2.5]}


def test_words_that_look_like_numbers_are_words(file_of):
    assert rows(file_of(b"1 2 3\n1e5 4 5\nnan 6 7\n-inf 8 9\n").select(None)) == {
        "1": [2, 3],
        "1e5": [4, 5],
        "nan": [6, 7],
        "-inf": [8, 9],
    }


def test_a_word_may_hold_blanks(file_of):
    # As in glove.840B: rows are split from the right.
    file = file_of(b"a 1 2\n. . . 3 4\nat name@domain.com 5 6\n. 7 8\n")
    assert rows(file.select(None)) == {"a": [1, 2], ". . .": [3, 4], "at name@domain.com": [5, 6], ".": [7, 8]}
    assert rows(file.select({". . ."})) == {". . .": [3, 4]}
    assert rows(file.select({"."})) == {".": [7, 8]}
    assert rows(file.select({"at"})) == {}


def test_the_first_word_may_hold_blanks(file_of):
    file = file_of(b". . 1 2\na 3 4\n")
    assert file.shape() == (2, 2)
    assert rows(file.select({". .", "a"})) == {". .": [1, 2], "a": [3, 4]}


def test_blanks_at_the_end_of_a_row_and_a_missing_last_line_end_do_no_harm(file_of):
    assert rows(file_of(b"a 1 2 \nb 3 4  \r\nc 5 6").select(None)) == {"a": [1, 2], "b": [3, 4], "c": [5, 6]}


@pytest.mark.parametrize("number", ["1e-3", "-2.5E+1", "+4", ".5", "7.", "-0.0", "0.1234567890123456789"])
def test_numbers_may_be_written_in_any_way(file_of, number):
    assert file_of(f"a 1 {number}\n".encode()).select(None).matrix[0, 1] == np.float32(number)


def test_bytes_that_are_no_utf8_are_replaced(file_of):
    assert rows(file_of(b"caf\xe9 1 2\n").select(None)) == {"caf\ufffd": [1, 2]}


def test_a_gzip_of_several_parts_is_one_file(file_of):
    file = file_of(gzip.compress(b"a 1 2\nb ") + gzip.compress(b"3 4\n"), "m.txt.gz")
    assert rows(file.select(None)) == {"a": [1, 2], "b": [3, 4]}


# What is none


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        (b"a 1 2\nb 3\n", 2, r"expected a word and 2 numbers, saw b'b 3\n'"),
        (b"a 1 2\nb\n", 2, r"expected a word and 2 numbers, saw b'b\n'"),
        (b"a 1 2\nb 3 x\n", 2, r"expected a word and 2 numbers, saw b'b 3 x\n'"),
        (b"a 1 2\nb 3 4 5\n", 2, r"expected a word and 2 numbers, saw b'b 3 4 5\n'"),
        (b"2 2\na 1 2\nb 3\n", 3, r"expected a word and 2 numbers, saw b'b 3\n'"),
        (b"once upon a time\n", 1, r"expected a word and numbers, saw b'once upon a time\n'"),
        (b"\n\na 1 2\nb 1\n", 4, r"expected a word and 2 numbers, saw b'b 1\n'"),
        (b"1 2\nword\n", 2, r"expected a word and numbers, saw b'word\n'"),
        (b"\x89PNG\r\n\x1a\n", 1, r"expected a word and numbers, saw b'\x89PNG\r\n'"),
    ],
)
def test_what_is_no_row_is_told_with_its_line(file_of, content, line, told):
    file = file_of(content)
    with pytest.raises(DataError) as caught:
        file.select(None)
    assert str(caught.value) == f"{file.path}:{line}: {told}"


def test_a_row_of_a_megabyte_is_shown_in_part(file_of):
    with pytest.raises(DataError) as caught:
        file_of(b"a " + b"1" * (1 << 20) + b"\n").select(None)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("content", [b"", b"400000 300\n"])
@pytest.mark.parametrize("read", [lambda file: file.select(None), lambda file: file.select({"a"}), TextVectors.shape])
def test_a_file_without_rows_is_told(file_of, content, read):
    file = file_of(content)
    with pytest.raises(DataError, match=f"^{file.path}: holds no word vectors$"):
        read(file)


@pytest.mark.parametrize("row", [b"b 3", b"b 3 x", b"b 3 4 5"])
def test_a_wanted_word_in_a_broken_row_is_told(file_of, row):
    file = file_of(b"a 1 2\n" + row + b"\nc 5 6\n")
    with pytest.raises(DataError, match="m.txt:2: "):
        file.select({"b"})


# How much is read


def test_rows_that_are_not_needed_are_not_parsed(file_of):
    file = file_of(b"a 1 2\nb no number\nc 5 6\n\n\xff\n")
    assert rows(file.select({"c"})) == {"c": [5, 6]}
    assert rows(file.select(None, 1)) == {"a": [1, 2]}
    assert rows(file.select({"c"}, 1)) == {"a": [1, 2], "c": [5, 6]}


def test_a_few_words_of_a_large_file_take_little_memory(file_of):
    words = [f"word{index}" for index in range(20_000)]
    content = glove(words, np.linspace(0, 1, 20_000 * 40, dtype=np.float32).reshape(-1, 40))
    file = file_of(content)
    tracemalloc.start()
    assert file.select({"word7", "word19999"}).words == ["word7", "word19999"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(content) > 8 << 20
    assert peak < 2 << 20


# Any file at all

TABLES = st.integers(1, 4).flatmap(
    lambda dim: st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters=" \t\n\r\v\f"), min_size=1, max_size=5),
            st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=dim, max_size=dim),
        ),
        min_size=1,
        max_size=12,
    )
)


@given(table=TABLES, wanted=st.sets(st.text(max_size=2), max_size=4), top=st.none() | st.integers(0, 14))
@settings(deadline=None, max_examples=150)
def test_any_table_is_read_as_it_was_written_streamed_or_from_the_store(tmp_path_factory, table, wanted, top):
    file = TextVectors(tmp_path_factory.mktemp("table") / "m.txt")
    words, matrix = [word for word, _ in table], np.array([row for _, row in table], np.float32)
    file.path.write_bytes(glove(words, matrix))
    wanted |= {words[0], words[-1]}
    expected = {}
    for index, (word, row) in enumerate(zip(words, matrix.tolist(), strict=True)):
        if index < (top or 0) or word in wanted:
            expected.setdefault(word, row)
    build_store(file)
    for source in (file, open_store(file)):
        assert list(rows(source.select(wanted, top)).items()) == list(expected.items())
        assert rows(source.select(None)).keys() == dict.fromkeys(words).keys()
        assert source.shape() == matrix.shape


def test_a_line_that_would_fill_the_memory_is_refused(file_of, tmp_path):
    # A hundred megabytes in a hundred kilobytes.
    with gzip.open(tmp_path / "m.txt.gz", "wb", compresslevel=1) as file:
        file.write(b"a 1 2\n")
        for _ in range(100):
            file.write(bytes(1 << 20))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"m\.txt\.gz:2: a line of more than 1,048,576 bytes"):
        TextVectors(tmp_path / "m.txt.gz").shape()
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()
