"""A model card says what the run says, to the hub in YAML and to people in Markdown, and runs nothing of its data."""

import re
import shutil
from itertools import pairwise

import pytest
import yaml
from huggingface_hub import EvalResult, ModelCard
from markdown_it import MarkdownIt

from cct_text.artifacts import METRICS, RunFolder
from cct_text.errors import DataError
from cct_text.figures import read_figures, write_figures
from cct_text.markdown import escaped
from cct_text.report.model_card import CLASSES_SHOWN, model_card
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train
from tests.support.signed import sign_figures

SMALL = {"epochs": 1, "min_epoch_steps": 1, "embeddings": "learned", "embedding_dim": 16, "width": 16}
EVIL = ["<b>bad</b>|x", "good & *fine*", "__init__ [a](http://b) `c`", "$x$ \\(y\\) #z", "{{ name }}", "---"]


class Page:
    """A card as Markdown shows it.

    Attributes:
        html: what a page would be.
        tables: of each table its rows of cells, as they are read.
        text: all that is read, on one line.
    """

    def __init__(self, card):
        body = card.partition("\n---\n")[2]
        tokens = MarkdownIt("commonmark").enable("table").parse(body)
        self.html = MarkdownIt("commonmark").enable("table").render(body)
        self.tables = []
        for token, content in pairwise(tokens):
            if token.type == "table_open":
                self.tables.append([])
            elif token.type == "tr_open":
                self.tables[-1].append([])
            elif token.type in ("td_open", "th_open"):
                self.tables[-1][-1].append(_read(content))
        self.text = " ".join(_read(token) for token in tokens if token.type == "inline")
        self.code = [token.content for token in tokens if token.type == "fence"]


def _read(inline):
    return "".join(" " if child.type == "softbreak" else child.content for child in inline.children)


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "questions"
    config = resolve_config("questions", values={**SMALL, "embeddings": "glove-frozen", "vectors": "glove.6B.50d"})
    return folder, train(config, folder)


@pytest.fixture(scope="module")
def card(questions):
    return model_card(questions[0], repository="ann/questions", licence="apache-2.0", languages=["en"])


def write_rows(path, labels, rows=10):
    lines = "".join(f'word{n} {at},"{label}"\n' for n in range(rows) for at, label in enumerate(labels))
    path.write_text(f"text,label\n{lines}", encoding="utf-8")
    return str(path)


def test_the_hub_reads_its_metadata(questions, card):
    data = ModelCard(card).data
    assert (data.license, data.language, data.library_name) == ("apache-2.0", ["en"], "cct-text")
    assert (data.pipeline_tag, data.metrics, data.datasets) == ("text-classification", ["accuracy", "f1"], None)
    assert data.model_name == "questions"
    test = questions[1]["test"]
    about = {
        "task_type": "text-classification", "dataset_type": "questions", "dataset_name": "questions", "dataset_split": "test",
    }  # fmt: skip
    assert data.eval_results == [
        EvalResult(**about, metric_type="accuracy", metric_name="Accuracy", metric_value=round(test["accuracy"], 4)),
        EvalResult(**about, metric_type="f1", metric_name="Macro F1", metric_value=round(test["macro_f1"], 4)),
        EvalResult(**about, metric_type="ece", metric_name="ECE", metric_value=round(test["ece"], 4)),
    ]


def test_licence_and_language_are_left_out_where_they_are_not_given(questions):
    metadata = yaml.safe_load(model_card(questions[0], repository="ann/questions").split("---\n")[1])
    assert not {"license", "language", "datasets"} & set(metadata)


@pytest.mark.parametrize(
    ("name", "on_hub"),
    [
        ("trec", "CogComp/trec"),
        ("hf:org/rows", "org/rows"),
        ("hf:org/rows:en", "org/rows"),
        ("hf:rows", None),
        ("a.csv", None),
    ],
)
def test_a_data_set_of_the_hub_is_named_as_there(questions, tmp_path, name, on_hub):
    shutil.copytree(questions[0], tmp_path / "run")
    sign_figures(tmp_path / "run", dataset=name)
    data = ModelCard(model_card(tmp_path / "run", repository="ann/x")).data
    assert data.datasets == (None if on_hub is None else [on_hub])
    assert data.eval_results[0].dataset_type == (on_hub or name)


def test_figures_stand_beside_their_rows(questions, card):
    _, metrics = questions
    rows, figures, classes = Page(card).tables
    assert rows == [["split", "rows"], ["train", "420"], ["dev", "60"], ["test", "120"]]
    assert figures[1:] == [
        [
            split,
            f"{metrics[f'{split}_rows']}",
            *(f"{100 * metrics[split][figure]:.2f}" for figure in ("accuracy", "macro_f1", "ece")),
            f"{metrics[split]['loss']:.3f}",
        ]
        for split in ("test", "dev")
    ]
    assert [row[0] for row in classes[1:]] == metrics["labels"]
    assert [row[4] for row in classes[1:]] == ["20"] * 6
    assert classes[1][3] == f"{100 * metrics['test']['per_class']['ABBR']['f1']:.1f}"


def test_its_limits_are_those_of_the_run(questions, card):
    _, metrics = questions
    text = Page(card).text
    coverage = metrics["coverage"]
    for said in (
        "Language: en. Words that its train split lacks",
        f"at most {RunFolder(questions[0]).read_config().text.max_words} words are read: its first words",
        f"{metrics['truncated_fraction']:.1%} of the train split's texts were longer",
        f"glove.6B.50d, left as they were, know {coverage['tokens']:.1%} of the words of the train split's text and "
        f"{coverage['types']:.1%} of its different words",
        "It was not tested on anything but the rows above",
        "Who always says ABBR is right on 16.67 % of test. Training did not see the test split.",
        "Licence of the data, as its authors state it: CC0-1.0.",
    ):
        assert said in text


def test_it_says_how_to_use_and_repeat_it(questions, card):
    page = Page(card)
    assert page.code[0].startswith("cct-text predict hf:ann/questions new.txt")
    assert 'TextClassifier.load("hf:ann/questions")' in page.code[1]
    assert page.code[-1] == "cct-text train --config config.toml --out DIR\n"
    for version in questions[1]["versions"].values():
        assert version in page.text
    assert f"Seed {questions[1]['seed']}; " in page.text
    assert questions[1]["data_sha256"] in page.text


def test_what_comes_from_data_is_shown_as_it_is_and_never_run(tmp_path):
    path = write_rows(tmp_path / "we|rd `<i>` *name*.csv", EVIL)
    train(resolve_config(path, values={**SMALL, "test_fraction": 0.2}), tmp_path / "run")
    metrics = read_figures(RunFolder(tmp_path / "run"))
    sign_figures(tmp_path / "run", dataset="we|rd `<i>` *name*.csv\n---\nlicense: x")
    card = model_card(tmp_path / "run", repository="ann/x")
    page = Page(card)
    assert sorted(row[0] for row in page.tables[2][1:]) == sorted(EVIL)
    assert {len(row) for row in page.tables[2]} == {5}
    assert f"One label for a text: {', '.join(metrics['labels'])}." in page.text
    assert "we|rd `<i>` *name*.csv --- license: x" in page.text
    assert not re.findall(r"<(?!/?(?:h\d|p|table|thead|tbody|tr|t[hd]|ul|li|pre|code|a)\b)", page.html)
    assert page.html.count("<a ") == 1  # the paper
    data = ModelCard(card).data
    assert data.license is None
    assert data.eval_results[0].dataset_name == "we|rd `<i>` *name*.csv\n---\nlicense: x"


@pytest.mark.parametrize("text", [*EVIL, "a\nb", "~~x~~", "&amp;", "\\", "![x](y)", "x_y_z"])
def test_escaped_text_is_read_as_it_was_written(text):
    (token,) = (
        t for t in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(f"x{escaped(text)}") if t.children
    )
    assert {child.type for child in token.children} <= {"text", "text_special"}
    assert _read(token) == "x" + " ".join(text.split())


def test_without_a_test_split_it_is_about_dev_and_says_so(tmp_path):
    train(resolve_config(write_rows(tmp_path / "a.csv", "xy"), values={**SMALL, "max_words": 1}), tmp_path / "run")
    card = model_card(tmp_path / "run", repository="ann/x")
    page = Page(card)
    assert [row[0] for row in page.tables[1][1:]] == ["dev"]
    assert "There is no test split." in page.text
    assert "Dev chose the epoch that is kept, so on new texts the model will be a little worse." in page.text
    assert "100.0% of the train split's texts were longer and were cut." in page.text
    assert "Its word vectors were learned from the train split alone." in page.text
    assert {result.dataset_split for result in ModelCard(card).data.eval_results} == {"validation"}


def test_without_dev_and_test_it_has_no_figures(tmp_path):
    train(resolve_config(write_rows(tmp_path / "a.csv", "xy"), values={**SMALL, "dev_fraction": 0}), tmp_path / "run")
    card = model_card(tmp_path / "run", repository="ann/x")
    assert "None: the run had no dev and no test split." in Page(card).text
    assert ModelCard(card).data.eval_results is None


def test_of_very_many_classes_those_with_the_most_rows_are_shown(tmp_path):
    labels = [f"c{number}" for number in range(CLASSES_SHOWN + 5)]
    train(resolve_config(write_rows(tmp_path / "a.csv", labels, rows=12), values=SMALL), tmp_path / "run")
    page = Page(model_card(tmp_path / "run", repository="ann/x"))
    assert len(page.tables[2]) == 1 + CLASSES_SHOWN
    assert f"The {CLASSES_SHOWN} classes with the most rows; 5 more are in" in page.text
    assert "and 5 more." in page.text


def test_a_folder_without_a_finished_run_is_refused(questions, tmp_path):
    with pytest.raises(DataError, match="no such run folder"):
        model_card(tmp_path / "nowhere", repository="ann/x")
    shutil.copytree(questions[0], tmp_path / "run")
    metrics = read_figures(RunFolder(tmp_path / "run"))
    del metrics["threads"]
    write_figures(RunFolder(tmp_path / "run"), metrics)
    with pytest.raises(DataError, match=r"metrics.json: damaged, or of an earlier version: 'threads'; train again"):
        model_card(tmp_path / "run", repository="ann/x")
    (tmp_path / "run" / METRICS).unlink()
    with pytest.raises(DataError, match="no figures, so no finished run"):
        model_card(tmp_path / "run", repository="ann/x")
