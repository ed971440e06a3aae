"""A real browser for pages, the one that is installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

SCREENSHOTS = Path(__file__).parents[2] / "runs" / "screenshots"
"""Where tests leave what they saw; git ignores it."""

_ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium: Debian's, or another one that is found, or Playwright's own."""
    with sync_playwright() as playwright:
        names = ("chromium", "chromium-browser", "google-chrome", playwright.chromium.executable_path)
        found = next(filter(None, map(shutil.which, names)), None)
        if found is None:
            pytest.fail("no browser: `apt-get install chromium`, or `playwright install chromium`", pytrace=False)
        opened = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def own_pages(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """A function that opens a page; at the end no page has had an error or asked for anything but what begins as its address.

    The function takes the address, words of what its console may say, and options of a context of the browser.
    """
    contexts, faults, asked = [], [], []

    def open_(url: str, expected: Sequence[str] = (), **options: object) -> Page:
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console", lambda said: None if any(word in said.text for word in expected) else faults.append(said.text)
        )
        page.on("request", lambda request: asked.append((url, request.url)))
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []
    assert [other for url, other in asked if not other.startswith((url, "blob:"))] == []
