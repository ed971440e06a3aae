"""What is a name of the hub, and what is a path."""

from pathlib import Path

import pytest

from cct_text.errors import UsageError
from cct_text.hub.names import HubName, hub_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ann/tickets", HubName("ann/tickets")),
        ("hf:ann/tickets", HubName("ann/tickets")),
        ("hf:ann/tickets@v1.0", HubName("ann/tickets", "v1.0")),
        ("ann/tickets@refs/pr/3", HubName("ann/tickets", "refs/pr/3")),
        ("Ann-1_x/tickets.v2", HubName("Ann-1_x/tickets.v2")),
    ],
)
def test_a_name_is_read_with_or_without_prefix_and_revision(text, name):
    assert HubName.parse(text) == name
    assert str(name) == f"hf:{text.removeprefix('hf:')}"


@pytest.mark.parametrize(
    "text", ["", "hf:", "tickets", "hf:a/b/c", "../x", "./ann/x", "/ann/x", "ann/", "ann/x y", "ann/x@"]
)
def test_what_is_no_name_is_told_with_what_one_is(text):
    with pytest.raises(UsageError, match="no name of the hub; those are hf:ORG/NAME or hf:ORG/NAME@REVISION"):
        HubName.parse(text)


def test_two_revisions_are_one_too_many():
    assert HubName.parse("ann/x", revision="v1") == HubName("ann/x", "v1")
    with pytest.raises(UsageError, match="names a revision, and so does --revision v2"):
        HubName.parse("ann/x@v1", revision="v2")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_with_the_prefix_the_hub_is_meant_even_beside_a_folder():
    Path("ann/tickets").mkdir(parents=True)
    assert hub_name("hf:ann/tickets") == HubName("ann/tickets")


def test_two_names_with_a_slash_are_of_the_hub_where_no_folder_can_be_meant():
    assert hub_name("ann/tickets") == HubName("ann/tickets", like_a_path=True)
    assert str(hub_name("ann/tickets@v1")) == "ann/tickets@v1"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "tickets",
            "./ann/tickets",
            "../ann/tickets",
            "/ann/tickets",
            "~/tickets",
            "ann/deep/tickets",
            "ann/tickets/",
        ),
        *(r"ann\tickets", "runs/ticets", "", ".", "x" * 5000, "ann/" + "x" * 5000 + "/"),
    ],
)
def test_a_path_is_a_path_whether_it_is_there_or_not(path):
    assert hub_name(path) is None


def test_a_name_beside_a_folder_of_its_first_part_is_a_path_into_that_folder():
    Path("models/tickets").mkdir(parents=True)
    assert hub_name("models/tickets") is None
    assert hub_name("models/ticets") is None


def test_a_path_object_is_a_folder():
    assert hub_name(Path("ann/tickets")) is None
