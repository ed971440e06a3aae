"""What a search may choose, as `--search` has it."""

import pytest

from cct_text.config import Config
from cct_text.errors import UsageError
from cct_text.studies.search_space import DEFAULT, Choices, Range, default_search, search_space, value_of


def one(item, **base):
    (option,) = search_space([item], Config().with_values(base))
    return option


@pytest.mark.parametrize(
    ("item", "low", "high", "whole", "logarithmic"),
    [
        ("learning_rate=3e-4..3e-3", 3e-4, 3e-3, False, True),
        ("training.learning_rate = 1e-3 .. 9e-3", 1e-3, 9e-3, False, False),
        ("label_smoothing=0..0.2", 0.0, 0.2, False, False),
        ("max_words=16..256", 16, 256, True, True),
        ("layers=1..4", 1, 4, True, False),
    ],
)
def test_a_range_is_of_the_options_kind_of_number_and_logarithmic_from_ten_times_on(
    item, low, high, whole, logarithmic
):
    option = one(item)
    assert (option.low, option.high, option.whole, option.logarithmic) == (low, high, whole, logarithmic)
    assert type(option.low) is type(low)
    assert one(str(option)) == option


def test_choices_are_kept_as_written_and_as_the_configuration_has_them():
    option = one("max_words= 16, 032")
    assert option == Choices("max_words", ("16", "032"), (16, 32))
    assert one(str(option)) == option
    assert [option.parameter(value) for value in (32, 64)] == ["032", None]


def test_a_path_with_dots_is_no_range():
    assert one("vectors=../a.txt,b/../c.txt").texts == ("../a.txt", "b/../c.txt")


def test_a_value_outside_of_a_range_is_none_of_it():
    option = Range("dropout", 0.1, 0.3)
    assert [option.parameter(value) for value in (0.1, 0.3, 0.31, None)] == [0.1, 0.3, None, None]


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ("dropout", "--search dropout: expected KEY=A,B,... or KEY=LOW..HIGH"),
        ("=1,2", "expected KEY=A,B"),
        ("dropout=", "expected KEY=A,B"),
        ("dropout=0.1,,0.2", "expected KEY=A,B"),
        ("dropout=0.1", "one value is nothing to search"),
        ("droput=0.1,0.2", "unknown option 'droput'; did you mean dropout"),
        ("text.dropout=0.1,0.2", "did you mean model.dropout?"),
        ("dropout=0.1..2", "--search dropout=0.1..2: dropout = '2': expected at most 0.95"),
        ("dropout=0.3..0.1", "LOW must be less than HIGH"),
        ("layers=1..2.5", "layers = '2.5': expected a whole number"),
        ("positions=none..sine", "a range is of numbers, and positions is none"),
        ("pooling=mean,median", "pooling = 'median': expected one of seqpool"),
        ("model=cct-2/1,cct-9", "--search model=cct-2/1,cct-9: model 'cct-9' names no kernel"),
        ("heads=2,3", "--search heads=2,3: heads = 3"),
        ("dropout=0.1,0.10", "0.1 stands there twice"),
        ("keep=accuracy,last", "what a score means depends on keep"),
        ("seed=1,2", "what a score means depends on seed"),
        ("dev_fraction=0.1..0.2", "what a score means depends on dev_fraction"),
    ],
)
def test_what_cannot_be_searched_is_told_with_the_flag(item, told):
    with pytest.raises(UsageError) as error:
        one(item)
    assert str(error.value).startswith(f"--search {item}: ")
    assert told in str(error.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(UsageError) as error:
        search_space(["droput=0,1", "dropout=2,0.1,3", "layers=1..2", "model.layers=2,3"], Config())
    for told in ("unknown option 'droput'", "dropout = '2'", "dropout = '3'", "layers is searched twice"):
        assert told in str(error.value)
    assert str(error.value).count("droput=0,1") == 1


def test_what_is_given_is_not_searched_by_default():
    names = [option.name for option in search_space(default_search({"model", "weight_decay"}, "cct-2/2"), Config())]
    assert names == [
        "learning_rate", "embedding_learning_rate", "embedding_dropout", "word_dropout", "label_smoothing"
    ]  # fmt: skip
    assert default_search((), "cct-2/2") == list(DEFAULT)


def test_the_recipes_own_model_is_among_those_that_are_searched_by_default():
    models, *_ = search_space(default_search((), "cct-2/1+2+3"), Config())
    assert models.texts == ("cct-2/1", "cct-2/2", "cct-2/4", "cct-2/1+2+3")


def test_the_value_of_an_option_is_found_by_its_name():
    config = Config().with_values({"text_columns": "title,body", "patience": 3})
    assert [value_of(config, name) for name in ("patience", "width", "model")] == [3, None, "cct-2/2"]
    assert value_of(config, "text_columns") == "title+body"
