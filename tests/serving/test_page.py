"""The page in a real browser: typing, files, downloads, errors, a phone."""

import csv
import gzip
import json
import re
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from cct_text.serving.app import create_app
from cct_text.serving.limits import Limits
from tests.support.browser import SCREENSHOTS, browser, own_pages
from tests.support.running_server import running

DESKTOP, PHONE = {"width": 1100, "height": 900}, {"width": 375, "height": 700}
QUESTIONS = "Who wrote the Iliad ?\nWhere is the Danube Delta ?"


@pytest.fixture(scope="module")
def chromium():
    with browser() as opened:
        yield opened


@pytest.fixture
def open_page(chromium):
    """Opens a page, and sees at the end that it had no error and asked nobody but its server."""
    with own_pages(chromium) as open_:
        yield lambda url, expected=(), **options: open_(url, expected, **{"viewport": DESKTOP, **options})


@pytest.fixture
def page(open_page, url):
    return open_page(url)


def screenshot(page, name):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def status(page):
    return page.get_by_role("status")


def rows(page):
    return page.locator("#rows li")


def saved(page, button):
    """Name and content of what a button downloads."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return download.value.suggested_filename, download.value.path().read_text(encoding="utf-8")


def upload(page, name, content):
    page.get_by_label("Or a file").set_input_files([{"name": name, "mimeType": "", "buffer": content}])


def drop(page, name, content):
    """Drop a file somewhere on the page."""
    transfer = page.evaluate_handle(
        "([name, content]) => { const data = new DataTransfer(); data.items.add(new File([content], name)); return data; }",
        [name, content],
    )
    page.dispatch_event("h1", "dragover", {"dataTransfer": transfer})
    expect(page.locator("#drop")).to_have_class(re.compile("over"))
    page.dispatch_event("h1", "drop", {"dataTransfer": transfer})


@contextmanager
def own_server(classifier, **limits):
    with running(create_app(classifier, limits=Limits(**limits))) as url:
        yield url


def test_what_is_typed_is_classified_at_once_with_bars_numbers_and_shaded_words(page, classifier):
    page.get_by_label("Texts, one on each line").press_sequentially(QUESTIONS.partition("\n")[0])
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Texts, one on each line").fill(f"{QUESTIONS}\n\n")
    expect(rows(page)).to_have_count(2)
    labels = classifier.predict(QUESTIONS.split("\n"))
    assert page.locator("#rows .said b").all_inner_texts() == labels
    expect(status(page)).to_have_text(re.compile(rf"2 texts: \d {labels[0]}"))
    probabilities = sorted(classifier.predict_proba(QUESTIONS.split("\n"))[0], reverse=True)
    assert page.locator("#rows li").first.locator("td:last-child").all_inner_texts() == [
        f"{100 * one:.1f} %" for one in probabilities
    ]
    assert page.locator("#rows li").first.locator("mark").all_inner_texts() == ["Who", "wrote", "the", "Iliad", "?"]
    widths = page.locator("#rows li").first.locator(".bar").evaluate_all("all => all.map((one) => one.offsetWidth)")
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > widths[-1]
    # Not by shade alone: the heaviest words are named with their weights.
    heaviest = max(classifier.explain(QUESTIONS.partition("\n")[0]), key=lambda word: word.weight)
    expect(page.locator(".looked").first).to_have_text(
        re.compile(rf"looked at: {re.escape(heaviest.word)} {heaviest.weight:.2f}, ")
    )
    screenshot(page, "typed")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#results")).to_be_hidden()
    expect(page.get_by_label("Texts, one on each line")).to_be_focused()


def test_text_is_shown_as_text_whatever_it_holds(page):
    nasty = "<img src=x onerror=alert(1)> \U0001f389 İstanbul </p><script>alert(1)</script> &amp; 'quotes'"
    page.get_by_label("Texts, one on each line").fill(nasty)
    expect(page.locator("#rows .text")).to_have_text(nasty)
    assert page.locator("#rows img, #rows script").count() == 0
    upload(page, "<b>.csv", f'text,"<i>x"\n"{nasty}",1\n'.encode())
    expect(page.locator("#rows .text")).to_have_text(nasty)
    expect(page.get_by_label("<i>x")).to_be_visible()
    expect(status(page)).to_have_text(re.compile("^<b>.csv: 1 row: "))


def test_long_input_is_classified_by_the_keyboard(page, texts, classifier):
    field = page.get_by_label("Texts, one on each line")
    field.fill("\n".join(texts))
    expect(status(page)).to_have_text("Long input: press Classify.")
    field.press("Control+Enter")
    expect(rows(page)).to_have_count(100)
    expect(page.get_by_text("The first 100 are shown; the downloads have all 120.")).to_be_visible()
    name, content = saved(page, "Download CSV")
    assert name == "texts.predictions.csv"
    assert [row["label"] for row in csv.DictReader(content.splitlines())] == classifier.predict(texts)


def test_a_dropped_file_is_classified_and_the_results_are_saved(page, classifier):
    wanted = ["Who wrote the Iliad ?", 'He said: "Where, exactly ?"', "two\nlines", "", "ünïcödé \U0001f389"]
    table = "text\n" + "".join('"{}"\n'.format(text.replace('"', '""')) for text in wanted)
    drop(page, "new.csv", table)
    expect(status(page)).to_have_text(re.compile("^new.csv: 5 rows: "))
    assert page.locator("#columns").is_hidden()
    labels, probabilities = classifier.predict(wanted), classifier.predict_proba(wanted)
    name, content = saved(page, "Download CSV")
    assert name == "new.predictions.csv"
    found = list(csv.DictReader(content.splitlines(keepends=True)))
    assert [(row["text"], row["label"]) for row in found] == list(zip(wanted, labels, strict=True))
    assert [float(row["probability"]) for row in found] == pytest.approx(probabilities.max(axis=1).tolist(), abs=2e-6)
    name, content = saved(page, "Download JSON Lines")
    assert name == "new.predictions.jsonl"
    objects = [json.loads(line) for line in content.splitlines()]
    assert [(one["text"], one["label"]) for one in objects] == list(zip(wanted, labels, strict=True))
    assert [one["probability"] for one in objects] == [max(one["probabilities"].values()) for one in objects]
    assert sum(objects[0]["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_a_csv_for_spreadsheets_has_an_apostrophe_before_what_they_would_compute(page):
    texts = ["=1+1", "+1", "-1", "@a", "=cmd|' /C calc'!A0", "a=1", "'=1"]
    page.get_by_label("Texts, one on each line").fill("\n".join(texts))
    expect(rows(page)).to_have_count(7)
    read = lambda: [row["text"] for row in csv.DictReader(saved(page, "Download CSV")[1].splitlines())]  # noqa: E731
    assert read() == texts
    page.get_by_label("CSV without formulas, for spreadsheets").check()
    assert read() == ["'=1+1", "'+1", "'-1", "'@a", "'=cmd|' /C calc'!A0", "a=1", "'=1"]


def test_a_chosen_file_may_have_any_format_and_its_columns_can_be_changed(page):
    upload(page, "new.jsonl.gz", gzip.compress(b'{"id": 1, "title": "Who ?", "body": "the Iliad"}\n' * 3))
    expect(status(page)).to_have_text(re.compile("^new.jsonl.gz: 3 rows: "))
    assert page.locator("#rows .text").first.inner_text() == "the Iliad"
    expect(page.get_by_label("body")).to_be_checked()
    page.get_by_label("title").check()
    screenshot(page, "file")
    page.get_by_role("button", name="Use these columns").click()
    expect(page.locator("#rows .text").first).to_have_text("Who ? the Iliad")
    # What is typed then takes the file's place.
    page.get_by_label("Texts, one on each line").fill("Where ?")
    expect(page.locator("#rows .text")).to_have_text(["Where ?"])
    assert page.locator("#columns").is_hidden()


def test_where_the_text_column_cannot_be_told_it_is_asked_for(open_page, url):
    page = open_page(url, ["422"])
    upload(page, "new.tsv", b"a\tb\nWho ?\tthe Iliad\n")
    expect(page.get_by_role("alert")).to_have_text("Which columns of new.tsv hold the text? Choose them above.")
    expect(page.get_by_label("a", exact=True)).to_be_focused()
    screenshot(page, "columns")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Choose at least one column.")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#rows .text")).to_have_text(["the Iliad"])
    expect(page.get_by_role("alert")).to_be_empty()


def test_bytes_that_are_no_text_are_told(page):
    upload(page, "new.txt", b"caf\xe9\nfine\n")
    expect(status(page)).to_have_text(re.compile("1 row held bytes that are not UTF-8.$"))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("new.csv", b'text\n"never closed\n', "new.csv:2: a quote that opens in this row never closes"),
        ("new.docx", b"PK", "new.docx: cannot tell the format from the name"),
    ],
)
def test_what_the_server_refuses_is_told_in_its_words(open_page, url, name, content, words):
    page = open_page(url, ["422"])
    page.get_by_label("Texts, one on each line").fill(QUESTIONS)
    expect(rows(page)).to_have_count(2)
    upload(page, name, content)
    expect(page.get_by_role("alert")).to_have_text(re.compile(f"^{re.escape(words)}"))
    expect(page.locator("#results")).to_be_hidden()
    screenshot(page, "refused")


def test_too_large_a_file_and_too_many_lines_are_not_even_sent(open_page, classifier):
    with own_server(classifier, body_bytes=200_000, texts=30) as url:
        page = open_page(url)
        upload(page, "new.txt", b"a" * 200_001)
        expect(page.get_by_role("alert")).to_have_text(
            "new.txt has 0.2 MB; at most 0.2 MB. “cct-text predict” reads larger files."
        )
        page.get_by_label("Texts, one on each line").fill("a\n" * 31)
        page.get_by_role("button", name="Classify", exact=True).click()
        expect(page.get_by_role("alert")).to_have_text("31 texts; at most 30 at once.")


def test_a_server_that_is_gone_is_told_and_found_again(open_page, classifier):
    with own_server(classifier) as url:
        page = open_page(url, ["ERR_CONNECTION_REFUSED"])
        page.get_by_label("Texts, one on each line").fill(QUESTIONS)
        expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="Classify", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("The server does not answer. Is cct-text serve still running?")
    expect(page.locator("#results")).to_be_hidden()
    screenshot(page, "gone")
    with running(create_app(classifier), port=urlsplit(url).port):
        page.get_by_role("button", name="Classify", exact=True).click()
        expect(rows(page)).to_have_count(2)
        expect(page.get_by_role("alert")).to_be_empty()


def test_every_control_can_be_reached_and_seen_by_the_keyboard(page):
    page.get_by_label("Texts, one on each line").fill(QUESTIONS)
    expect(rows(page)).to_have_count(2)
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == ["Classify", "clear", "file", "csv", "jsonl", "guard"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_page(open_page, url, scheme):
    page = open_page(url, viewport=PHONE, color_scheme=scheme)
    page.get_by_label("Texts, one on each line").fill(f"{QUESTIONS} {'x' * 300}")
    expect(rows(page)).to_have_count(2)
    upload(page, f"{'long name ' * 20}.csv", b"text," + b"y" * 200 + b"\nWho ?,1\n")
    expect(page.locator("#columns")).to_be_visible()
    screenshot(page, f"phone-file-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.get_by_label("Texts, one on each line").fill(f"{QUESTIONS} {'x' * 300}")
    expect(rows(page)).to_have_count(2)
    screenshot(page, f"phone-typed-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.get_by_role("link", name="For programs").click()
    expect(page.get_by_role("heading", name="POST /predict")).to_be_visible()
    screenshot(page, f"phone-docs-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_text_stands_out_from_its_ground_in_both_schemes(open_page, url):
    """WCAG AA: 4.5 to 1."""
    for scheme in ("light", "dark"):
        page = open_page(url, color_scheme=scheme)
        page.get_by_label("Texts, one on each line").fill(QUESTIONS)
        expect(rows(page)).to_have_count(2)
        screenshot(page, f"wide-{scheme}")
        contrasts = page.evaluate(_CONTRASTS)
        assert len(contrasts) > 20
        assert {what: round(ratio, 2) for what, ratio in contrasts.items() if ratio < 4.5} == {}


_CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (grounds) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const ground of grounds) { canvas.fillStyle = ground; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b].map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, noscript")) continue;
    const grounds = [];
    for (let one = element; one; one = one.parentElement) grounds.unshift(getComputedStyle(one).backgroundColor);
    const [ground, text] = [over(grounds), over([...grounds, getComputedStyle(element).color])].map(luminance);
    const ratio = (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05);
    found[`${Object.keys(found).length} ${walker.currentNode.data.trim()}`] = ratio;
  }
  return found;
}"""
