"""One configuration, three faces: dataclass fields, TOML and `name=value` strings."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from dataclasses import FrozenInstanceError, fields
from itertools import pairwise
from types import NoneType
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cct_text import config as config_module
from cct_text.config import Config, DataConfig, EmbeddingConfig, TrainingConfig
from cct_text.errors import UsageError
from cct_text.training.recipes import resolve_config

SECTIONS = {section.name: type(getattr(Config(), section.name)) for section in fields(Config)}
OPTIONS = {
    option.name: (section, get_type_hints(kind)[option.name], option.metadata)
    for section, kind in SECTIONS.items()
    for option in fields(kind)
}
NUMBERS = [name for name, (_, _, metadata) in OPTIONS.items() if metadata]


def values_of(hint, metadata):
    """Every value that a field of this type and these bounds takes."""
    if NoneType in get_args(hint):
        inner = next(arg for arg in get_args(hint) if arg is not NoneType)
        # An empty string is how `--set name=` says "not given".
        given_values = st.text(min_size=1) if inner is str else values_of(inner, metadata)
        return st.none() | given_values
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        item, least = (st.text(min_size=1), 0) if get_args(hint)[0] is str else (values_of(int, metadata), 1)
        return st.lists(item, min_size=least, max_size=3).map(tuple)
    if hint is int:
        return st.integers(metadata["low"], metadata["high"])
    if hint is float:
        return st.floats(metadata["low"], metadata["high"], allow_nan=False, allow_infinity=False)
    return {bool: st.booleans(), str: st.text()}[hint]


settings_of_a_run = st.fixed_dictionaries(
    {}, optional={name: values_of(hint, metadata) for name, (_, hint, metadata) in OPTIONS.items()}
)


def value(config: Config, name: str) -> object:
    return getattr(getattr(config, OPTIONS[name][0]), name)


def fault(values: dict[str, object]) -> str:
    with pytest.raises(UsageError) as caught:
        Config().with_values(values, source="here")
    return str(caught.value)


@given(settings_of_a_run)
def test_valid_values_are_set_as_given_and_survive_toml(values):
    config = Config().with_values(values)
    assert {name: value(config, name) for name in values} == values
    assert Config().with_toml(config.to_toml(), source="round trip") == config


@given(settings_of_a_run)
def test_an_option_can_be_named_with_or_without_its_section(values):
    by_path = {f"{OPTIONS[name][0]}.{name}": item for name, item in values.items()}
    assert Config().with_values(by_path) == Config().with_values(values)


def in_one(item):
    """A number, or several joined by +, as one types them."""
    return "+".join(map(repr, item)) if isinstance(item, tuple) else repr(item)


@given(settings_of_a_run.map(lambda values: {name: values[name] for name in values if name in NUMBERS}))
def test_numbers_may_arrive_as_strings_from_the_command_line(values):
    strings = {name: "" if item is None else in_one(item) for name, item in values.items()}
    assert Config().with_values(strings) == Config().with_values(values)


def test_the_default_configuration_is_valid_and_equals_an_empty_file():
    assert Config().with_toml("", source="empty") == Config()
    assert Config().with_values({name: value(Config(), name) for name in OPTIONS}) == Config()


def test_every_option_name_is_unique_over_all_sections():
    names = Counter(option.name for kind in SECTIONS.values() for option in fields(kind))
    assert [name for name, count in names.items() if count > 1] == []


def test_every_option_is_explained_by_a_docstring_below_it():
    module = ast.parse(inspect.getsource(config_module))
    bodies = {node.name: node.body for node in module.body if isinstance(node, ast.ClassDef)}
    for kind in SECTIONS.values():
        body = bodies[kind.__name__]
        documented = {
            field.target.id
            for field, text in pairwise(body)
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        }
        assert documented == {option.name for option in fields(kind)}


def test_a_configuration_cannot_be_changed_in_place_and_with_values_leaves_it_alone():
    config = Config()
    changed = config.with_values({"seed": 7})
    assert (config.training.seed, changed.training.seed) == (0, 7)
    with pytest.raises(FrozenInstanceError):
        config.training.seed = 7


def test_all_faults_are_reported_at_once_after_the_source():
    message = fault(
        {"epoch": 3, "max_words": 0, "pooling": "median", "embedding_dim": 8, "lr": "fast", "phrases": "maybe"}
    )
    assert message.startswith("here: ")
    for part in (
        "unknown option 'epoch'; did you mean epochs",
        "max_words = 0: expected at least 1",
        "pooling = 'median': expected one of seqpool, class-token, mean, max",
        "unknown option 'lr'",
        "phrases = 'maybe': expected true or false",
    ):
        assert part in message
    assert message.count("; ") >= 4
    assert "embedding_dim = " not in message


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("max_word", "max_words"),
        ("learning-rate", "learning_rate"),
        ("text.max_word", "text.max_words"),
        ("txt.max_words", "text.max_words"),
        ("training.max_words", "text.max_words"),
    ],
)
def test_an_unknown_name_is_answered_with_near_names(name, suggested):
    message = fault({name: "64"})
    assert f"unknown option {name!r}; did you mean " in message
    assert suggested in message


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_is_refused_outside_its_bounds_and_accepted_on_them(name):
    _, _, metadata = OPTIONS[name]
    low, high = metadata["low"], metadata["high"]
    assert value(Config().with_values({name: low}), name) in (low, (low,))
    assert f"{name} = {low - 1!r}: expected at least {low:.10g}" in fault({name: low - 1})
    if high is not None:
        assert value(Config().with_values({name: high}), name) == high
        assert f"{name} = {high + 1!r}: expected at most {high:.10g}" in fault({name: high + 1})


@pytest.mark.parametrize(
    ("name", "bad", "expected"),
    [
        ("learning_rate", "nan", "expected a number"),
        ("learning_rate", "inf", "expected a number"),
        ("learning_rate", "fast", "expected a number"),
        pytest.param("learning_rate", 10**400, "expected a number", id="larger than any float"),
        ("learning_rate", True, "expected a number"),
        ("epochs", 2.5, "expected a whole number"),
        ("epochs", "2.5", "expected a whole number"),
        ("epochs", True, "expected a whole number"),
        ("epochs", None, "expected a whole number"),
        ("epochs", [3], "expected a whole number"),
        ("dataset", 3, "expected a string"),
        ("dataset", None, "expected a string"),
        ("phrases", 1, "expected true or false"),
        ("positions", "Sine", "expected one of none, sine, learnable"),
        ("positions", ["sine"], "expected one of none, sine, learnable"),
        ("text_columns", 3, "expected a list of strings"),
        ("text_columns", ["title", 3], "expected a list of strings"),
    ],
)
def test_a_value_of_the_wrong_type_is_quoted_with_what_was_expected(name, bad, expected):
    assert fault({name: bad}) == f"here: {name} = {bad!r}: {expected}"


@pytest.mark.parametrize(
    ("name", "string", "expected"),
    [
        ("phrases", "true", True),
        ("phrases", "False", False),
        ("seed", "12", 12),
        ("learning_rate", "3e-4", 3e-4),
        ("data_dir", "", None),
        ("data_dir", "0", "0"),
        ("kernel", "", None),
        ("kernel", "4", (4,)),
        ("kernel", "1+3+5", (1, 3, 5)),
        ("pooling", "", None),
        ("positions", "none", "none"),
        ("text_columns", "title,body", ("title", "body")),
        ("text_columns", "", ()),
        ("model", "cct-4/2x1", "cct-4/2x1"),
    ],
)
def test_a_string_from_set_becomes_a_value_of_the_options_type(name, string, expected):
    seen = value(Config().with_values({name: string}), name)
    assert seen == expected
    assert type(seen) is type(expected)


def test_options_that_are_not_given_stand_in_no_toml_and_can_be_taken_back():
    config = Config().with_values({"width": 4})
    assert "width = 4" in config.to_toml()
    assert config.with_values({"width": None}) == Config()
    assert "width" not in Config().to_toml()


@pytest.mark.parametrize("kernel", [3, (3,), [3], "3"])
def test_one_kernel_needs_no_list(kernel):
    config = Config().with_values({"kernel": kernel})
    assert config.model.kernel == (3,)
    assert Config().with_toml(config.to_toml(), source="test") == config


def test_what_a_run_folder_adds_to_its_configuration_is_passed_over():
    toml = '[run]\nversion = 1\nlabels = ["a", "b"]\n\n[training]\nseed = 3\n'
    assert Config().with_toml(toml, source="config.toml") == Config().with_values({"seed": 3})


def test_toml_may_hold_options_outside_their_sections():
    assert Config().with_toml('max_words = 64\nembeddings = "learned"', source="flat").text.max_words == 64


@pytest.mark.parametrize("toml", ["max_words =", "max_words = 3\nmax_words = 4", "[text", "\x00"])
def test_text_that_is_no_toml_names_its_source_and_the_place(toml):
    with pytest.raises(UsageError, match=r"^my\.toml: not a TOML file: .*(line|document)"):
        Config().with_toml(toml, source="my.toml")


@pytest.mark.parametrize("value", ["[" * 2_000, "9" * 5_000], ids=["nested", "digits"])
def test_toml_that_no_parser_takes_is_told(tmp_path, value):
    path = tmp_path / "my.toml"
    path.write_text(f"max_words = {value}\n")
    with pytest.raises(UsageError, match=r"my\.toml: not a TOML file: "):
        resolve_config("questions", config_file=path)


@pytest.mark.parametrize(
    "toml", ["text = 3", "[text.deep]\nmax_words = 3", "[texts]\nmax_words = 3", "[[text]]\nx = 1"]
)
def test_a_toml_document_of_another_shape_is_an_unknown_option(toml):
    with pytest.raises(UsageError, match=r"^my\.toml: unknown option"):
        Config().with_toml(toml, source="my.toml")


def test_a_file_is_read_as_utf_8_and_its_faults_carry_its_path(tmp_path):
    path = tmp_path / "rezept.toml"
    path.write_text('[data]\nlabel_column = "Größe"\n', encoding="utf-8")
    assert Config().with_file(path).data.label_column == "Größe"
    path.write_text("[training]\nepochs = 0\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        Config().with_file(path)
    assert str(caught.value) == f"{path}: training.epochs = 0: expected at least 1"


def test_a_file_that_cannot_be_read_is_a_usage_error_that_says_why(tmp_path):
    latin = tmp_path / "latin.toml"
    latin.write_bytes('[data]\nlabel_column = "Größe"\n'.encode("latin-1"))
    reasons = {tmp_path / "missing.toml": "No such file", tmp_path: "Is a directory", latin: "not UTF-8 text"}
    for path, reason in reasons.items():
        with pytest.raises(UsageError) as caught:
            Config().with_file(path)
        assert str(caught.value).startswith(f"{path}: cannot read the configuration: {reason}")


def test_the_string_forms_of_a_path_are_equal(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text("epochs = 1\n", encoding="utf-8")
    assert Config().with_file(str(path)) == Config().with_file(path) == Config().with_values({"epochs": 1})


def test_options_set_in_python_are_checked_like_all_others():
    with pytest.raises(UsageError, match="glove-frozen"):
        EmbeddingConfig(embeddings="glove_frozen")
    with pytest.raises(UsageError, match=r"epochs = 'x': expected a whole number; batch_size = 0: expected at least 1"):
        TrainingConfig(batch_size=0, epochs="x")
    assert DataConfig(text_columns=["a", "b"]).text_columns == ("a", "b")
