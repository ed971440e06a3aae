"""The command and the library function: what is written, what is refused."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import numpy as np
import pytest

from cct_text.artifacts import METRICS, RunFolder
from cct_text.errors import DataError, UsageError
from cct_text.export import web
from cct_text.export.web import as_text, export_web
from cct_text.export.web_model import packed
from cct_text.figures import write_figures
from tests.export.conftest import new_model

EVIL = "</script><script>alert(1)</script><!--"
METRICS_OF_A_RUN = {
    "train_rows": 1234,
    "dev_rows": 100,
    "test_rows": 2000,
    "dev": {"accuracy": 0.5},
    "test": {"accuracy": 0.905},
}


class Reader(HTMLParser):
    """Elements with their attributes, what each holds, and whether all is closed in order."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])
        if tag not in ("meta", "input"):
            self.open.append(self.elements[-1])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open:
            self.open[-1][2] += data

    def all(self, tag):
        return [content for name, _, content in self.elements if name == tag]

    def facts(self):
        return dict(zip(self.all("dt"), self.all("dd"), strict=True))


@pytest.fixture
def run(tmp_path):
    new_model().save(tmp_path / "run")
    write_figures(RunFolder(tmp_path / "run"), METRICS_OF_A_RUN)
    return tmp_path / "run"


def read(path):
    return Reader(path.read_text(encoding="utf-8"))


def test_the_command_writes_one_file_and_says_how_large_it_is(cct_text, run, tmp_path):
    file = tmp_path / "page.html"
    outcome = cct_text("export", run, "--to", "web", "-o", file)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"{file}: {file.stat().st_size / 1e6:.1f} MB; open it in a browser\n"
    assert [path.name for path in tmp_path.iterdir() if path != run] == ["page.html"]


def test_json_is_one_object_with_the_facts(cct_text, run, tmp_path):
    file = tmp_path / "page.html"
    found = json.loads(cct_text("export", run, "--to", "web", "-o", file, "--precision", "fp32", "--json").out)
    assert found == {
        "path": str(file),
        "bytes": file.stat().st_size,
        "precision": "fp32",
        "words": 50,
        "labels": ["a", "b", "c", "d", "e"],
    }


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere", "--to", "web", "-o", "a.html"], 3, ["nowhere", "no such run folder"]),
        (["RUN", "--to", "wbe", "-o", "a.html"], 2, ["'wbe'", "web"]),
        (["RUN", "--to", "web", "-o", "a"], 2, ["a: ", ".html"]),
        (["RUN", "--to", "web", "-o", "a.html", "--precision", "int4"], 2, ["'int4'", "int8"]),
        (["RUN", "--to", "web", "-o", "folder.html"], 2, ["folder.html", "folder"]),
        (["RUN", "--to", "web"], 2, ["--out"]),
        (["RUN", "-o", "a.html"], 2, ["--to"]),
    ],
)
def test_a_mistake_gets_one_line_and_leaves_no_file(cct_text, run, tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.html").mkdir()
    outcome = cct_text("export", *(run if argument == "RUN" else argument for argument in arguments))
    assert (outcome.code, outcome.out) == (code, "")
    assert all(word in outcome.err for word in words), outcome.err
    assert "Usage:" in outcome.err or outcome.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.html", "run"]


def test_the_footer_has_the_figures_of_the_run(run, tmp_path):
    exported = export_web(run, tmp_path / "a.html")
    facts = read(exported.path).facts()
    numbers = sum(weight.size for weight in new_model().weights.values())
    assert facts["Data set"] == "questions, 1,234 train rows"
    assert facts["Accuracy"] == "90.5% of 2,000 test rows, before the weights were rounded"
    assert facts["Model"] == "cct-2/2; 50 words, vectors of 12"
    size, weights = facts["Size"].split(" MB; ")
    assert float(size) == pytest.approx(exported.bytes / 1e6, abs=0.06)
    assert weights == f"{numbers:,} weights of 8 bits"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d by cct-text [\d.]+", facts["Exported"])
    exact = read(export_web(run, tmp_path / "a.html", precision="fp32").path).facts()
    assert exact["Accuracy"] == "90.5% of 2,000 test rows"
    assert exact["Size"].endswith("weights of 32 bits")


def test_without_a_test_split_the_figures_are_those_of_dev_and_without_metrics_there_are_none(run, tmp_path):
    write_figures(RunFolder(run), {**METRICS_OF_A_RUN, "test": None})
    facts = read(export_web(run, tmp_path / "a.html").path).facts()
    assert facts["Accuracy"] == "50.0% of 100 dev rows, before the weights were rounded"
    (run / METRICS).unlink()
    facts = read(export_web(run, tmp_path / "a.html").path).facts()
    assert (facts["Data set"], "Accuracy" in facts) == ("questions", False)


def test_metrics_of_another_version_are_told(run, tmp_path):
    write_figures(RunFolder(run), {"test": {}})
    with pytest.raises(DataError, match=r"metrics\.json: damaged, or of an earlier version: 'train_rows'"):
        export_web(run, tmp_path / "a.html")
    assert not (tmp_path / "a.html").exists()


@pytest.mark.parametrize(
    ("dataset", "shown"),
    [("/home/someone/secret/reviews.csv", "reviews.csv"), ("hf:org/name", "hf:org/name"), (EVIL, "!--")],
)
def test_of_a_file_that_was_trained_on_only_the_name_is_told(tmp_path, dataset, shown):
    new_model(dataset=dataset).save(tmp_path / "run")
    read_ = read(export_web(tmp_path / "run", tmp_path / "a.html").path)
    assert read_.facts()["Data set"].endswith(shown)
    assert "secret" not in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_no_label_becomes_an_element(tmp_path):
    model = new_model(labels=(EVIL, "b"))
    model.save(tmp_path / "run")
    found = read(export_web(tmp_path / "run", tmp_path / "a.html").path)
    assert len(found.all("script")) == 2
    assert found.all("p")[0] == f"Gives a text one of 2 labels: {EVIL}, b."


def test_of_many_labels_the_first_are_named(tmp_path):
    new_model(labels=tuple(f"l{index}" for index in range(40))).save(tmp_path / "run")
    subtitle = read(export_web(tmp_path / "run", tmp_path / "a.html").path).all("p")[0]
    assert subtitle.startswith("Gives a text one of 40 labels: l0, l1, ")
    assert subtitle.endswith("l11 and 28 more.")


def test_the_policy_allows_the_pages_own_script_and_style_and_nothing_else(run, tmp_path):
    found = read(export_web(run, tmp_path / "a.html").path)
    _, script = found.all("script")
    (style,) = found.all("style")
    hashes = [f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'" for content in (script, style)]
    (policy,) = [attributes["content"] for tag, attributes, _ in found.elements if "http-equiv" in attributes]
    assert policy.split("; ") == [
        "default-src 'none'",
        f"script-src {hashes[0]}",
        f"style-src {hashes[1]}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    attributes = {name for _, attributes, _ in found.elements for name in attributes}
    assert not attributes & {"src", "href", "style", "onload", "onclick", "onerror"}
    assert "http" not in script + style


def test_a_model_that_no_browser_takes_is_refused_with_the_way_out(run, tmp_path, monkeypatch):
    monkeypatch.setattr(web, "LARGEST", 1000)
    with pytest.raises(UsageError, match=r"too much for a browser.*; leave --precision fp32 out"):
        export_web(run, tmp_path / "a.html", precision="fp32")
    with pytest.raises(UsageError, match="train with fewer or narrower word vectors"):
        export_web(run, tmp_path / "a.html")
    assert not (tmp_path / "a.html").exists()


@pytest.mark.parametrize(("options", "numbers"), [({"width": 16}, 12), ({"model": "cct-2/1", "width": 4}, 4)])
def test_a_word_costs_a_byte_for_each_number_of_its_vector_or_of_what_the_convolution_makes_of_it(options, numbers):
    content = packed(new_model(embedding_dim=12, **options), "int8")
    length = int(np.frombuffer(content[:4], "<u4")[0])
    arrays = json.loads(content[4 : 4 + length])["arrays"]
    assert arrays["words"]["shape"] == [50, numbers]
    assert ("taps" in arrays) == (numbers == 12)
    assert arrays["words"]["scales"] - arrays["words"]["values"] == 50 * numbers


def test_bytes_as_text_hold_nothing_that_ends_an_element_or_a_line():
    content = np.random.default_rng(0).bytes(20_001)
    assert not set(as_text(content)) & set("<\"'\\ \n")
    assert len(as_text(content)) < 1.26 * len(content)
