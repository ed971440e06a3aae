"""The site is built strictly, whole in itself, and what is generated is up to date."""

import os
import runpy
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest

from tests.support.browser import SCREENSHOTS, browser

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://code.example/ann/cct-text"


def build(out, **environment):
    """`mkdocs build --strict` into a folder: its exit code and what it says."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@dataclass
class Html(HTMLParser):
    """What matters of a page.

    Attributes:
        anchors: that a link may name.
        links: targets of links.
        assets: what a browser loads by itself.
    """

    anchors: set = field(default_factory=set)
    links: list = field(default_factory=list)
    assets: list = field(default_factory=list)

    def __post_init__(self):
        super().__init__()

    @classmethod
    def of(cls, path):
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        return page

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.anchors |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag in ("script", "img", "iframe", "source", "video") and values.get("src"):
            self.assets.append(values["src"])
        if tag == "link" and values.get("rel") not in ("canonical", "next", "prev", "edit"):
            self.assets.append(values["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    code, said = build(out, CCT_TEXT_REPOSITORY=REPOSITORY)
    assert code == 0, said
    return out


@pytest.fixture(scope="module")
def pages(site):
    """Every page, by its path in the site."""
    return {path.relative_to(site).as_posix(): Html.of(path) for path in sorted(site.rglob("*.html"))}


def target(site, page, link):
    """The file and anchor that an internal link means."""
    parts = urlsplit(link)
    # The page for an address that is not there is served from anywhere, so its links begin at the root.
    folder = site if parts.path.startswith("/") else (site / page).parent
    path = (folder / unquote(parts.path).lstrip("/")).resolve() if parts.path else (site / page).resolve()
    return path / "index.html" if path.is_dir() else path, unquote(parts.fragment)


def internal(link):
    return not urlsplit(link).scheme and not urlsplit(link).netloc


def test_every_link_and_anchor_of_the_site_is_there(site, pages):
    missing = []
    checked = 0
    for page, html in pages.items():
        for link in filter(internal, [*html.links, *html.assets]):
            path, anchor = target(site, page, link)
            known = pages.get(path.relative_to(site.resolve()).as_posix()) if path.exists() else None
            checked += 1
            if not path.exists() or (anchor and known and anchor not in known.anchors):
                missing.append(f"{page}: {link}")
    assert missing == []
    assert checked > 1000


def test_links_that_lead_elsewhere_are_written_as_addresses(pages):
    outside = {link for html in pages.values() for link in html.links if not internal(link)}
    assert {urlsplit(link).scheme for link in outside} <= {"https", "http"}
    assert len(outside) > 10


def test_links_to_source_files_lead_to_the_repository(pages):
    source = [link for html in pages.values() for link in html.links if link.startswith(f"{REPOSITORY}/blob/HEAD/")]
    assert f"{REPOSITORY}/blob/HEAD/cct_text/config.py" in source
    assert [link for link in source if not (ROOT / urlsplit(link).path.split("/blob/HEAD/")[1]).exists()] == []


def test_no_page_loads_anything_from_elsewhere(pages):
    assert [asset for html in pages.values() for asset in html.assets if not internal(asset)] == []


def test_cells_of_tables_read_as_on_github(site):
    architecture = (site / "architecture.html").read_text(encoding="utf-8")
    assert "<code>NAME|PATH[+NAME|PATH]</code>" in architecture
    results = (site / "results.html").read_text(encoding="utf-8")
    assert "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}" in results


def test_every_page_of_docs_is_on_the_site(site):
    written = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert {path for path in written if not (site / path).exists()} == set()


def test_a_link_without_a_known_repository_is_its_text_and_one_to_nowhere_ends_the_build():
    hooks = runpy.run_path(str(ROOT / "docs" / "site" / "hooks.py"))
    turn = partial(hooks["turned"], uri="training.md", repository="")
    assert turn("see [`config.py`](../cct_text/config.py) .") == "see `config.py` ."
    assert turn("[tuning](tuning.md#how)") == "[tuning](tuning.md#how)"
    assert turn("    [a](../nowhere.py)\n") == "    [a](../nowhere.py)\n"
    assert hooks["turned"]("[here](docs/data.md)", uri="index.md", repository="") == "[here](data.md)"
    with pytest.raises(hooks["PluginError"], match=r"training\.md links to \.\./nowhere\.py"):
        turn("[a](../nowhere.py)")


def test_the_reference_of_the_command_line_is_what_the_commands_say():
    generated = runpy.run_path(str(ROOT / "docs" / "site" / "commands.py"))
    page = generated["PAGE"].read_text(encoding="utf-8")
    assert page == generated["page"](), "run python docs/site/commands.py"
    for verb in ("train", "predict", "doctor"):
        assert f"\n## {verb}\n" in page


def test_the_reference_of_the_options_has_every_option(pages):
    from cct_text.config import Config

    anchors = pages["reference/options.html"].anchors
    missing = [
        f"{section}.{name}"
        for section, options in vars(Config()).items()
        for name in vars(options)
        if f"cct_text.config.{type(options).__name__}.{name}" not in anchors
    ]
    assert missing == []


def test_the_reference_of_python_has_the_public_names(pages):
    import cct_text

    anchors = pages["reference/python.html"].anchors
    assert {f"cct_text.{name}" for name in cct_text.__all__} <= anchors
    assert {"cct_text.sklearn.CCTClassifier", "cct_text.training.run.train"} <= anchors


def test_the_figure_of_the_method_is_what_its_script_draws():
    drawn = runpy.run_path(str(ROOT / "docs" / "site" / "method_figure.py"))
    assert drawn["FILE"].read_text(encoding="utf-8") == drawn["figure"](), "run python docs/site/method_figure.py"


@pytest.fixture(scope="module")
def served(site):
    """Address of the site on loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def chromium():
    with browser() as opened:
        yield opened


WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 375, "height": 800}


@contextmanager
def watched(chromium, size, scheme):
    """A browser's page; nothing on it may fail or come from another server than the first that was asked."""
    context = chromium.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    asked, faults = [], []
    page.on("request", lambda request: asked.append(urlsplit(request.url)))
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    assert {url.netloc for url in asked if url.scheme != "data"} == {asked[0].netloc}
    assert faults == []
    context.close()


def test_every_page_fits_a_telephone(chromium, served, pages):
    with watched(chromium, NARROW, "light") as page:
        for name in pages:
            page.goto(f"{served}/{name}", wait_until="domcontentloaded")
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], name


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_pages_ask_nobody_else(chromium, served, size, scheme):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with watched(chromium, size, scheme) as page:
        for name in ("index", "tutorial", "method", "reference/python"):
            page.goto(f"{served}/{name}.html")
            shot = f"site-{name.replace('/', '-')}-{scheme}-{size['width']}.png"
            page.screenshot(path=SCREENSHOTS / shot)
        lightness = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (lightness == "rgb(255, 255, 255)") == (scheme == "light")


def test_the_search_finds_without_a_network(chromium, served):
    with chromium.new_context(viewport=WIDE) as context:
        page = context.new_page()
        page.goto(f"{served}/index.html")
        page.get_by_role("textbox", name="Search").click()
        page.keyboard.type("calibration temperature")
        page.wait_for_selector(".md-search-result__item a[href*='training.html']")
