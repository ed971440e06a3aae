"""The vocabulary: words of the train split alone, most frequent first."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cct_text.config import Config
from cct_text.text.tokenizer import split_words
from cct_text.text.vocabulary import PAD, UNK, Vocabulary
from cct_text.training.preparation import prepare
from cct_text.vectors import frequent_words


def build(*texts: str, **options) -> Vocabulary:
    return Vocabulary.build(pa.array([text.split() for text in texts], pa.list_(pa.string())), **options)


def test_the_pad_is_0_the_unknown_word_1_and_the_others_stand_by_frequency_then_by_the_alphabet():
    vocabulary = build("b a c", "c b", "c")
    assert vocabulary.words == ("<pad>", "<unk>", "c", "b", "a")
    assert vocabulary.counts == (0, 0, 3, 2, 1)
    assert (PAD, UNK) == (0, 1)
    assert vocabulary.ids_of(pa.array(["a", "c", "nowhere", "<pad>", "<unk>"])).tolist() == [4, 2, UNK, UNK, UNK]
    assert [vocabulary.id_of(word) for word in ("a", "nowhere", "<pad>")] == [4, UNK, UNK]
    assert "a" in vocabulary
    assert "<pad>" not in vocabulary


def test_words_rarer_than_min_count_are_unknown():
    assert build("a a b", min_count=2).words == ("<pad>", "<unk>", "a")


def test_extra_words_stand_behind_with_a_count_of_0_and_none_stands_twice():
    vocabulary = build("a a b", min_count=2, extra_words=["b", "a", "<unk>", "d", "d"])
    assert vocabulary.words == ("<pad>", "<unk>", "a", "b", "d")
    assert vocabulary.counts == (0, 0, 2, 0, 0)


def test_an_extra_word_with_a_blank_in_it_is_left_out():
    assert build("a", extra_words=["b c", "d"]).words == ("<pad>", "<unk>", "a", "d")


def test_bigrams_have_the_ids_behind_the_words():
    vocabulary = Vocabulary(("<pad>", "<unk>", "a", "b"), (0, 0, 1, 1), ((2, 2), (2, 3)))
    assert len(vocabulary) == 6
    assert vocabulary.bigrams.first_words.tolist() == [0, 1, 2, 3, 2, 2]


@pytest.mark.parametrize(("words", "pairs"), [(("a",), ((2, 3),)), (("a b",), ())])
def test_a_bigram_of_no_words_and_a_word_with_a_blank_are_refused(words, pairs):
    with pytest.raises(ValueError, match="bigram|blank"):
        Vocabulary(("<pad>", "<unk>", *words), (0,) * (2 + len(words)), pairs)


@given(st.lists(st.lists(st.sampled_from(["a", "b", "<pad>", "<unk>", "c"]))))
def test_it_does_not_depend_on_the_order_of_the_texts(texts):
    column = pa.array(texts, pa.list_(pa.string()))
    assert Vocabulary.build(column) == Vocabulary.build(pa.array(texts[::-1], pa.list_(pa.string())))


def test_no_texts_make_the_smallest_vocabulary():
    assert Vocabulary.build(split_words([], "penn")).words == ("<pad>", "<unk>")


@pytest.mark.parametrize(
    ("words", "counts"),
    [(("<unk>", "<pad>"), (0, 0)), (("<pad>", "<unk>", "a", "a"), (0,) * 4), (("<pad>", "<unk>", "a"), (0, 0))],
)
def test_what_is_no_vocabulary_is_refused(words, counts):
    with pytest.raises(ValueError, match="a vocabulary"):
        Vocabulary(words, counts)


@pytest.mark.parametrize("embeddings", ["learned", "glove-tuned", "glove-frozen"])
def test_no_word_of_dev_or_test_alone_enters_the_vocabulary(tmp_path, embeddings):
    (tmp_path / "train.csv").write_text("text,label\nred apple,a\ngreen pear,b\nred pear,a\n")
    (tmp_path / "dev.csv").write_text("text,label\nblue apple,a\n")
    (tmp_path / "test.csv").write_text("text,label\nyellow pear,b\n")
    values = {name: str(tmp_path / f"{name}.csv") for name in ("dev", "test")}
    values |= {"dataset": str(tmp_path / "train.csv"), "embeddings": embeddings}
    vocabulary = prepare(Config().with_values(values)).tokenizer.vocabulary
    assert set(vocabulary.words) == {"<pad>", "<unk>", "red", "apple", "green", "pear"}


def test_of_a_cut_dev_split_no_word_enters_either():
    data = prepare(Config().with_values({"dataset": "questions", "embeddings": "learned"}))
    train = set(pc.list_flatten(split_words(data.dataset.train.texts, "basic_english")).to_pylist())
    for split in (data.dataset.dev, data.dataset.test):
        alone = set(pc.list_flatten(split_words(split.texts, "basic_english")).to_pylist()) - train
        assert len(alone) > 50
        assert alone.isdisjoint(data.tokenizer.vocabulary.words)


def test_extra_words_are_the_first_of_the_vector_file_with_their_vectors():
    values = {"dataset": "questions", "vocabulary_extra_words": 2000, "embeddings": "glove-frozen"}
    data = prepare(Config().with_values(values))
    extra = frequent_words("glove.6B.50d", 2000)
    assert len(extra) == 2000
    assert set(extra) <= set(data.tokenizer.vocabulary.words)
    unseen = [word for word in extra if data.tokenizer.vocabulary.counts[data.tokenizer.vocabulary.id_of(word)] == 0]
    assert len(unseen) > 500
    assert all(data.vectors[data.tokenizer.vocabulary.id_of(word)].any() for word in unseen)
