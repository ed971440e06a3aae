"""What a study varies."""

import pytest

from cct_text.errors import UsageError
from cct_text.model.architecture import MODEL_NAMES
from cct_text.studies.grid import EMBEDDINGS, FAMILIES, baselines, grid, model_beside


def test_all_combinations_the_last_option_fastest():
    names = [condition.name for condition in grid(["embeddings=learned, corpus", "model.model=cct-2/1,cvt-2/1"])]
    assert names == ["learned, cct-2/1", "learned, cvt-2/1", "corpus, cct-2/1", "corpus, cvt-2/1"]


def test_the_four_embedding_modes_without_a_wish():
    assert [condition.name for condition in grid([EMBEDDINGS])] == ["learned", "glove-frozen", "glove-tuned", "corpus"]


def test_a_value_that_says_nothing_alone_is_named_with_its_option():
    vary = ["dropout=0,0.1", "learning_rate=1e-3", "phrases=true", "positions=none,sine"]
    assert grid(vary)[2].name == "dropout=0.1, learning_rate=1e-3, phrases=true, positions=none"
    assert grid(vary)[3].name == "dropout=0.1, learning_rate=1e-3, phrases=true, sine"


def test_a_folder_for_each():
    folders = [condition.folder for condition in grid(["model=cct-2/1,cct-2/1x2", "dropout=0,0.1"])]
    assert folders[0] == "model=cct-2_1,dropout=0"
    assert len(set(folders)) == 4


@pytest.mark.parametrize(
    ("vary", "told"),
    [
        (["embeddings"], "--vary embeddings: expected KEY=A,B"),
        (["=a,b"], "expected KEY=A,B"),
        (["model=cct-2/1,,cct-4/1"], "expected KEY=A,B"),
        (["model=a,b,a"], "a stands there twice"),
        (["model=a", "model.model=b"], "model is varied twice"),
        (["nosuch.pooling=mean,max"], "--vary nosuch.pooling=mean,max: unknown option 'nosuch.pooling'"),
        (["text.pooling=mean,max"], "unknown option 'text.pooling'; did you mean model.pooling"),
        (["seed=1,2"], "seed is set by the study"),
        (["test=a.csv,b.csv"], "--vary test=a.csv,b.csv: conditions are compared on the same test rows"),
        (["data.test_fraction=0.1,0.2"], "conditions are compared on the same test rows; set test_fraction for all"),
        (["text_columns=title,body"], "the same test rows"),
        (["vectors=a/b,a_b"], "would share the folder vectors=a_b"),
    ],
)
def test_what_cannot_be_varied_is_told(vary, told):
    with pytest.raises(UsageError, match=told.replace("+", r"\+")):
        grid(vary)


def test_baselines_by_name_and_the_relatives_of_a_model():
    found = baselines(["tfidf-lr", "transformer", "vit-lite", "cvt"], "cct-4/2x1")
    assert [one.name for one in found] == ["tfidf-lr", "transformer-4", "vit-lite-4/2", "cvt-4/2"]
    assert [one.name for one in baselines(["transformer", "cvt"], "cct-2/1+3+5")] == ["transformer-2", "cvt-2/1+3+5"]
    assert [one.folder for one in found[:2]] == ["baseline=tfidf-lr", "model=transformer-4"]
    assert all(one.baseline for one in found)


def test_a_baseline_that_is_named_twice_stands_there_once():
    assert [one.name for one in baselines(["majority", "cvt", "majority"], "cct-2/1")] == ["majority", "cvt-2/1"]


def test_relatives_follow_the_varied_models_where_all_have_one_size():
    def beside(vary):
        return [one.name for one in baselines(["cvt"], model_beside(grid(vary), "cct-2/1"))]

    assert beside(["model=cct-4/2,vit-lite-4/2,cct-4/2x2"]) == ["cvt-4/2"]
    assert beside(["model=cct-4/2,cct-6/2"]) == beside(["pooling=mean,max"]) == ["cvt-2/1"]


def test_an_unknown_baseline_is_told():
    with pytest.raises(UsageError, match="unknown baseline 'tfidf-svm'.*tfidf-lr"):
        baselines(["tfidf-svm"], "cct-2/1")


def test_every_relative_is_a_model_of_the_zoo():
    for model in MODEL_NAMES:
        for relative in baselines(FAMILIES, model):
            assert relative.values["model"] in MODEL_NAMES
