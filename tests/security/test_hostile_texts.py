"""Texts, labels and file names that are written to be run are shown as they are, in real pages of a real browser.

The browser is told to pass the pages' Content-Security-Policy over, so that nothing but the escaping stands between.
"""

from __future__ import annotations

import csv
import re
from contextlib import contextmanager

import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import expect

from cct_text.export.web import export_web
from cct_text.inference.classifier import TextClassifier
from cct_text.report.model_card import _on_hub, model_card
from cct_text.report.run_report import write_run_report
from cct_text.serving.app import create_app
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train
from tests.support.browser import browser
from tests.support.exported_page import answers
from tests.support.running_server import ask, get, running

RUN = "window.ran=1"
HOSTILE = [
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'"><svg onload={RUN}>',
    f"' onmouseover='{RUN}' autofocus onfocus='{RUN}",
    f"</script><script>{RUN}</script>",
    f"</title></textarea></style><body onload={RUN}>",
    "{{ 7 * 7 }} {% raw %} ${7*7} <%= 7*7 %> #{7*7}",
    f"<!-- --><a href='javascript:{RUN}'>x</a> ]]> &lt;b&gt; $\\frac{{1}}",
]
"""Whose running sets `window.ran`, or whose evaluation makes 49."""
NAME = f"<img src=x onerror={RUN}>{{{{7*7}}}}\"'&.csv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def run(folder):
    """A run on a file whose name, columns, texts and labels are hostile."""
    rows = [(f"{text} word{number % 7}", label) for number in range(6) for label in HOSTILE for text in HOSTILE[:4]]
    for name in (NAME, "test.csv"):
        with (folder / name).open("w", newline="") as file:
            csv.writer(file).writerows([(HOSTILE[1], HOSTILE[0]), *rows])
    values = {
        "text_columns": [HOSTILE[1]], "label_column": HOSTILE[0], "test": str(folder / "test.csv"), "epochs": 1,
        "embeddings": "learned", "embedding_dim": 8, "width": 16,
    }  # fmt: skip
    train(resolve_config(str(folder / NAME), values=values), folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def chromium():
    with browser() as opened:
        yield opened


@contextmanager
def harmless(chromium, url):
    """A page that is used in the block; whatever was run in it, or asked for elsewhere, is found out."""
    faults = []
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: faults.append(request.url) if request.url.endswith("/x") else None)
    page.goto(url)
    yield page
    page.mouse.move(200, 200)
    page.wait_for_timeout(50)
    assert page.evaluate("window.ran") is None
    attributes = "[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())"
    assert [name for name in page.evaluate(attributes) if name.startswith("on")] == []
    assert page.locator("a[href^='javascript']").count() == 0
    assert re.search(r"\b49\b", page.inner_text("body")) is None
    assert faults == []
    context.close()


def test_a_script_that_is_not_escaped_runs_and_is_found_out(chromium, folder):
    (folder / "bad.html").write_text(f"<body>{HOSTILE[1]}</body>")
    with pytest.raises(AssertionError), harmless(chromium, (folder / "bad.html").as_uri()):
        pass


def test_the_report_of_a_run(run, chromium):
    with harmless(chromium, write_run_report(run).as_uri()) as page:
        body = page.inner_text("body")
        assert NAME in body
        assert all(label in body for label in HOSTILE)
        assert page.locator("script, main img, iframe, object").count() == 0


def test_the_page_of_a_run_for_the_browser(run, chromium, folder):
    export_web(run, folder / "page.html")
    with harmless(chromium, (folder / "page.html").as_uri()) as page:
        assert NAME in page.title() + page.inner_text("body")
        labels = answers(page, ["word1"])["labels"]
        page.locator("#text").fill("\n".join(HOSTILE))
        expect(page.locator("#answer")).to_contain_text(HOSTILE[0])
        expect(page.locator("#answer")).to_contain_text(labels[0])
        assert page.locator("script").count() == 2
        assert page.locator("main img, main svg[onload], iframe").count() == 0


def test_the_page_of_the_server(run, chromium):
    with running(create_app(TextClassifier.load(run))) as url, harmless(chromium, url) as page:
        assert NAME in page.inner_text("h1")
        page.get_by_label("Texts, one on each line").fill("\n".join(HOSTILE))
        page.get_by_role("button", name="Classify", exact=True).click()
        expect(page.locator("#rows .text")).to_have_text(HOSTILE)
        file = page.get_by_label("Or a file")
        header, row = HOSTILE[1].replace('"', '""'), HOSTILE[0]
        content = f'"{header}","{HOSTILE[3]}"\n"{row}",1\n'.encode()
        file.set_input_files([{"name": NAME, "mimeType": "", "buffer": content}])
        expect(page.locator("#rows .text")).to_have_text([HOSTILE[0]])
        expect(page.get_by_role("status")).to_contain_text(NAME)
        file.set_input_files([{"name": f"{HOSTILE[1]}.docx", "mimeType": "", "buffer": b"x"}])
        expect(page.get_by_role("alert")).to_contain_text(HOSTILE[1])
        assert page.locator("main img, main script").count() == 0
        page.goto(f"{url}/docs")


def test_the_model_card(run, chromium, folder):
    card = model_card(run, repository="ann/hostile")
    _, _, text = card.removeprefix("---\n").partition("\n---\n")
    (folder / "card.html").write_text(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    with harmless(chromium, (folder / "card.html").as_uri()) as page:
        body = " ".join(page.inner_text("body").split())
        assert all(" ".join(label.split()) in body for label in HOSTILE)


def test_a_folder_of_the_hubs_layout_with_a_hostile_name_is_no_link():
    assert _on_hub("hf:ann/tickets") == "ann/tickets"
    assert _on_hub(f"hf:/home/ann/{HOSTILE[1]}") is None
    assert _on_hub("hf:./ann/tickets") is None


def test_no_answer_of_the_server_in_json_is_taken_for_a_page(run):
    with running(create_app(TextClassifier.load(run))) as url:
        for answer in (ask(url, "/predict", {"text": HOSTILE[0]}), ask(url, f"/{HOSTILE[0]}"), get(url, "/health")):
            assert answer.headers["Content-Type"] == "application/json"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
