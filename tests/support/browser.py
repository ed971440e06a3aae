"""A real browser for pages, the one that is installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

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
