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
