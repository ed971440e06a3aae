import pytest

from cct_text.datasets.columns import LABEL_NAMES, TEXT_NAMES, find_columns
from cct_text.errors import DataError


def found(*known, labelled=True, **named):
    return find_columns(known, labelled=labelled, path="rows.csv", **named)


@pytest.mark.parametrize("name", TEXT_NAMES)
def test_every_usual_name_of_a_text_column_is_found(name):
    assert found("id", name, "more", "label") == ([name], "label")


@pytest.mark.parametrize("name", LABEL_NAMES)
def test_every_usual_name_of_a_label_column_is_found(name):
    assert found("id", "text", "more", name) == (["text"], name)


def test_case_and_blanks_around_a_name_do_not_matter():
    assert found("ID", " Text", "LABEL ") == ([" Text"], "LABEL ")


def test_the_likelier_name_is_taken_whatever_the_order():
    assert found("tweet", "body", "sentence", "topic", "class") == (["sentence"], "class")


def test_a_title_is_read_with_its_content_or_description():
    assert found("label", "content", "title") == (["title", "content"], "label")
    assert found("description", "label", "title") == (["title", "description"], "label")
    assert found("label", "title", "text") == (["text"], "label")


def test_the_only_column_beside_the_label_is_the_text():
    assert found("label", "utterance") == (["utterance"], "label")
    assert found("utterance", labelled=False) == (["utterance"], None)


def test_named_columns_go_before_usual_ones_in_the_order_given():
    assert found("text", "label", "b", "a", "gold", text_columns=("a", "b"), label_column="gold") == (
        ["a", "b"],
        "gold",
    )


def test_a_label_column_is_not_asked_for_where_no_labels_are():
    assert found("text", labelled=False, label_column="gold") == (["text"], None)


@pytest.mark.parametrize(
    ("known", "named", "told"),
    [
        (("id", "utterance", "gold"), {}, "no label column among 'id', 'utterance', 'gold'; name it with --label-col"),
        (("id", "utterance", "label"), {}, "no text column among 'id', 'utterance', 'label'; name it with --text-col"),
        (("text", "label"), {"text_columns": ("tex",)}, "no column 'tex'; it has 'text', 'label'; did you mean 'text'"),
        (("text", "label"), {"label_column": "gold"}, "no column 'gold'; it has 'text', 'label'$"),
        (
            ("Text", "label"),
            {"text_columns": ("text",)},
            "no column 'text'; it has 'Text', 'label'; did you mean 'Text'",
        ),
        ((), {}, "no label column among no columns"),
        (("text", "text", "label"), {}, "two columns named 'text' among 'text', 'text', 'label'; rename one"),
        (("text", "label", "label"), {}, "two columns named 'label'"),
    ],
)
def test_what_cannot_be_found_is_told_with_all_that_is_there(known, named, told):
    with pytest.raises(DataError, match=f"rows.csv:1: {told}"):
        found(*known, **named)


def test_two_columns_of_one_name_do_no_harm_where_neither_is_read():
    assert found("x", "x", "text", "label") == (["text"], "label")
