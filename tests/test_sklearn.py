"""The estimator among scikit-learn's own parts: its checks, pipelines, searches and containers."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from cct_text.datasets import load_dataset
from cct_text.errors import UsageError
from cct_text.inference.classifier import TextClassifier
from cct_text.sklearn import CCTClassifier
from tests.support.tagged_questions import TAGS, tagged

SMALL = {
    "embeddings": "learned",
    "epochs": 3,
    "random_state": 0,
    "options": {"width": 16, "heads": 2, "min_epoch_steps": 1},
}


class OfNumbers(CCTClassifier):
    """Reads a row of numbers as a text, a word for each, so that scikit-learn's checks can feed it."""

    def fit(self, X, y, sample_weight=None):
        several = type_of_target(np.asarray(y)) == "multilabel-indicator" if y is not None else False
        X, y = validate_data(self, X, y, multi_output=several)
        return super().fit(self._written(X), y, sample_weight)

    def _logits(self, X):
        check_is_fitted(self)
        return super()._logits(self._written(validate_data(self, X, reset=False)))

    def _written(self, X):
        return [
            " ".join(f"{chr(97 + n)}{int(np.clip(value, -1e6, 1e6) * 2)}" for n, value in enumerate(row)) for row in X
        ]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = False, True
        return tags


NOT_EQUIVALENT = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data")
"""A row that is there twice is shuffled into two places, one of weight 2 into one."""


def checks():
    """Those of scikit-learn that apply: arrays of a GPU library hold no texts, and there is no decision function."""
    for estimator in (OfNumbers(**SMALL | {"learning_rate": 0.02}), CCTClassifier(**SMALL)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SkipTestWarning)  # that texts are no numbers
            found = list(estimator_checks_generator(estimator))
        for estimator_, check in found:
            name = check.func.__name__
            if name in NOT_EQUIVALENT or "array_api" in name or name.endswith("_decision_function"):
                continue
            yield pytest.param(estimator_, check, id=f"{type(estimator).__name__}-{name}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_it_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def questions():
    data = load_dataset("questions")
    names = np.array(data.labels)
    return data.train.texts.to_pylist(), names[data.train.labels], data.test.texts.to_pylist(), names[data.test.labels]


@pytest.fixture(scope="module")
def fitted(questions):
    texts, labels, *_ = questions
    return CCTClassifier(embeddings="glove-tuned", vectors="glove.6B.50d", epochs=8, random_state=0).fit(texts, labels)


def test_it_learns_real_questions_and_answers_with_their_labels(fitted, questions):
    _, _, texts, labels = questions
    assert fitted.classes_.tolist() == sorted(set(labels))
    assert fitted.score(texts, labels) > 0.7
    assert fitted.predict(texts).dtype == labels.dtype
    probabilities = fitted.predict_proba(texts)
    assert probabilities.shape == (len(texts), 6)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(texts)), probabilities, atol=1e-6)


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        np.array,
        lambda texts: np.array(texts, dtype=object)[:, None],
        pd.Series,
        lambda texts: pd.DataFrame({"text": texts}),
        lambda texts: pd.Series(texts, dtype="category"),
        pl.Series,
        lambda texts: pl.DataFrame({"text": texts}),
        pa.array,
    ],
)
def test_texts_may_come_in_any_usual_container(fitted, questions, container):
    texts = questions[2][:20]
    np.testing.assert_array_equal(fitted.predict(container(texts)), fitted.predict(texts))


@pytest.mark.parametrize(
    "container", [pd.Series, pl.Series, lambda labels: pd.Series(labels, dtype="category"), pa.array]
)
def test_labels_may_come_in_any_usual_container(questions, container):
    texts, labels = questions[0][:40], questions[1][:40]
    found = CCTClassifier(**SMALL).fit(texts, container(labels))
    assert found.classes_.tolist() == sorted(set(labels))


def test_the_same_seed_gives_the_same_probabilities(questions):
    texts, labels = questions[0][:60], questions[1][:60]
    once, again = (CCTClassifier(**SMALL).fit(texts, labels).predict_proba(texts) for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_it_stands_at_the_end_of_a_pipeline_in_a_grid_search_and_in_cross_validation(questions):
    texts, labels = questions[0][:120], questions[1][:120]
    lower = FunctionTransformer(lambda rows: [row.lower() for row in rows])
    pipeline = Pipeline([("lower", lower), ("cct", CCTClassifier(**SMALL))])
    grid = {"cct__options": [{"width": 16, "min_epoch_steps": 1}, {"min_count": 2, "min_epoch_steps": 1}]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(texts, labels)
    assert len(search.cv_results_["params"]) == 2
    assert set(search.predict(texts)) <= set(labels)
    assert cross_val_score(clone(search.best_estimator_), texts, labels, cv=2).shape == (2,)


def test_it_is_fitted_in_other_processes(questions):
    texts, labels = questions[0][:40], questions[1][:40]
    alone, shared = (cross_val_score(CCTClassifier(**SMALL), texts, labels, cv=2, n_jobs=jobs) for jobs in (1, 2))
    assert alone.shape == shared.shape == (2,)


def test_a_pickled_one_says_the_same(fitted, questions):
    texts = questions[2][:10]
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_allclose(again.predict_proba(texts), fitted.predict_proba(texts), atol=1e-6)


def test_a_class_that_weighs_more_is_predicted_more_often(questions):
    texts, labels = questions[0], np.where(questions[1] == "HUM", "person", "other")
    plain, heavy = (
        CCTClassifier(**SMALL, class_weight=weight).fit(texts, labels)
        for weight in (None, {"person": 50.0, "other": 1.0})
    )
    assert (heavy.predict(texts) == "person").sum() > (plain.predict(texts) == "person").sum()


def test_rows_of_weight_zero_teach_nothing(questions):
    texts = questions[0][:100]
    right = np.array(["a", "b"] * 50)
    wrong = np.where(np.arange(100) < 50, "b", right)
    weights = np.where(np.arange(100) < 50, 0.0, 1.0)
    found = [
        CCTClassifier(**SMALL | {"dev_fraction": 0.0}).fit(texts, labels, sample_weight=weights).predict_proba(texts)
        for labels in (right, wrong)
    ]
    np.testing.assert_array_equal(*found)


def test_what_was_trained_can_be_saved_and_used_by_the_command(fitted, questions, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model", precision="fp32")
    assert loaded.predict(questions[2]) == fitted.predict(questions[2]).tolist()


def test_classes_keep_their_type(questions):
    texts = questions[0][:40]
    for classes in (np.array([3, 10] * 20), np.array([True, False] * 20)):
        found = CCTClassifier(**SMALL).fit(texts, classes)
        assert found.predict(texts).dtype == classes.dtype
    assert found.classes_.tolist() == [False, True]


def test_before_it_is_fitted_it_says_so():
    with pytest.raises(NotFittedError):
        CCTClassifier().predict(["x"])


@pytest.mark.parametrize(
    ("texts", "labels", "error", "message"),
    [
        ("one text", ["a"], TypeError, "give a list of texts"),
        (["x", None], ["a", "b"], TypeError, "text 1 is no string but None"),
        (["x", float("nan")], ["a", "b"], TypeError, "text 1 is no string but nan"),
        ([], [], ValueError, "no rows"),
        ([["a", "b"], ["c", "d"]], ["a", "b"], ValueError, "a table of one column"),
        (["x", "y"], ["a", "a"], ValueError, "one class only, 'a'"),
        (["x", "y"], ["a", "b", "c"], ValueError, "inconsistent numbers of samples"),
        (["x", "y"], [0.5, 0.7], ValueError, "continuous"),
    ],
)
def test_what_cannot_be_learned_is_refused(texts, labels, error, message):
    with pytest.raises(error, match=message):
        CCTClassifier(**SMALL).fit(texts, labels)


def test_an_option_that_is_none_is_named():
    with pytest.raises(UsageError, match="CCTClassifier: unknown option 'min_cuont'; did you mean min_count"):
        CCTClassifier(options={"min_cuont": 3}).fit(["a", "b"], ["x", "y"])
    with pytest.raises(UsageError, match="unknown recipe 'imbd'"):
        CCTClassifier(recipe="imbd").fit(["a", "b"], ["x", "y"])


def test_weights_that_are_all_zero_are_refused():
    with pytest.raises(ValueError, match="at least one non-zero number"):
        CCTClassifier(**SMALL).fit(["a", "b"], ["x", "y"], sample_weight=[0, 0])


@pytest.fixture(scope="module")
def tags():
    """Texts and tags, as an indicator matrix, to learn and to be tested on."""
    questions = load_dataset("questions")
    rows = [tagged(split, questions.labels) for split in (questions.train, questions.test)]
    return [([text for text, _ in of], np.array([[tag in own for tag in TAGS] for _, own in of], int)) for of in rows]


@pytest.fixture(scope="module")
def tagger(tags):
    small = {"embeddings": "learned", "epochs": 8, "learning_rate": 0.003, "random_state": 0}
    return CCTClassifier(**small, options={"embedding_dim": 32, "width": 32}).fit(*tags[0])


def test_an_indicator_matrix_teaches_several_labels(tagger, tags):
    texts, wanted = tags[1]
    said, probabilities = tagger.predict(texts), tagger.predict_proba(texts)
    assert (tagger.multilabel_, tagger.classes_.tolist()) == (True, list(range(5)))
    assert said.shape == probabilities.shape == wanted.shape
    assert set(np.unique(said)) == {0, 1}
    assert f1_score(wanted, said, average="micro") > 0.5
    assert tagger.score(texts, wanted) == pytest.approx((said == wanted).all(axis=1).mean())
    assert np.exp(tagger.predict_log_proba(texts)) == pytest.approx(probabilities, abs=1e-6)
    assert (said == (probabilities >= np.array(tagger.classifier_.model.thresholds, np.float32))).all()


def test_a_saved_tagger_is_a_run_of_several_labels(tagger, tags, tmp_path):
    tagger.save(tmp_path / "run")
    sets = TextClassifier.load(tmp_path / "run", precision="fp32").predict_sets(tags[1][0])
    assert [sorted(map(int, said)) for said in sets] == [
        np.flatnonzero(row).tolist() for row in tagger.predict(tags[1][0])
    ]


def test_a_sparse_matrix_is_read_and_what_is_no_use_is_refused(tags):
    texts, wanted = tags[0][0][:40], tags[0][1][:40]
    quick = {"embeddings": "learned", "epochs": 1, "options": {"min_epoch_steps": 1}, "random_state": 0}
    dense, sparse = (CCTClassifier(**quick).fit(texts, y).predict_proba(texts) for y in (wanted, csr_matrix(wanted)))
    assert (dense == sparse).all()
    assert CCTClassifier(**quick, class_weight="balanced").fit(texts, wanted).multilabel_
    with pytest.raises(ValueError, match="class_weight is {0: 2}; where a row may have several labels it is None or"):
        CCTClassifier(**quick, class_weight={0: 2}).fit(texts, wanted)
    with pytest.raises(ValueError, match="y holds the same labels in all rows"):
        CCTClassifier(**quick).fit(texts, np.tile([[1, 0, 1]], (40, 1)))
