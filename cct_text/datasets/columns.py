"""Which columns of a table hold the text and the label: as named, or found by their usual names."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from cct_text.errors import DataError

TEXT_NAMES = ("text", "sentence", "question", "content", "review", "body", "message", "comment", "document", "tweet")
"""Usual names of a text column, the likeliest first; `title` and `description` are joined where both exist."""

LABEL_NAMES = ("label", "labels", "class", "category", "target", "sentiment", "coarse_label", "topic", "intent", "y")
"""Usual names of a label column, the likeliest first."""


def find_columns(
    known: Sequence[str],
    text_columns: Sequence[str] = (),
    label_column: str | None = None,
    *,
    labelled: bool,
    path: str,
) -> tuple[list[str], str | None]:
    """The text columns and the label column (None unless `labelled`) among the columns `known`.

    Raises:
        DataError: if a named column is not there, or none of the usual names is; the columns are listed.
    """
    for column in (*text_columns, *([label_column] if label_column and labelled else [])):
        if column not in known:
            near = get_close_matches(column, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise DataError(f"no column {column!r}; it has {_listed(known)}{hint}", path=path, line=1)
    by_name = {column.strip().lower(): column for column in reversed(known)}
    label = None
    if labelled:
        label = label_column or next((by_name[name] for name in LABEL_NAMES if name in by_name), None)
        if label is None:
            raise DataError(f"no label column among {_listed(known)}; name it with --label-column", path=path, line=1)
    texts = list(text_columns) or _usual_texts(by_name)
    if not texts:
        rest = [column for column in known if column != label]
        if len(rest) != 1:
            raise DataError(f"no text column among {_listed(known)}; name it with --text-column", path=path, line=1)
        texts = rest
    for column in (*texts, *([label] if label else [])):
        if list(known).count(column) > 1:
            raise DataError(f"two columns named {column!r} among {_listed(known)}; rename one", path=path, line=1)
    return texts, label


def _usual_texts(by_name: dict[str, str]) -> list[str]:
    for name in TEXT_NAMES:
        if name in by_name:
            return [by_name["title"], by_name[name]] if name == "content" and "title" in by_name else [by_name[name]]
    if "title" in by_name and "description" in by_name:
        return [by_name["title"], by_name["description"]]
    return []


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(repr(column) for column in columns) or "no columns"
