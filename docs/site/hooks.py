"""What mkdocs does beyond its own: the README as the first page, links that lead out of `docs/`, cells of tables.

On GitHub the pages are read where they lie, so their links are relative to the repository. On the site a link to a page
of the site stays one; a link to another file leads to the repository, or is only its text where no address is given.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import dirname, join, normpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
README = "index.md"
"""The page that README.md becomes."""

_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
_CODE = re.compile(r"^```.*?^```|^(?: {4}[^\n]*\n?)+", re.MULTILINE | re.DOTALL)
_CELL = re.compile(r"<td.*?</td>", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->\n?")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the README to the pages."""
    text = _COMMENT.sub("", (ROOT / "README.md").read_text(encoding="utf-8"))
    files.append(File.generated(config, README, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of a page that lead out of `docs/`."""
    return turned(markdown, uri=page.file.src_uri, repository=config.extra["repository"])


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Mend the cells of tables."""
    return _CELL.sub(lambda cell: mended(cell[0]), html)


def mended(cell: str) -> str:
    """A cell without the backslash that Markdown needs before a bar, and with figures that stay whole."""
    return cell.replace("\\|", "|").replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")


def turned(markdown: str, *, uri: str, repository: str) -> str:
    """The text of a page with its links as the site needs them; code stays as it is.

    Args:
        markdown: the text.
        uri: the page's path in `docs/`; `index.md` is the README.
        repository: its address, or nothing.

    Raises:
        PluginError: if a link leads to a file that the repository lacks.
    """
    folder = "." if uri == README else join("docs", dirname(uri))
    up = "../" * uri.count("/")

    def turn(match: re.Match[str]) -> str:
        image, text, target, anchor = match.groups(default="")
        if "://" in target:
            return match[0]
        path = normpath(join(folder, target))
        if not (ROOT / path).exists():
            raise PluginError(f"{uri} links to {target}, which is not in the repository")
        if path.startswith("docs/"):
            return f"{image}[{text}]({up}{path.removeprefix('docs/')}{anchor})"
        if path == "README.md":
            return f"[{text}]({up}{README}{anchor})"
        return f"[{text}]({repository.rstrip('/')}/blob/HEAD/{path}{anchor})" if repository else text

    parts, start = [], 0
    for code in _CODE.finditer(markdown):
        parts += [_LINK.sub(turn, markdown[start : code.start()]), code[0]]
        start = code.end()
    return "".join([*parts, _LINK.sub(turn, markdown[start:])])
