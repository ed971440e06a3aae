from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cct_text.errors import DataError, UsageError
from cct_text.inference.classifier import ROWS_TOGETHER, TextClassifier
from cct_text.text.tokenizer import Tokenizer
from cct_text.text.vocabulary import Vocabulary

any_text = st.text(st.characters(exclude_categories=()), max_size=60)


def test_probabilities_are_float32_rows_that_sum_to_1(classifier, texts):
    probabilities = classifier.predict_proba(texts)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (120, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_the_probabilities_are_those_of_the_networks_logits_divided_by_the_temperature(classifier, texts):
    assert classifier.model.temperature != 1.0
    logits = classifier.engine.logits(classifier.model.tokenizer.encode(texts)) / classifier.model.temperature
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(classifier.predict_proba(texts), shares / shares.sum(axis=1, keepdims=True), atol=1e-6)
    np.testing.assert_allclose(classifier.predict_logits(texts), logits, atol=1e-4)


@pytest.mark.parametrize("temperature", [0.05, 0.77, 3.0, 20.0])
def test_the_temperature_changes_how_sure_an_answer_is_but_not_the_answer(classifier, texts, temperature):
    other = TextClassifier(replace(classifier.model, temperature=temperature))
    assert other.predict(texts) == classifier.predict(texts)
    surer = other.predict_proba(texts).max(axis=1) - classifier.predict_proba(texts).max(axis=1)
    assert (surer >= 0).all() if temperature < classifier.model.temperature else (surer < 0).all()
    assert other.explain(texts[0]) == classifier.explain(texts[0])


def test_the_prediction_is_the_label_of_the_largest_probability(classifier, texts):
    best = classifier.predict_proba(texts).argmax(axis=1)
    assert classifier.predict(texts) == [classifier.labels[index] for index in best]
    assert len(set(best)) == 3


def test_the_same_texts_give_the_same_bits(classifier, run, texts):
    first = classifier.predict_proba(texts)
    assert np.array_equal(first, classifier.predict_proba(texts))
    assert np.array_equal(first, TextClassifier.load(run).predict_proba(texts))


def test_an_answer_does_not_depend_on_batch_mates_or_their_order(classifier, texts):
    together = classifier.predict_proba(texts)
    alone = np.concatenate([classifier.predict_proba([text]) for text in texts])
    backwards = classifier.predict_proba(texts[::-1])[::-1]
    beside_long_ones = classifier.predict_proba([*texts, *["long " * 500] * 300])[: len(texts)]
    for other in (alone, backwards, beside_long_ones):
        np.testing.assert_allclose(other, together, atol=1e-6)


def test_in_fp32_an_answer_has_the_same_bits_whatever_stands_beside_it(new_model, texts):
    # So many classes, for BLAS multiplies larger heads otherwise for one text than for many.
    classifier = TextClassifier(new_model(tuple(map(str, range(150))), width=128), precision="fp32")
    together = classifier.predict_logits(texts)
    for size in (1, 2, 7, 64):
        parts = [classifier.predict_logits(texts[first : first + size]) for first in range(0, len(texts), size)]
        assert np.array_equal(np.concatenate(parts), together)


def test_many_texts_on_all_cores_are_answered_as_few_in_one_thread(classifier, texts, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    many = [*texts, *(f"{text} {text}" for text in texts)] * 20
    pieces = [classifier.predict_logits(many[start : start + 100]) for start in range(0, len(many), 100)]
    assert len(many) > 2 * ROWS_TOGETHER
    np.testing.assert_allclose(classifier.predict_logits(many), np.concatenate(pieces), atol=1e-3)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_on_a_device_torch_gives_the_same_answers(run, texts, precision):
    here, there = (
        TextClassifier.load(run, precision="fp32"),
        TextClassifier.load(run, device="cpu:0", precision=precision),
    )
    assert there.precision == precision
    tolerance = 1e-5 if precision == "fp32" else 0.05
    np.testing.assert_allclose(there.predict_proba(texts), here.predict_proba(texts), atol=tolerance)
    assert there.explain(texts[0]) == here.explain(texts[0])


def test_every_kind_of_column_gives_the_same_answer(classifier, texts):
    expected = classifier.predict(texts)
    kinds = (
        tuple(texts),
        iter(texts),
        np.array(texts),
        pd.Series(texts),
        pa.array(texts),
        pa.array(texts, pa.large_string()),
        pa.chunked_array([texts[:50], [], texts[50:]]),
    )
    for kind in kinds:
        assert classifier.predict(kind) == expected


def test_no_texts_give_no_rows(classifier):
    assert classifier.predict([]) == []
    assert classifier.predict_proba([]).shape == (0, 3)
    assert classifier.predict_proba(pa.chunked_array([], pa.string())).shape == (0, 3)


def test_a_null_is_an_empty_text(classifier):
    column = pa.array(["", None])
    assert np.array_equal(*classifier.predict_proba(column))


def test_words_past_max_words_change_nothing(classifier):
    text = "who wrote this play ? " * 10
    assert np.array_equal(classifier.predict_proba([text]), classifier.predict_proba([text + "where is paris ?" * 500]))


def test_a_lone_surrogate_is_read_as_the_replacement_character(classifier):
    assert np.array_equal(*classifier.predict_proba(["who \ud800 wrote", "who \ufffd wrote"]))


@pytest.mark.parametrize("texts", ["one text", b"one text"])
def test_one_string_instead_of_a_list_is_refused_with_the_way_out(classifier, texts):
    with pytest.raises(UsageError, match=r"expected a list of texts, got one (str|bytes); write \["):
        classifier.predict(texts)


@pytest.mark.parametrize(
    ("texts", "seen"), [(["a", None], "text 1 is no string but None"), ([3], "text 0"), ([b"a"], "b'a'")]
)
def test_what_is_no_text_is_refused_with_its_place(classifier, texts, seen):
    with pytest.raises(UsageError, match=seen):
        classifier.predict(texts)


def test_a_column_of_numbers_is_refused(classifier):
    with pytest.raises(UsageError, match="column of strings, got int64"):
        classifier.predict(pa.array([1, 2]))


def test_a_saved_classifier_is_the_same_classifier(classifier, tmp_path, texts):
    classifier.save(tmp_path / "copy")
    copy = TextClassifier.load(tmp_path / "copy")
    assert (copy.labels, copy.config) == (classifier.labels, classifier.config)
    assert copy.model.temperature == classifier.model.temperature
    assert np.array_equal(copy.predict_proba(texts), classifier.predict_proba(texts))


@pytest.mark.parametrize("device", ["gpu9", "cuda:99", "meta"])
def test_a_device_that_is_not_there_is_told(run, device):
    with pytest.raises(UsageError, match=device):
        TextClassifier.load(run, device=device)


# explain


def test_weights_of_words_sum_to_1_and_spans_are_the_words(classifier):
    text = "Who wrote \U0001f600 Hamlet, and when?"
    weights = classifier.explain(text)
    assert [word for word, *_ in weights] == ["who", "wrote", "\U0001f600", "hamlet", ",", "and", "when", "?"]
    assert [text[start:end].lower() for _, start, end, _ in weights] == [word for word, *_ in weights]
    assert sum(word.weight for word in weights) == pytest.approx(1, abs=1e-9)
    assert all(word.weight > 0 for word in weights)


def test_words_past_max_words_weigh_nothing(classifier):
    weights = [word.weight for word in classifier.explain("word " * 30)]
    assert all(weight > 0 for weight in weights[:24])
    assert weights[24:] == [0] * 6


def test_a_text_without_words_has_nothing_to_explain(classifier):
    assert classifier.explain("") == classifier.explain(" \n\t") == []


@pytest.mark.parametrize("text", [["a", "list"], None, b"bytes"])
def test_explain_takes_one_text(classifier, text):
    with pytest.raises(UsageError, match="explain takes one text"):
        classifier.explain(text)


@pytest.mark.parametrize(
    "options",
    [{"pooling": pooling} for pooling in ("seqpool", "class-token", "mean", "max")]
    + [{"model": model} for model in ("transformer-2", "vit-lite-2/4", "cvt-2/4", "cct-2/4x2")],
    ids=str,
)
def test_every_kind_of_model_explains(new_model, options):
    weights = TextClassifier(new_model(**options)).explain("who wrote the play about a prince of Denmark ?")
    assert len(weights) == 10
    assert sum(word.weight for word in weights) == pytest.approx(1, abs=1e-9)
    assert all(0 <= word.weight <= 1 for word in weights)


@given(any_text)
@settings(deadline=None, max_examples=200)
def test_any_text_at_all_is_classified_and_explained(classifier, text):
    assert classifier.predict([text])[0] in classifier.labels
    weights = classifier.explain(text)
    assert all(0 <= word.start < word.end <= len(text) for word in weights)
    if weights:
        assert sum(word.weight for word in weights) == pytest.approx(1, abs=1e-9)


# Files that do not fit together although each is whole


def other_vocabulary(model):
    return replace(model, tokenizer=Tokenizer("penn", Vocabulary(("<pad>", "<unk>"), (0, 0))))


def other_labels(model):
    return replace(model, labels=("a", "b"))


def other_sizes(model):
    return replace(model, config=model.config.with_values({"model": "cct-4/1"}))


def impossible_sizes(model):
    return replace(model, config=model.config.with_values({"heads": 5}))


@pytest.mark.parametrize(
    ("change", "file"),
    [
        (other_vocabulary, "model.safetensors"),
        (other_labels, "model.safetensors"),
        (other_sizes, "model.safetensors"),
        (impossible_sizes, "config.toml"),
    ],
)
def test_files_that_do_not_fit_together_are_told_in_one_line(new_model, tmp_path, change, file):
    change(new_model()).save(tmp_path / "run")
    with pytest.raises(DataError, match=file) as caught:
        TextClassifier.load(tmp_path / "run")
    assert len(str(caught.value).splitlines()) == 1
