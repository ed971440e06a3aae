"""What docs/multi-label.md shows works as shown."""

import json
import re
import shlex
from pathlib import Path

import pytest

from benchmarks import multi_label
from cct_text.datasets import load_dataset
from tests.support.tagged_questions import TAGS, tagged, write_csv

PAGE = (Path(__file__).parents[2] / "docs" / "multi-label.md").read_text(encoding="utf-8")
SMALL = (
    "--embeddings learned --lr 0.003 --epochs 8 --set embedding_dim=32 --set width=32 --set vocabulary_extra_words=0"
)
SHORTER = {"train": shlex.split(SMALL)}
"""Put behind a command, where a later value counts: how the commands end sooner."""
TEXTS = ["What is the capital of Norway ?", "Is it so ?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files that the page supposes, and the run made in it."""
    folder = tmp_path_factory.mktemp("user")
    questions = load_dataset("questions")
    write_csv(folder / "tagged.csv", tagged(questions.train, questions.labels))
    (folder / "new.txt").write_text("".join(f"{text}\n" for text in TEXTS))
    return folder


def test_the_page_works_as_shown(cct_text, folder, monkeypatch):
    monkeypatch.chdir(folder)
    commands = re.findall(r"^    cct-text (.+)$", PAGE, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["datasets", "train", "evaluate", "predict", "inspect"]
    for command in commands:
        outcome = cct_text(*shlex.split(command), *SHORTER.get(command.split()[0], []))
        assert outcome.code == 0, f"{command}\n{outcome.err}"
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code, names := {})
    tagger = names["tagger"]
    assert tagger.labels == TAGS
    said = tagger.predict_sets(TEXTS)
    assert f"predict_sets({json.dumps(TEXTS)})  # {said!r}".replace("'", '"') in PAGE
    written = [json.loads(line) for line in (folder / "tags.jsonl").read_text().splitlines()]
    assert [tuple(row["label"]) for row in written] == said


def test_the_file_of_the_page_is_read_as_told(tmp_path):
    from cct_text.config import DataConfig

    rows = re.findall(r"^    (text,labels\n(?:    .*\n)+)", PAGE, re.MULTILINE)
    (tmp_path / "rows.csv").write_text(rows[0].replace("\n    ", "\n"), encoding="utf-8")
    dataset = load_dataset(DataConfig(dataset=str(tmp_path / "rows.csv"), multi_label=True, dev_fraction=0))
    assert dataset.labels == ("HUM", "LOC", "NUM")
    assert dataset.train.labels.sum(axis=1).tolist() == [2, 1, 0]


def test_the_table_is_that_of_the_kept_measurement():
    assert multi_label.page() == multi_label.PAGE.read_text(encoding="utf-8")


def test_what_was_measured_is_the_default_recipe():
    from cct_text.training.recipes import DEFAULT, recipe_text

    assert json.loads(multi_label.KEPT.read_text(encoding="utf-8"))["recipe"] == recipe_text(DEFAULT)
