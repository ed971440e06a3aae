"""A served run with several labels: `labels` for programs, and the page in a real browser."""

import csv
import io
import json

import pytest
from playwright.sync_api import expect

from cct_text.inference.classifier import TextClassifier
from cct_text.serving.app import create_app
from tests.support.browser import browser
from tests.support.running_server import ask, get, running
from tests.support.tagged_questions import TAGS, of_one_label, texts_by_number_of_labels


@pytest.fixture(scope="module")
def tagger(tagged_run):
    return TextClassifier.load(tagged_run, precision="fp32")


@pytest.fixture(scope="module")
def texts(tagger):
    return [*texts_by_number_of_labels(tagger), "xyzzy"]


@pytest.fixture(scope="module")
def url(tagger):
    with running(create_app(tagger)) as url:
        yield url


def test_labels_are_a_list_and_their_probabilities_are_told_however_few_are_asked_for(url, tagger, texts):
    found = ask(url, "/predict", {"texts": texts, "top_k": 1}).json()["predictions"]
    sets = tagger.predict_sets(texts)
    assert {len(said) for said in sets} >= {0, 1, 2}
    assert [tuple(one["labels"]) for one in found] == sets
    for one, row in zip(found, tagger.predict_proba(texts), strict=True):
        assert "label" not in one
        assert set(one["labels"]) <= set(one["probabilities"])
        assert TAGS[int(row.argmax())] == next(iter(one["probabilities"]))
        for label, probability in one["probabilities"].items():
            assert probability == pytest.approx(row[TAGS.index(label)], abs=2e-6)


def test_health_tells_the_thresholds(url, tagger):
    assert get(url, "/health").json()["thresholds"] == dict(zip(TAGS, tagger.model.thresholds, strict=True))


def test_of_one_label_there_is_one(tagger, texts):
    one = TextClassifier(of_one_label(tagger.model), precision="fp32")
    with running(create_app(one)) as url:
        assert "<p>1 label: HUM. " in get(url, "/").text
        found = ask(url, "/predict", {"texts": texts}).json()["predictions"]
    assert [tuple(each["labels"]) for each in found] == one.predict_sets(texts)


def test_a_file_is_answered_likewise(url, tagger, texts):
    body = "".join(f"{text}\n" for text in texts).encode()
    answer = ask(url, "/file?name=new.txt", data=body, headers={"Content-Type": "application/octet-stream"}).json()
    assert [tuple(one["labels"]) for one in answer["predictions"]] == tagger.predict_sets(texts)


def test_the_page_shows_and_saves_all_labels(url, tagger, texts):
    sets = tagger.predict_sets(texts)
    with browser() as chromium:
        page = chromium.new_page()
        faults = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url)
        page.locator("#texts").fill("\n".join(texts))
        rows = page.locator("#rows .said")
        expect(rows).to_have_count(len(texts))
        for text, said in zip(rows.all_inner_texts(), sets, strict=True):
            assert [part.split(" ")[0] for part in text.split(", ")] == list(said) if said else text == "no label"
        expect(page.locator("#counts tr").filter(has_text="no label")).to_contain_text(str(sets.count(())))
        with page.expect_download() as saved:
            page.locator("#csv").click()
        table = list(csv.DictReader(io.StringIO(saved.value.path().read_text(encoding="utf-8"))))
        with page.expect_download() as saved:
            page.locator("#jsonl").click()
        objects = [json.loads(line) for line in saved.value.path().read_text(encoding="utf-8").splitlines()]
    assert [row["label"] for row in table] == tagger.predict(texts)
    assert [tuple(one["label"]) for one in objects] == sets
    assert [len(one["probability"]) for one in objects] == [len(said) for said in sets]
    assert faults == []
