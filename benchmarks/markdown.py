"""Tables in Markdown, and the parts of a page that a command writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that hold no line breaks."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def rewritten(text: str, part: str, content: str) -> str:
    """A page with what stands between `<!-- part -->` and `<!-- /part -->` written anew."""
    opening, closing = f"<!-- {part} -->\n", f"<!-- /{part} -->\n"
    before, _, rest = text.partition(opening)
    _, _, after = rest.partition(closing)
    return before + opening + content + closing + after
