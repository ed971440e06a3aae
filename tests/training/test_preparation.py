import numpy as np

from cct_text.text.vocabulary import PAD, UNK
from cct_text.training.preparation import fill_missing, prepare
from cct_text.training.recipes import resolve_config


def test_missing_words_get_random_rows_of_half_the_spread_and_known_ones_stay():
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((4000, 5)).astype(np.float32) * 3
    found = np.arange(4000) >= 2000
    vectors[~found] = 0
    filled = fill_missing(vectors, found, seed=0)
    assert (filled[found] == vectors[found]).all()
    np.testing.assert_allclose(filled[2:2000].std(axis=0), 1.5, rtol=0.1)
    assert not filled[[PAD, UNK]].any()


def test_the_random_rows_are_a_function_of_the_seed():
    vectors = np.ones((10, 2), dtype=np.float32) * np.arange(10, dtype=np.float32)[:, None]
    found = np.arange(10) > 5
    assert (fill_missing(vectors, found, 3) == fill_missing(vectors, found, 3)).all()
    assert (fill_missing(vectors, found, 3) != fill_missing(vectors, found, 4)).any()


def test_vectors_of_the_own_text_are_counted_into_the_time_of_training():
    config = resolve_config("questions", values={"vectors": "glove.6B.50d", "embedding_dim": 7})
    own, pretrained = prepare(config.with_values({"embeddings": "corpus"})), prepare(config)
    assert own.embedding_dim == 7
    assert own.vector_seconds > 0
    assert pretrained.vector_seconds == 0


def test_pairs_that_are_frequent_in_train_get_a_vector_of_zeros_and_stand_in_all_splits():
    config = resolve_config("questions", values={"vectors": "glove.6B.50d", "bigram_min_count": 5})
    data, plain = prepare(config), prepare(config.with_values({"bigram_min_count": 0}))
    vocabulary = data.tokenizer.vocabulary
    words = len(vocabulary.words)
    assert (vocabulary.words.index("what"), vocabulary.words.index("is")) in vocabulary.pairs
    assert vocabulary.words == plain.tokenizer.vocabulary.words
    assert data.vectors.shape == (words + len(vocabulary.pairs), 50)
    assert np.array_equal(data.vectors[:words], plain.vectors)
    assert not data.vectors[words:].any()
    assert data.coverage == plain.coverage
    for split in ("train", "dev", "test"):
        read, without = getattr(data, split).encoded, getattr(plain, split).encoded
        assert read.ids.max() >= words
        assert np.array_equal(vocabulary.bigrams.first_words[read.ids], without.ids)
    counts = np.bincount(data.train.encoded.ids, minlength=len(vocabulary))
    assert counts[words:].min() >= 5


def test_frozen_vectors_have_no_bigrams_and_vectors_of_the_own_text_have_them():
    config = resolve_config("questions", values={"vectors": "glove.6B.50d", "embedding_dim": 7, "bigram_min_count": 5})
    assert not prepare(config.with_values({"embeddings": "glove-frozen"})).tokenizer.vocabulary.pairs
    own = prepare(config.with_values({"embeddings": "corpus"}))
    assert len(own.vectors) == len(own.tokenizer.vocabulary) > len(own.tokenizer.vocabulary.words)
    assert not own.vectors[len(own.tokenizer.vocabulary.words) :].any()
