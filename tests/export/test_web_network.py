"""The network in a real browser, against the library's."""

from dataclasses import replace

import numpy as np
import pytest

from cct_text.export.web import as_text
from cct_text.export.web_model import STEPS, packed, rounded
from cct_text.inference.classifier import TextClassifier
from cct_text.model import MODEL_NAMES
from tests.export.conftest import WORDS, new_model
from tests.support.exported_page import answers_of

GENERATOR = np.random.default_rng(0)
TEXTS = [
    " ".join(f"w{word}" for word in GENERATOR.integers(2, 60, length))
    for length in (0, 1, 2, 3, 4, 5, 6, 7, 11, 18, 29, 30, 31, 40, 61)
]
"""Some words are unknown, and some texts longer than the 30 words that are read."""
WITH_BIGRAMS = replace(WORDS, pairs=tuple((first, second) for first in range(2, 50, 3) for second in range(2, 50, 2)))
VARIANTS = {
    **{name: {"model": name} | ({"width": 16} if "/" in name else {}) for name in MODEL_NAMES},
    **{f"pooling {pooling}": {"pooling": pooling} for pooling in ("class-token", "mean", "max")},
    **{
        f"{positions} positions, {pooling}": {"model": "cct-2/1", "positions": positions, "pooling": pooling}
        for positions in ("learnable", "none")
        for pooling in ("seqpool", "class-token")
    },
    **{
        f"{family}/{kernel}": {"model": f"{family}/{kernel}"}
        for family in ("cct-2", "cvt-2")
        for kernel in ("3", "6", "4x2", "3x3")
    },
    "several kernels": {"model": "cct-2/1+3+5", "max_pool": "false"},
    "several kernels and layers": {"model": "cct-2/1+2x2"},
    "layers without max-pool": {"model": "cct-2/4x2", "max_pool": "false"},
    "first and last words": {"long": "head-tail"},
    "first and last of odd many": {"long": "head-tail", "max_words": 7},
    "chunks": {"long": "chunks"},
    "chunks of a few words": {"long": "chunks", "max_words": 4},
    "one word": {"max_words": 1},
    "sizes": {"width": 21, "heads": 3, "mlp_ratio": 1.4, "layers": 3},
    "folded, as narrow as the vectors": {"model": "cct-2/2", "width": 4, "embedding_dim": 8},
    "folded, narrower": {"model": "cct-2/1+2", "width": 4, "embedding_dim": 30},
    "bigrams": {"vocabulary": WITH_BIGRAMS, "long": "head-tail"},
    "bigrams in chunks": {"vocabulary": WITH_BIGRAMS, "long": "chunks", "max_words": 7},
    "bigrams, folded": {"vocabulary": WITH_BIGRAMS, "width": 4, "embedding_dim": 8},
    "two labels": {"labels": ("no", "yes")},
    "fine labels": {"class_of_label": (0, 2, 1, -1, 4, 3, 0, 0)},
}


@pytest.fixture(scope="module", params=VARIANTS.values(), ids=list(VARIANTS))
def both(request, page):
    """A classifier, and what the page says of the texts with its weights as they are."""
    model = new_model(**request.param)
    return TextClassifier(model, precision="fp32"), answers_of(page, as_text(packed(model, "fp32")), TEXTS)


def test_without_rounding_the_page_gives_the_logits_of_the_library(both):
    classifier, found = both
    expected = classifier.predict_logits(TEXTS)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found["logits"], expected, atol=1e-4)
    assert found["labels"] == classifier.predict(TEXTS)


def test_the_page_weighs_words_as_the_library_does(both):
    classifier, found = both
    for text, words in zip(TEXTS, found["words"], strict=True):
        expected = [word.weight for word in classifier.explain(text)]
        np.testing.assert_allclose([word["weight"] for word in words], expected, atol=1e-5)


def test_rounded_to_8_bits_the_answers_are_nearly_the_same(page):
    model = new_model(embedding_dim=50)
    expected = TextClassifier(model, precision="fp32").predict_proba(TEXTS)
    found = np.array(answers_of(page, as_text(packed(model, "int8")), TEXTS)["probabilities"])
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert 1e-5 < np.abs(found - expected).max() < 0.05


def test_an_answer_does_not_depend_on_what_was_asked_before(page):
    content = as_text(packed(new_model(), "int8"))
    together = answers_of(page, content, TEXTS)["logits"]
    backwards = answers_of(page, content, TEXTS[::-1])["logits"][::-1]
    assert together == backwards


def test_a_row_is_rounded_within_half_a_step_of_its_own():
    sizes = np.float32([[1e-3], [1], [50], [0], [1e-30]])
    matrix = np.random.default_rng(0).normal(size=(5, 40)).astype(np.float32) * sizes
    steps, scales = rounded(matrix)
    assert steps.dtype == np.int8
    assert np.abs(steps).max(axis=1).tolist() == [STEPS, STEPS, STEPS, 0, STEPS]
    off = np.abs(steps * scales[:, None] - matrix).max(axis=1)
    assert (off <= 0.5001 * scales).all()
