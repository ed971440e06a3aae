"""The page of a run says what its files say."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from cct_text.artifacts import HISTORY, METRICS, PREDICTIONS, REPORT, RunFolder
from cct_text.errors import DataError
from cct_text.figures import read_figures, write_figures
from cct_text.report.bins import length_bins
from cct_text.report.run_report import write_run_report
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train
from tests.support.signed import sign_figures

SMALL = {"epochs": 2, "min_epoch_steps": 1, "embeddings": "learned", "embedding_dim": 16, "width": 16}


class Words(HTMLParser):
    """All that is shown, one entry an element; words of shaded texts apart."""

    def __init__(self, page):
        super().__init__()
        self.open, self.shown, self.marked = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if data.strip() and "style" not in self.open:
            self.shown.append(data.strip())
            if self.open and self.open[-1] == "mark":
                self.marked.append(data)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "questions"
    config = resolve_config("questions", values={**SMALL, "embeddings": "glove-tuned", "vectors": "glove.6B.50d"})
    return folder, train(config, folder)


@pytest.fixture(scope="module")
def page(run):
    return write_run_report(run[0]).read_text(encoding="utf-8")


def test_the_figures_are_those_of_the_run(run, page):
    _, metrics = run
    shown = Words(page).shown
    test = metrics["test"]
    assert f"{round(120 * test['accuracy'])} of 120 test rows are right: {test['accuracy']:.1%}." in shown
    for figure in (f"{100 * test['macro_f1']:.2f}", f"{test['loss']:.3f}", f"{100 * test['ece']:.2f}"):
        assert figure in shown
    assert {"ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM", "Class by class", "What is taken for what"} <= set(shown)
    assert metrics["coverage"]["missing"][0][0] in shown
    assert f"data sha256 {metrics['data_sha256']}" in page
    ece, chance = (f"{100 * test[name]:.1f}" for name in ("ece", "ece_by_chance"))
    assert (
        f"{ece} points apart on average (expected calibration error; if each probability were true, chance would"
        in page
    )
    assert f"make it {chance})" in page


def test_all_drawings_are_in_the_page_and_nothing_is_from_elsewhere(page):
    assert page.count('role="img"') == 4
    assert "<image" not in page  # no picture of dots, which would be blurred
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert "<script" not in page


def test_the_surest_mistakes_are_shown_with_their_words_marked(run, page):
    import pyarrow.parquet as pq

    rows = pq.read_table(run[0] / PREDICTIONS).to_pylist()
    wrong = sorted((row for row in rows if row["label"] != row["prediction"]), key=lambda row: -row["probability"])
    surest = wrong[0]
    shown = Words(page)
    heading = f"{surest['label']}, taken for {surest['prediction']} ({surest['probability']:.0%})"
    at = shown.shown.index(heading)
    assert "".join(shown.shown[at + 1 :]).startswith(surest["text"].replace(" ", "")[:10].split()[0])
    assert len(shown.marked) > 12


def test_a_page_is_the_same_for_the_same_run(run, page):
    assert write_run_report(run[0]).read_text(encoding="utf-8") == page


def test_texts_and_labels_are_shown_as_they_are_and_never_run(tmp_path):
    evil = "<script>alert(1)</script>"
    rows = "".join(f'"{evil} word{n % 3} ""x""",{"<b>bad</b>" if n % 3 else "good & fine"}\n' for n in range(90))
    (tmp_path / "own.csv").write_text("text,label\n" + rows)
    train(resolve_config(str(tmp_path / "own.csv"), values=SMALL), tmp_path / "run")
    page = write_run_report(tmp_path / "run", command=f"cct-text train {evil}").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>bad" not in page
    assert "&lt;b&gt;bad&lt;/b&gt;" in page


def test_without_a_test_split_the_page_is_about_dev(tmp_path):
    rows = "".join(f"word{n % 5}{' thing' * (n % 2 * 4)},{'a' if n % 5 else 'b'}\n" for n in range(100))
    (tmp_path / "own.csv").write_text("text,label\n" + rows)
    metrics = train(resolve_config(str(tmp_path / "own.csv"), values={**SMALL, "max_words": 2}), tmp_path / "run")
    shown = Words(write_run_report(tmp_path / "run").read_text(encoding="utf-8")).shown
    right = round(10 * metrics["dev"]["accuracy"])
    assert f"{right} of 10 dev rows are right: {metrics['dev']['accuracy']:.1%}." in shown
    assert any(one.startswith("There is no test split.") for one in shown)
    assert any(re.search(r"are longer; .* Of such a text 3 words are not read, on average\.$", one) for one in shown)


def test_without_dev_and_test_the_page_says_what_is_known(tmp_path):
    (tmp_path / "own.csv").write_text("text,label\n" + "a b,x\nc d,y\n" * 9)
    train(resolve_config(str(tmp_path / "own.csv"), values={**SMALL, "dev_fraction": 0}), tmp_path / "run")
    shown = Words(write_run_report(tmp_path / "run").read_text(encoding="utf-8")).shown
    assert "Learning" in shown
    assert "Class by class" not in shown


def test_lengths_are_put_into_bins_of_about_as_many_rows():
    lengths = np.repeat(np.arange(1, 13), 10)
    right = lengths <= 6
    bins = length_bins(lengths, right)
    assert [(one.name, one.rows, one.accuracy) for one in bins] == [
        ("1 to 2", 20, 1.0), ("3 to 4", 20, 1.0), ("5 to 6", 20, 1.0),
        ("7 to 8", 20, 0.0), ("9 to 10", 20, 0.0), ("11 to 12", 20, 0.0),
    ]  # fmt: skip
    assert [one.name for one in length_bins(np.array([3, 3, 3]), np.ones(3, bool))] == ["3"]


def test_a_folder_without_a_finished_run_is_refused(run, tmp_path):
    with pytest.raises(DataError, match="no such run folder"):
        write_run_report(tmp_path / "nowhere")
    metrics = read_figures(RunFolder(run[0]))
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in run[0].iterdir():
        if file.name not in (METRICS, REPORT):
            (folder / file.name).write_bytes(file.read_bytes())
    with pytest.raises(DataError, match="no figures, so no finished run"):
        write_run_report(folder)
    del metrics["versions"]
    write_figures(RunFolder(folder), metrics)
    with pytest.raises(DataError, match=r"metrics.json.*damaged, or of an earlier version: 'versions'"):
        write_run_report(folder)
    write_figures(RunFolder(folder), {**metrics, "versions": {}, "parameters": "many"})
    with pytest.raises(DataError, match=r"metrics.json.*damaged, or of an earlier version: "):
        write_run_report(folder)
    (folder / METRICS).write_bytes((run[0] / METRICS).read_bytes())
    epochs = [json.loads(line) for line in (run[0] / HISTORY).read_text().splitlines()]
    epochs[0]["train_loss"] = []
    (folder / HISTORY).write_text("".join(f"{json.dumps(epoch)}\n" for epoch in epochs))
    sign_figures(folder)
    with pytest.raises(DataError, match="damaged, or of an earlier version"):
        write_run_report(folder)
    assert not (folder / REPORT).exists()
