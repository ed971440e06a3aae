"""Pages are read back by a parser of HTML."""

from html.parser import HTMLParser

from cct_text.report.page import Section, ShadedText, Table, render

VOID = {"meta", "br"}
SVG = (
    '<?xml version="1.0"?><!DOCTYPE svg><svg width="720pt" height="10pt" viewBox="0 0 1 1"><metadata>who</metadata>'
    '<g width="3"/></svg>'
)
EVIL = "<script>alert(1)</script>"


class Reader(HTMLParser):
    """Elements with their attributes, the text, the cells of all tables, and whether all is closed in order."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.open, self.text, self.rows = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style" and data.strip():
            self.text.append(data.strip())
        if self.open and self.open[-1] in ("th", "td"):
            self.rows[-1][-1] += data


def page(**values):
    section = Section(
        "Accuracy",
        ["One.", EVIL],
        Table("a caption", ("", EVIL), [["row", EVIL]]),
        svg=SVG,
        description=EVIL,
        texts=[ShadedText(EVIL, [(EVIL, 0.25), (EVIL, None)])],
        code=[EVIL],
        **values,
    )
    return render(f"Study of {EVIL}", EVIL, [section, Section("More", ["Two."], closed=True)])


def test_every_element_is_closed_and_everything_said_is_there():
    read = Reader(page())
    assert read.open == []
    assert [text for text in read.text if text in ("Accuracy", "One.")] == ["Accuracy", "One."]
    assert {"More", "Two.", "a caption", "row"} <= set(read.text)


def test_no_text_becomes_an_element():
    read = Reader(page())
    assert "script" not in {tag for tag, _ in read.elements}
    # Subtitle, sentence, head, cell, code, and three of the shaded text; the titles hold more than it.
    assert read.text.count(EVIL) == 8
    assert next(attributes for tag, attributes in read.elements if tag == "svg")["aria-label"] == EVIL


def test_nothing_comes_from_elsewhere():
    read = Reader(page())
    assert not {"link", "img", "iframe", "object"} & {tag for tag, _ in read.elements}
    assert not [name for _, attributes in read.elements for name in attributes if name in ("src", "href", "onload")]
    assert "url(" not in page()
    assert "@import" not in page()


def test_a_browser_is_told_to_fetch_nothing_and_to_run_nothing():
    policy = {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"}
    assert ("meta", policy) in Reader(page()).elements


def test_what_scrolls_can_be_reached_by_the_keyboard():
    read = Reader(page())
    boxes = [(tag, attributes.get("tabindex")) for tag, attributes in read.elements if tag in ("div", "figure")]
    assert boxes == [("div", "0"), ("figure", "0")]


def test_bytes_that_are_no_text_do_not_break_the_page():
    assert "caf? and more" in render("caf\udce9 and more", "", []).encode("utf-8").decode("utf-8")


def test_a_word_is_marked_by_its_weight_and_what_is_between_words_is_not():
    marks = [attributes for tag, attributes in Reader(page()).elements if tag == "mark"]
    assert marks == [{"style": "--weight: 0.25"}]


def test_a_drawing_has_no_fixed_size_and_no_metadata():
    svg = next(attributes for tag, attributes in Reader(page()).elements if tag == "svg")
    assert svg.pop("style") == "max-width: 75rem; min-width: 34rem"  # 720pt are 60rem
    assert svg == {"viewbox": "0 0 1 1", "role": "img", "aria-label": EVIL}
    assert "<metadata>" not in page()
    assert '<g width="3"/>' in page()


def test_rows_and_columns_are_named_for_who_hears_the_table():
    read = Reader(page())
    assert [attributes for tag, attributes in read.elements if tag == "th"] == [
        {"scope": "col"}, {"scope": "col"}, {"scope": "row"}
    ]  # fmt: skip


def test_what_is_closed_can_be_opened():
    tags = [tag for tag, _ in Reader(page()).elements]
    assert (tags.count("details"), tags.count("section")) == (1, 1)
