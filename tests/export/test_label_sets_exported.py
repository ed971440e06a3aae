"""Exports of a run with several labels say what the run says: ONNX, torch, and the page in a real browser."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from cct_text.errors import DataError
from cct_text.export.onnx_export import export_onnx
from cct_text.export.torch_export import export_torch
from cct_text.export.web import export_web
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.exported import manifest_sha256
from tests.support.exported_page import answers
from tests.support.tagged_questions import of_one_label, texts_by_number_of_labels


@pytest.fixture(scope="module")
def tagger(tagged_run):
    return TextClassifier.load(tagged_run, precision="fp32")


@pytest.fixture(scope="module")
def texts(tagger):
    return texts_by_number_of_labels(tagger)


@pytest.fixture(scope="module")
def onnx(tagged_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx") / "export"
    return folder, export_onnx(tagged_run, folder, measure_on="test")


@pytest.fixture(scope="module")
def web(tagged_run, tmp_path_factory):
    return export_web(tagged_run, tmp_path_factory.mktemp("web") / "tags.html", precision="fp32").path


def printed_by_readme(folder):
    """What the snippet of an export's README.md prints, in the folder itself."""
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_an_onnx_export_has_the_thresholds_and_says_the_same(onnx, tagger, tagged_run, texts):
    folder, document = onnx
    exported = TextClassifier.load(folder)
    assert exported.model.thresholds == tagger.model.thresholds == tuple(document["thresholds"])
    assert exported.predict_sets(texts) == tagger.predict_sets(texts)
    assert exported.predict_proba(texts) == pytest.approx(tagger.predict_proba(texts), abs=1e-5)
    measured = document["measured"]
    assert measured["models"]["fp32"]["same_labels"] == document["checked"]["models"]["fp32"]["same_labels"] == 1.0
    metrics = json.loads((tagged_run / "metrics.json").read_text())
    assert measured["accuracy"] == measured["models"]["fp32"]["accuracy"] == metrics["test"]["accuracy"]


def test_the_onnx_file_itself_says_that_it_takes_a_sigmoid(onnx, tagger):
    import onnx as library

    model = library.load(onnx[0] / "model.onnx")
    assert "their sigmoid is the probabilities" in model.graph.doc_string
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert tuple(json.loads(about["thresholds"])) == tagger.model.thresholds


def test_what_the_exports_print_on_use_is_what_the_run_says(onnx, tagged_run, tagger, tmp_path):
    document = export_torch(tagged_run, tmp_path / "program")
    assert tuple(document["thresholds"]) == tagger.model.thresholds
    for folder in (onnx[0], tmp_path / "program"):
        for said, text in printed_by_readme(folder):
            assert sorted(re.findall(r"'(\w+)'", said)) == sorted(tagger.predict_sets([text])[0])


def test_the_page_says_the_same_and_shows_all_labels(chromium, web, tagger, texts):
    page = chromium.new_page()
    page.goto(web.as_uri())
    found = answers(page, texts)
    assert found["labels"] == tagger.predict(texts)
    for row, wanted in zip(found["probabilities"], tagger.predict_proba(texts).tolist(), strict=True):
        assert row == pytest.approx(wanted, abs=1e-4)
    assert "Gives a text any number of 5 labels" in page.content()
    (said,) = tagger.predict_sets(texts[2:])
    assert len(said) > 1
    page.locator("#text").fill(texts[2])
    shown = page.locator("h2.label")
    expect(shown).to_have_count(len(said))
    assert [text.split("\n")[0].rstrip("0123456789.%") for text in shown.all_inner_texts()] == list(said)
    page.close()


@pytest.mark.parametrize("thresholds", [None, [], [0.5] * 4, [0.5] * 6, [0.5] * 4 + [1.0], ["0.5"] * 5, {}])
def test_an_export_whose_thresholds_are_damaged_is_refused(onnx, tmp_path, thresholds):
    folder = shutil.copytree(onnx[0], tmp_path / "damaged")
    document = json.loads((folder / "export.json").read_text(encoding="utf-8")) | {"thresholds": thresholds}
    document["sha256"]["export.json"] = manifest_sha256(document)
    (folder / "export.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(DataError, match=r"export\.json: damaged: .*thresholds"):
        TextClassifier.load(folder)


def test_labels_stand_in_the_readme_as_they_are(tagger, tmp_path):
    odd = ("<b>bold</b>", "a|b", "two\nlines", "how", "what")
    replace(tagger.model, labels=odd).save(tmp_path / "run")
    export_onnx(tmp_path / "run", tmp_path / "onnx")
    readme = (tmp_path / "onnx" / "README.md").read_text(encoding="utf-8")
    assert "\n- Labels: &lt;b&gt;bold&lt;/b&gt;, a\\|b, two lines, how, what\n" in readme


def test_exports_of_one_label_say_so_and_say_the_same(chromium, tagger, texts, tmp_path):
    one = of_one_label(tagger.model)
    one.save(tmp_path / "run")
    wanted = TextClassifier(one, precision="fp32")
    page = chromium.new_page()
    page.goto(export_web(tmp_path / "run", tmp_path / "one.html", precision="fp32").path.as_uri())
    assert "Gives a text the label HUM, or none." in page.content()
    who = "Who wrote the Iliad ?"
    assert wanted.predict([who]) == ["HUM"]
    assert answers(page, [*texts, who])["labels"] == wanted.predict([*texts, who])
    page.close()
    export_onnx(tmp_path / "run", tmp_path / "onnx")
    assert TextClassifier.load(tmp_path / "onnx").predict([*texts, who]) == wanted.predict([*texts, who])


def test_the_pages_csv_joins_the_labels(chromium, web, tagger, texts):
    page = chromium.new_page(accept_downloads=True)
    page.goto(web.as_uri())
    page.locator("#lines").check()
    page.locator("#text").fill("\n".join(texts))
    none = sum(not said for said in tagger.predict_sets(texts))
    assert none
    expect(page.locator("#answer > p").first).to_contain_text(f"no label {none}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    content = download.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["label"] for row in rows] == tagger.predict(texts)
    for row in rows:
        assert len(row["probability"].split("|")) == len(row["label"].split("|"))
    page.close()
