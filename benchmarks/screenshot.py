"""The picture of README.md: the top of a run's report in a browser.

    python -m benchmarks.screenshot RUN

writes docs/images/report.png.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cct_text.artifacts import REPORT
from tests.support.browser import browser

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "report.png"
WIDTH, HEIGHT = 880, 1240


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("run", type=Path, help="run folder with a report.html")
    report = parser.parse_args().run / REPORT
    PICTURE.parent.mkdir(exist_ok=True)
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(report.absolute().as_uri())
        page.screenshot(path=PICTURE)
    print(PICTURE)


if __name__ == "__main__":
    main()
