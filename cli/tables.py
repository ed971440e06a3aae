"""Plain tables that read well at 80 columns, in a pipe and without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

CONTROLS = {code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}
"""For `str.translate`: text that people read shows control characters, and no terminal acts on them."""


def figures_table(first: str, *columns: str, whole: bool = False) -> Table:
    """A table with names on the left and figures on the right.

    Args:
        first: head of the names.
        columns: heads of the figures.
        whole: no figure is broken over lines: where room is short it is the names that are.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(Text(first), overflow="fold")
    for column in columns:
        table.add_column(Text(column), justify="right", overflow="fold", no_wrap=whole)
    return table


def fits(table: Table, console: Console) -> bool:
    """Whether a table has room as it is, with nothing broken over lines."""
    unlimited = console.options.update(max_width=10_000)
    return table.__rich_measure__(console, unlimited).maximum <= console.width
