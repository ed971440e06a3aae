"""Dev splits of IMDb by film."""

from __future__ import annotations

from benchmarks import films
from benchmarks.films import films_apart
from cct_text.config import DataConfig
from tests.support.official_files import tar_gz


def review(film):
    return f"I saw Film{film} with Anna Actor{film}, and it was as they say. Never again will Bob Writer{film} do so."


def test_no_film_of_dev_is_in_train(tmp_path, monkeypatch):
    monkeypatch.setattr(films, "FIRST", 4)
    monkeypatch.setattr(films, "REVIEWS", 2)
    monkeypatch.setattr(films, "APART", 4)
    film_of = {number: number // 2 for number in range(12)} | {11: 2}  # one of film 2 that stands elsewhere
    members = {
        f"aclImdb/{split}/{label}/{number}_7.txt": review(film).encode()
        for split in ("train", "test")
        for label in ("neg", "pos")
        for number, film in film_of.items()
    }
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(tar_gz(members))
    config = DataConfig(dataset="imdb", data_dir=str(tmp_path))
    first, second = films_apart(config, 0), films_apart(config, 1)
    assert first.dev.texts.to_pylist() == [review(2)] * 4
    assert first.dev.labels.tolist() == [0, 0, 1, 1]
    assert review(2) not in first.train.texts.to_pylist()
    assert len(first.train) == 2 * 9
    assert second.dev.texts.to_pylist() == [review(4)] * 4
    assert len(second.train) == 2 * 10


def test_names_are_words_with_a_capital_within_a_sentence():
    assert list(films._names_in('The film of Jane Austen\'s day. Anna said (Bob) I "Go on"')) == [
        "Jane",
        "Austen",
        "Jane Austen",
    ]
