"""Names without folders, of every kind that a run's data and vectors can have."""

import pytest

from cct_text.config import Config
from cct_text.errors import UsageError
from cct_text.sharing.public_names import with_public_names


def public(option, value, name=None):
    config = with_public_names(Config().with_values({"dataset": "x.csv", option: value}), name)
    return config.to_dict()["embedding" if option == "vectors" else "data"].get(option)


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("questions", "questions"),
        ("/home/ann/acme/tickets.csv", "tickets.csv"),
        ("acme/tickets.csv.gz", "tickets.csv.gz"),
        ("../../acme/tickets", "tickets"),
        (r"C:\Users\ann\tickets.csv", "tickets.csv"),
        ("hf:org/tickets", "hf:org/tickets"),
        ("hf:org/tickets:english", "hf:org/tickets:english"),
        ("hf:/home/ann/acme", "hf:acme"),
        ("hf:./acme/tickets/", "hf:tickets"),
    ],
)
def test_a_data_set_keeps_its_name_and_loses_its_folders(dataset, expected):
    assert public("dataset", dataset) == expected


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("/home/ann/acme.csv", "letters.csv"),
        ("/home/ann/acme.jsonl.gz", "letters.jsonl.gz"),
        ("/home/ann/acme", "letters"),
        ("hf:acme/tickets", "hf:letters"),
    ],
)
def test_a_data_set_of_ones_own_can_be_called_otherwise(dataset, expected):
    assert public("dataset", dataset, "letters") == expected


def test_a_folder_of_the_hubs_layout_is_told_from_a_name_of_the_hub_by_being_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme" / "tickets").mkdir(parents=True)
    assert public("dataset", "hf:acme/tickets") == "hf:tickets"


def test_a_registered_data_set_has_its_name():
    with pytest.raises(UsageError, match="--dataset-name mine: questions has its name; it is for data of one's own"):
        public("dataset", "questions", "mine")


@pytest.mark.parametrize(
    ("vectors", "expected"),
    [
        ("glove.6B.50d", "glove.6B.50d"),
        ("glove.6B.50d+/home/ann/acme/own.bin", "glove.6B.50d+own.bin"),
        ("/home/ann/acme.zip!deep/m.txt", "acme.zip!m.txt"),
        ("fasttext-wiki-news-subwords-300", "fasttext-wiki-news-subwords-300"),
    ],
)
def test_vectors_keep_their_names_and_lose_their_folders(vectors, expected):
    assert public("vectors", vectors) == expected


def test_a_data_folder_is_left_out():
    assert public("data_dir", "/home/ann/data") is None
