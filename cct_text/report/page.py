"""HTML pages of one file: no script, nothing from elsewhere, all text escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows.

    Attributes:
        caption: what it shows.
        header: of each column.
        rows: cells, each row as many as the header has.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class ShadedText:
    """A text whose words are marked by a weight.

    Attributes:
        heading: a line above it.
        pieces: parts of the text, in order; a weight in [0, 1] for a word, None between words.
    """

    heading: str
    pieces: Sequence[tuple[str, float | None]]


@dataclass(frozen=True)
class Section:
    """A part of a page; what it has stands in this order.

    Attributes:
        title: its heading.
        sentences: as a list.
        table: of figures.
        svg: content of an SVG file, drawn on white; its texts are escaped already, as in any SVG file.
        description: what the drawing shows, for who cannot see it.
        texts: with shaded words.
        code: lines to copy.
        closed: whether it is opened by a click only.
    """

    title: str
    sentences: Sequence[str] = ()
    table: Table | None = None
    svg: str | None = None
    description: str = ""
    texts: Sequence[ShadedText] = ()
    code: Sequence[str] = ()
    closed: bool = False


def render(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """A page.

    Args:
        title: of the page.
        subtitle: a line below it.
        sections: from top to bottom.

    Returns:
        Text that UTF-8 can hold: bytes of a file's name that are no text are shown as "?".
    """
    shown = [(section, _inline(section.svg, section.description) if section.svg else None) for section in sections]
    page = _template().render(title=title, subtitle=subtitle, sections=shown)
    return page.encode("utf-8", "replace").decode("utf-8")


def _inline(svg: str, description: str) -> Markup:
    """An SVG file as an element of a page: without prolog and metadata, of flexible size, and with a name to be heard."""
    from markupsafe import Markup

    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    opening, rest = svg.split(">", 1)
    size = _size(opening)
    opening = re.sub(r' (?:width|height)="[^"]*"', "", opening)
    return Markup(opening) + Markup(' role="img" aria-label="{}"{}>').format(description, size) + Markup(rest)


def _size(opening: str) -> Markup:
    """A style that shows a drawing not much larger than it was drawn, nor so small that it cannot be read."""
    from markupsafe import Markup

    width = re.search(r' width="([\d.]+)pt"', opening)
    if width is None:
        return Markup()
    rem = float(width[1]) / 12
    return Markup(' style="max-width: {:.0f}rem; min-width: {:.0f}rem"').format(1.25 * rem, min(0.66 * rem, 34))


@cache
def _template() -> Template:
    from jinja2 import Environment

    text = (files("cct_text.report") / "page.html.j2").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)
