"""The page of a trained model in a real browser, opened from disk."""

import csv
import io
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from benchmarks import web_page
from benchmarks.web_page import measure
from cct_text.artifacts import RunFolder
from cct_text.datasets import load_dataset
from cct_text.export.web import export_web
from cct_text.figures import read_figures
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.writers import guarded
from tests.support.browser import SCREENSHOTS, own_pages
from tests.support.exported_page import answers, ids

TEXT = "Who wrote the Iliad ?"
EVIL = "Where is <b>Paris</b> <img src=x onerror=alert(1)> & co ?"
MANY = f'{TEXT}\n\n{EVIL}\n  \nWhat is "a" , b ?\n=1+1'
PHONE = {"width": 375, "height": 700}


@pytest.fixture(scope="module")
def classifier(run):
    return TextClassifier.load(run, precision="fp32")


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    return export_web(run, tmp_path_factory.mktemp("page") / "questions.html").path


@pytest.fixture
def open_page(chromium):
    """Opens a page, and sees at the end that nothing was asked for but itself and nothing went wrong."""
    with own_pages(chromium) as open_:
        yield lambda path, **options: open_(path.absolute().as_uri(), **options)


@pytest.fixture
def page(open_page, file):
    return open_page(file)


def shown_labels(page):
    return page.locator(".results tbody th").all_inner_texts()


def test_the_answers_are_those_of_the_library(page, classifier):
    texts = [*load_dataset("questions").test.texts.to_pylist(), "", EVIL, "word " * 500]
    found = answers(page, texts)
    expected = classifier.predict_proba(texts)
    encoded = classifier.model.tokenizer.encode(texts)
    assert [id_ for row in ids(found) for id_ in row] == encoded.ids.tolist()
    assert np.abs(np.array(found["probabilities"]) - expected).max() < 0.02
    second, first = np.sort(expected, axis=1)[:, -2:].T
    sure = first - second > 0.04
    assert sure.mean() > 0.6
    assert np.array(found["labels"])[sure].tolist() == np.array(classifier.predict(texts))[sure].tolist()
    assert found["milliseconds"] / len(texts) < 50


def test_without_rounding_the_logits_are_those_of_the_library(open_page, run, classifier, tmp_path):
    page = open_page(export_web(run, tmp_path / "exact.html", precision="fp32").path)
    texts = load_dataset("questions").test.texts.to_pylist()
    np.testing.assert_allclose(answers(page, texts)["logits"], classifier.predict_logits(texts), atol=1e-3)


def test_the_benchmark_tells_size_agreement_and_time(chromium, run):
    found = measure(run, chromium, 50)
    assert (found["dataset"], found["rows"]) == ("questions", 50)
    exact, rounded = (found["precisions"][precision] for precision in ("fp32", "int8"))
    assert rounded["bytes"] < exact["bytes"]
    assert (exact["same_labels"], exact["difference"] < 1e-4) == (1.0, True)
    assert 0.9 < rounded["same_labels"] <= 1
    assert min(rounded["milliseconds"].values()) > 0


def test_the_table_of_the_docs_is_that_of_the_kept_measurement():
    assert web_page.page() == web_page.PAGE.read_text(encoding="utf-8")


def test_the_answer_to_one_text_comes_as_one_types(page, classifier):
    expect(page.locator("#note")).to_have_text("Type or paste a text; the answer changes as you type.")
    page.keyboard.type(TEXT)
    expect(page.locator("mark")).to_have_text(TEXT.split())
    (label,) = classifier.predict([TEXT])
    expect(page.locator("h2.label")).to_have_text(re.compile(rf"^{label}\s*\d+\.\d%$"))
    rows = page.locator(".probabilities tr").all_inner_texts()
    shares = [float(row.split()[-1].rstrip("%")) for row in rows]
    assert sorted(row.split()[0] for row in rows) == sorted(classifier.labels)
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=0.5)
    widest = page.locator(".bar").first.bounding_box()["width"]
    assert page.locator(".bar").last.bounding_box()["width"] < widest
    largest = max(classifier.explain(TEXT), key=lambda word: word.weight).word
    weights = page.evaluate(
        "[...document.querySelectorAll('mark')].map((mark) => mark.style.getPropertyValue('--weight'))"
    )
    assert TEXT.split()[weights.index("1.00")].lower() == largest
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    expect(page.locator("h2.label")).to_have_count(0)


def test_the_answer_is_read_out_once_typing_has_paused(page, classifier):
    status = page.get_by_role("status")
    expect(status).to_have_attribute("aria-live", "polite")
    page.get_by_label("Text", exact=True).fill(TEXT)
    expect(status).to_have_text(re.compile(rf"^{classifier.predict([TEXT])[0]}, \d+\.\d%$"))
    page.get_by_label("Text", exact=True).fill(MANY)
    expect(status).to_have_text("4 texts classified")


def test_each_line_is_a_row_of_a_table_and_of_a_csv(page, classifier, tmp_path):
    page.get_by_label("Text", exact=True).fill(MANY)
    texts = [line for line in MANY.split("\n") if line.strip()]
    expect(page.locator(".results tbody tr")).to_have_count(len(texts))
    assert shown_labels(page) == classifier.predict(texts)
    assert [row.split("\t")[-1] for row in page.locator(".results tbody tr").all_inner_texts()] == texts
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Download CSV").press("Enter")
    assert downloaded.value.suggested_filename == "predictions.csv"
    content = downloaded.value.path().read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [row["text"] for row in rows] == texts
    assert [row["label"] for row in rows] == classifier.predict(texts)
    probabilities = classifier.predict_proba(texts).max(axis=1)
    np.testing.assert_allclose([float(row["probability"]) for row in rows], probabilities, atol=0.05)
    # What the page writes, the library reads.
    (tmp_path / "again.csv").write_bytes(content)
    from cct_text.datasets.files import read_rows

    again = [text for batch in read_rows(tmp_path / "again.csv") for text in batch.texts.to_pylist()]
    assert again == texts


def test_a_csv_for_spreadsheets_holds_no_formulas(page, classifier):
    texts = ["=HYPERLINK(1)", "+1 for this", "who wrote it ?", "@home -1", "-"]
    page.get_by_label("Text", exact=True).fill("\n".join(texts))
    expect(page.locator(".results tbody tr")).to_have_count(len(texts))
    for guard in (True, False):
        page.get_by_label("CSV without formulas, for spreadsheets").set_checked(guard)
        with page.expect_download() as downloaded:
            page.get_by_role("button", name="Download CSV").click()
        content = downloaded.value.path().read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(content, newline="")))
        assert [row["text"] for row in rows] == [guarded(text) if guard else text for text in texts]
        assert [row["label"] for row in rows] == classifier.predict(texts)


def test_lines_can_be_one_text(page, classifier):
    page.get_by_label("Text", exact=True).fill(MANY)
    expect(page.locator(".results")).to_have_count(1)
    page.get_by_label("Each line is a text of its own").uncheck()
    expect(page.locator("h2.label")).to_contain_text(classifier.predict([MANY])[0])
    assert page.locator(".shaded").inner_text() == MANY


def test_no_text_becomes_an_element(page):
    for text in (EVIL, f"{EVIL}\n{EVIL}"):
        page.get_by_label("Text", exact=True).fill(text)
        expect(page.locator(".shaded").first).to_have_text(EVIL)
        assert page.locator("#answer img, #answer b").count() == 0


def test_the_reader_learns_what_was_not_read(page, classifier):
    most = classifier.config.text.max_words
    page.get_by_label("Text", exact=True).fill("who " * most + "zyxw WVUT")
    expect(page.locator("#answer .note")).to_have_text(
        f"{most + 2} words. Only the first {most} are read. Not in the vocabulary: zyxw wvut."
    )
    assert page.locator("mark").count() == most


def test_thousands_of_lines_leave_the_page_responsive(page):
    # Playwright types, which takes Chromium minutes for so much; a user pastes.
    paste = "(text) => { box.value = text; box.dispatchEvent(new Event('input')); }"
    page.evaluate(paste, "\n".join(f"How many are {number} ?" for number in range(20_000)))
    expect(page.locator("#note")).to_have_text(re.compile(r"^[\d,]+ of 20,000 texts$"))
    page.evaluate(paste, "\n".join(f"How many are {number} ?" for number in range(600)))
    expect(page.locator("#answer h2")).to_have_text("600 texts")
    expect(page.locator("#answer .note")).to_have_text("100 more rows are in the CSV.")
    assert page.locator(".results tbody tr").count() == 500


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(open_page, file, scheme):
    page = open_page(file, viewport=PHONE, color_scheme=scheme)
    texts = {"empty": "", "one": f"{TEXT} {'long' * 40}", "many": f"{MANY}\n{'long' * 40}"}
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        page.get_by_label("Text", exact=True).fill(text)
        expect(page.locator("#answer h2")).to_have_count({"empty": 0, "one": 2, "many": 1}[name])
        page.screenshot(path=SCREENSHOTS / f"export-{scheme}-{name}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 25, 28)"}[scheme]


def test_everything_can_be_reached_by_the_keyboard(page):
    page.get_by_label("Text", exact=True).fill(MANY)
    expect(page.locator(".results")).to_have_count(1)
    reached = []
    for _ in range(4):
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        page.keyboard.press("Tab")
    assert reached == ["text", "lines", "Download CSV", ""]  # and the box beside it


def test_the_footer_has_the_figures_of_the_run(page, run):
    metrics = read_figures(RunFolder(run))
    facts = dict(zip(page.locator("dt").all_inner_texts(), page.locator("dd").all_inner_texts(), strict=True))
    accuracy = f"{metrics['test']['accuracy']:.1%} of 120 test rows, before the weights were rounded"
    assert (facts["Data set"], facts["Accuracy"]) == ("questions, 420 train rows", accuracy)
    assert page.title() == "cct-2/2 on questions"


def test_the_page_may_fetch_nothing_and_run_nothing_else(chromium, file):
    page = chromium.new_page()
    page.goto(file.as_uri())
    refused = "async (url) => { try { await fetch(url); return 'fetched'; } catch (error) { return error.name; } }"
    assert page.evaluate(refused, "http://127.0.0.1:9/") == "TypeError"
    assert page.evaluate(refused, "data:,x") == "TypeError"
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = true' style='color: red'>");
        }"""
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None
    page.close()


def test_a_browser_that_is_too_old_is_told(chromium, file):
    page = chromium.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(file.as_uri())
    expect(page.locator("#note")).to_have_text("This page does not work: it takes a browser of May 2023 or later.")
    page.close()


def test_a_page_that_was_damaged_on_its_way_is_told(chromium, file, tmp_path):
    content = file.read_text(encoding="utf-8")
    at = content.index('type="text/plain">') + 5000
    (tmp_path / "damaged.html").write_text(content[:at] + "0" * 50 + content[at + 50 :], encoding="utf-8")
    page = chromium.new_page()
    page.goto((tmp_path / "damaged.html").as_uri())
    expect(page.locator("#note")).to_have_text(re.compile("^This page does not work: .+"))
    page.close()
