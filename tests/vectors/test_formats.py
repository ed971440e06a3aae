"""Every format gives the same words and numbers, to the last bit, and reads no more than is asked for."""

import zipfile

import numpy as np
import pytest
from gensim.models import KeyedVectors

from cct_text.errors import DataError, UsageError
from cct_text.vectors import load_vectors
from cct_text.vectors.sources import find
from tests.support import vector_files
from tests.support.vector_files import FORMATS, MATRIX, WORDS, write


def same(vectors, words=WORDS, matrix=MATRIX):
    assert vectors.words == list(words)
    assert vectors.matrix.dtype == np.float32
    assert vectors.matrix.tolist() == matrix.tolist()
    assert vectors.dim == matrix.shape[1]


@pytest.mark.parametrize("kind", FORMATS)
class TestEveryFormat:
    def test_gives_all_words_and_numbers(self, kind, tmp_path):
        same(load_vectors(write(kind, tmp_path)))

    def test_gives_the_wanted_words_in_the_order_of_the_file(self, kind, tmp_path):
        wanted = {"🙂", "the", "東京", "line\u2028break", "not there", "\u2028", ""}
        rows = [0, 5, 7, 9]
        same(load_vectors(write(kind, tmp_path), words=wanted), [WORDS[row] for row in rows], MATRIX[rows])

    def test_gives_the_first_rows_and_the_wanted_words(self, kind, tmp_path):
        rows = [0, 1, 2, 9]
        vectors = load_vectors(write(kind, tmp_path), words=["🙂", ","], top=3)
        same(vectors, [WORDS[row] for row in rows], MATRIX[rows])

    @pytest.mark.parametrize("top", [0, 1, 11, 12, 13])
    def test_gives_the_first_rows(self, kind, tmp_path, top):
        same(load_vectors(write(kind, tmp_path), top=top), WORDS[:top], MATRIX[:top])

    def test_gives_no_rows_but_the_width_where_no_word_is_known(self, kind, tmp_path):
        assert load_vectors(write(kind, tmp_path), words=["nowhere"]).matrix.shape == (0, 5)

    def test_tells_its_shape(self, kind, tmp_path):
        assert find(write(kind, tmp_path)).open().shape() == (12, 5)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("GloVe text", {"no_header": True}),
        ("GloVe text, gzipped", {"no_header": True}),
        ("word2vec text", {}),
        ("word2vec binary", {"binary": True}),
        ("word2vec binary with line ends", {"binary": True}),
    ],
)
def test_gensim_reads_the_same_from_the_same_file(kind, options, tmp_path):
    path = write(kind, tmp_path)
    theirs = KeyedVectors.load_word2vec_format(path, **options)
    same(load_vectors(path), theirs.index_to_key, theirs.vectors)


@pytest.mark.parametrize("kind", ["gensim", "gensim in two files", "gensim in a newer pickle"])
def test_gensim_reads_the_same_from_its_own_file(kind, tmp_path):
    path = write(kind, tmp_path)
    theirs = KeyedVectors.load(path)
    same(load_vectors(path), theirs.index_to_key, theirs.vectors)


def test_vectors_that_gensim_mapped_from_a_file_and_saved_again_are_read(tmp_path):
    mapped = KeyedVectors.load(write("gensim in two files", tmp_path), mmap="r")
    assert isinstance(mapped.vectors, np.memmap)
    mapped.save(str(tmp_path / "again.kv"))
    same(load_vectors(str(tmp_path / "again.kv")))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("protocol", [4, 5])
@pytest.mark.parametrize("dtype", ["<f2", ">f4", "<f8"])
def test_gensim_files_are_read_whatever_the_layout_of_their_numbers(tmp_path, order, protocol, dtype):
    vectors = vector_files.keyed_vectors()
    vectors.vectors = np.asarray(MATRIX, dtype, order=order)
    vectors.save(str(tmp_path / "m.kv"), pickle_protocol=protocol)
    same(load_vectors(str(tmp_path / "m.kv")), WORDS, MATRIX.astype(dtype).astype(np.float32))


def write_as(ending, folder, words, matrix):
    """Any words and numbers, which need not be fit for a file."""
    path = folder / f"m{ending}"
    if ending == ".npz":
        np.savez(path, words=list(words), vectors=matrix)
    else:
        path.write_bytes({".txt": vector_files.glove, ".bin": vector_files.binary}[ending](words, matrix))
    return str(path)


@pytest.mark.parametrize("ending", [".txt", ".bin", ".npz"])
def test_of_a_word_that_stands_twice_the_first_row_counts(tmp_path, ending):
    matrix = np.arange(10, dtype=np.float32).reshape(5, 2)
    path = write_as(ending, tmp_path, "abacb", matrix)
    same(load_vectors(path), ["a", "b", "c"], matrix[[0, 1, 3]])
    same(load_vectors(path, words=["b"], top=3), ["a", "b"], matrix[[0, 1]])
    same(load_vectors(path, words=["c", "b"]), ["b", "c"], matrix[[1, 3]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("ending", "place"), [(".txt", ":2"), (".bin", ": row 2"), (".npz", ": row 2")])
def test_rows_with_nan_or_infinity_are_left_out_and_a_warning_names_the_first(tmp_path, caplog, ending, place, bad):
    matrix = np.array([[1, 2], [bad, 3], [4, 5], [6, bad]], np.float32)
    path = write_as(ending, tmp_path, "abcd", matrix)
    same(load_vectors(path), ["a", "c"], matrix[[0, 2]])
    assert caplog.messages == [f"{path}{place}: NaN or infinity; 2 rows left out"]


@pytest.mark.parametrize("ending", [".txt", ".bin", ".npz"])
def test_rows_that_nobody_asked_for_give_no_warning(tmp_path, caplog, ending):
    path = write_as(ending, tmp_path, "ab", np.array([[1, 2], [np.nan, 3]], np.float32))
    assert load_vectors(path, words=["a"]).words == ["a"]
    assert caplog.messages == []


def test_a_number_too_large_for_float32_is_infinity(tmp_path, caplog, recwarn):
    np.savez(tmp_path / "m.npz", words=["a", "b"], vectors=np.array([[1e39, 1], [2, 3]]))
    (tmp_path / "m.txt").write_bytes(b"a 1e39 1\nb 2 3\n")
    for name in ("m.npz", "m.txt"):
        assert load_vectors(str(tmp_path / name)).words == ["b"]
    assert len(caplog.messages) == 2
    assert not recwarn.list


# Which member of a zip


def test_a_zip_with_several_text_files_asks_which_is_meant(tmp_path):
    path = write("zip with several text files", tmp_path).partition("!")[0]
    with pytest.raises(DataError) as caught:
        load_vectors(path)
    assert str(caught.value) == (
        f"{path}: which member is meant? it has other.txt, deep/m.txt; name one as m.zip!MEMBER"
    )


def test_a_member_that_is_not_there_is_told_with_those_that_are(tmp_path):
    path = write("zip with several text files", tmp_path).partition("!")[0]
    with pytest.raises(DataError, match="no member 'n.txt'; it has other.txt, deep/m.txt; name one as m.zip!MEMBER"):
        load_vectors(f"{path}!n.txt")


def test_a_zip_without_text_files_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("README.md", "no vectors")
    with pytest.raises(DataError, match="which member is meant\\? it has no .txt"):
        load_vectors(str(tmp_path / "m.zip"))


def test_a_member_of_a_file_that_is_no_zip_is_refused(tmp_path):
    path = write("GloVe text", tmp_path)
    with pytest.raises(UsageError, match="m.txt!n.txt: m.txt is no .zip"):
        load_vectors(f"{path}!n.txt")


def test_a_path_may_hold_an_exclamation_mark(tmp_path):
    (tmp_path / "mine!").mkdir()
    same(load_vectors(write("GloVe text", tmp_path / "mine!")))
