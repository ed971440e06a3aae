"""Vectors stand side by side, line up with a vocabulary, and what is missing is counted."""

import numpy as np
import pyarrow as pa
import pytest

from cct_text.errors import ResourceError, UsageError
from cct_text.text.vocabulary import PAD, UNK, Vocabulary
from cct_text.vectors import align, frequent_words, load_vectors


@pytest.fixture
def first(tmp_path):
    """Two numbers for each of three words."""
    (tmp_path / "first.txt").write_text("the 1 2\ncat 3 4\nsat 5 6\n")
    return str(tmp_path / "first.txt")


@pytest.fixture
def second(tmp_path):
    """One number for each of three other words, of which two are the same."""
    np.savez(tmp_path / "second.npz", words=["sat", "mat", "the"], vectors=np.array([[7.0], [8.0], [9.0]]))
    return str(tmp_path / "second.npz")


def rows(vectors):
    return dict(zip(vectors.words, vectors.matrix.tolist(), strict=True))


def vocabulary(*texts, extra=()):
    return Vocabulary.build(pa.array([text.split() for text in texts]), extra_words=extra)


# Side by side


def test_vectors_stand_side_by_side_with_zeros_for_a_word_that_one_lacks(first, second):
    vectors = load_vectors(f"{first}+{second}")
    assert list(rows(vectors).items()) == [
        ("the", [1, 2, 9]),
        ("cat", [3, 4, 0]),
        ("sat", [5, 6, 7]),
        ("mat", [0, 0, 8]),
    ]
    assert vectors.matrix.dtype == np.float32
    assert vectors.dim == 3


def test_the_order_of_the_parts_is_the_order_of_the_columns(first, second):
    assert rows(load_vectors(f"{second} + {first}"))["the"] == [9, 1, 2]


def test_only_the_wanted_words_stand_side_by_side(first, second):
    assert rows(load_vectors(f"{first}+{second}", words=["mat", "cat", "dog"])) == {"cat": [3, 4, 0], "mat": [0, 0, 8]}


def test_the_first_rows_of_each_part_stand_side_by_side(first, second):
    # "sat" is the first row of the second part, so it is read there; of the first part it was not asked for.
    assert rows(load_vectors(f"{first}+{second}", top=1)) == {"the": [1, 2, 0], "sat": [0, 0, 7]}


def test_three_parts_stand_side_by_side(first, second):
    assert rows(load_vectors(f"{first}+{second}+{first}"))["sat"] == [5, 6, 7, 5, 6]


def test_a_word_that_stands_twice_in_a_part_has_its_first_row_there(tmp_path, second):
    np.savez(tmp_path / "twice.npz", words=["the", "the"], vectors=np.array([[1.0], [2.0]]))
    assert rows(load_vectors(f"{tmp_path}/twice.npz+{second}", words=["the"])) == {"the": [1, 9]}
    assert rows(load_vectors(f"{tmp_path}/twice.npz+{second}"))["the"] == [1, 9]


@pytest.mark.parametrize("spec", ["", "+", "a+", "+a", "a++b", " "])
def test_an_empty_part_is_refused(spec):
    with pytest.raises(UsageError, match="expected NAME or PATH, several joined by \\+"):
        load_vectors(spec)


def test_an_unknown_part_is_named(first):
    with pytest.raises(ResourceError, match="'glove.6B.400d'; did you mean"):
        load_vectors(f"{first}+glove.6B.400d")


def test_the_most_frequent_words_are_the_first_of_the_first_part(first, second):
    assert frequent_words(f"{first}+{second}", 2) == ["the", "cat"]
    assert frequent_words(second, 9) == ["sat", "mat", "the"]


# With a vocabulary


def test_every_word_of_a_vocabulary_gets_its_row_and_the_others_zeros(first):
    words = vocabulary("the dog sat", "the cat", extra=["unseen"])
    matrix, found, _ = align(words, first)
    assert matrix.shape == (len(words), 2)
    assert matrix.dtype == np.float32
    by_word = {word: (row, bool(known)) for word, row, known in zip(words.words, matrix.tolist(), found, strict=True)}
    assert by_word == {
        "<pad>": ([0, 0], False),
        "<unk>": ([0, 0], False),
        "the": ([1, 2], True),
        "cat": ([3, 4], True),
        "dog": ([0, 0], False),
        "sat": ([5, 6], True),
        "unseen": ([0, 0], False),
    }


def test_the_pad_and_the_unknown_word_are_zero_even_where_a_file_has_such_words(tmp_path):
    (tmp_path / "m.txt").write_text("<unk> 1 2\n<pad> 3 4\nthe 5 6\n")
    matrix, found, coverage = align(vocabulary("the <unk> <pad>"), str(tmp_path / "m.txt"))
    assert matrix[[PAD, UNK]].tolist() == [[0, 0], [0, 0]]
    assert found.tolist() == [False, False, True]
    assert coverage.types == 1


def test_coverage_counts_distinct_and_running_words_of_the_train_split_alone(first):
    # "the" 4, "dog" 3, "sat" 2, "mat" 1, "axe" 1; "cat" and "owl" do not stand in the texts.
    words = vocabulary("the the the the dog dog", "dog sat sat mat axe", extra=["cat", "owl"])
    _, found, coverage = align(words, first)
    assert coverage.types == pytest.approx(2 / 5)
    assert coverage.tokens == pytest.approx(6 / 11)
    assert coverage.missing == [("dog", 3), ("axe", 1), ("mat", 1)]
    assert found[words.id_of("cat")]


def test_a_word_is_covered_if_one_of_several_parts_has_it(first, second):
    matrix, _, coverage = align(vocabulary("mat cat dog"), f"{first}+{second}")
    assert coverage.types == pytest.approx(2 / 3)
    assert coverage.missing == [("dog", 1)]
    assert sorted(matrix.tolist()) == [[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 8], [3, 4, 0]]


def test_nothing_in_common_is_no_coverage(first):
    matrix, found, coverage = align(vocabulary("dog dog owl"), first)
    assert not matrix.any()
    assert not found.any()
    assert (coverage.types, coverage.tokens, coverage.missing) == (0, 0, [("dog", 2), ("owl", 1)])


def test_a_vocabulary_without_words_has_no_coverage(first):
    matrix, found, coverage = align(Vocabulary(("<pad>", "<unk>"), (0, 0)), first)
    assert matrix.shape == (2, 2)
    assert not found.any()
    assert (coverage.types, coverage.tokens, coverage.missing) == (0, 0, [])
