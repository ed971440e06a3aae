"""Text that comes from data, such as a label, in a Markdown file."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_{}\[\]|~#$!])")
"""What Markdown takes for more than a character, within a line."""


def escaped(text: str) -> str:
    """Text as Markdown shows it within a line: what it would take for a mark or for HTML is told to be none.

    >>> escaped("<b> & co")
    '&lt;b&gt; &amp; co'
    """
    line = " ".join(text.split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKS.sub(r"\\\1", line)
