"""A run as one HTML file that classifies in the browser, without a server and without a network.

What is in it: the model as text (`web_model.py`), and the folder `browser/` with the JavaScript that tokenizes as
`cct_text.text` does and computes as `cct_text.inference.engine` does.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from cct_text.artifacts import RunFolder
from cct_text.atomic_writes import write_atomically
from cct_text.errors import UsageError, unknown_name
from cct_text.export.web_model import PRECISIONS, packed
from cct_text.figures import figures_shown, has_figures, read_figures
from cct_text.hub.names import HUB_PREFIX
from cct_text.model.saved import EMBEDDING_WEIGHT, SavedModel

SCRIPTS = (
    "model.js",
    "tokenizer.js",
    "windows.js",
    "operations.js",
    "network.js",
    "classifier.js",
    "results.js",
    "page.js",
)
"""Of the folder `browser/`, in the order in which they stand in the page."""
STYLE, TEMPLATE = "page.css", "page.html.j2"
LARGEST = 100_000_000
"""Bytes of the model. Chromium opens such a page in some seconds; of several times as many it has no string."""
PIECE = 2**20
"""Bytes that are written in base 85 at a time, as Python needs a hundred times as many for it; a multiple of four."""
LABELS_NAMED = 12


@dataclass(frozen=True, kw_only=True)
class WebExport:
    """A page that was written.

    Attributes:
        path: the file.
        bytes: its size.
        precision: of its matrices.
        words: V, what it knows.
        labels: what it answers with.
    """

    path: Path
    bytes: int
    precision: str
    words: int
    labels: tuple[str, ...]


def export_web(run: str | Path, path: str | Path, *, precision: str = "int8") -> WebExport:
    """Write a run as one HTML file.

    Args:
        run: a run folder.
        path: the file; one of that name is replaced.
        precision: of matrices: int8, a quarter of the size, or fp32, as trained.

    Raises:
        DataError: if the folder or a file of it is missing, damaged or of another format.
        UsageError: if there is no such precision, the file's name does not end in .html, it cannot be written, or the model
            is too large for a browser.
    """
    path = Path(path)
    if precision not in PRECISIONS:
        raise UsageError(unknown_name("precision", precision, PRECISIONS))
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{path}: a browser opens it by its ending; give a name that ends in .html")
    model = SavedModel.load(run)
    folder = RunFolder(run)
    metrics = read_figures(folder) if has_figures(folder) else None
    content = packed(model, precision)
    if len(content) > LARGEST:
        raise UsageError(
            f"{run}: {len(content) / 1e6:,.0f} MB are too much for a browser, at most {LARGEST / 1e6:,.0f} MB are not; "
            + ("leave --precision fp32 out" if precision == "fp32" else "train with fewer or narrower word vectors")
        )
    data = as_text(content)
    with figures_shown(folder):
        size = len(data) + sum(len(_browser_file(name)) for name in (TEMPLATE, STYLE, *SCRIPTS))
        facts = _facts(model, metrics, precision, size)
    page = _page(f"{model.config.model.model} on {_dataset(model)}", _subtitle(model), facts, data)
    encoded = page.encode("utf-8", "replace")  # a file's name may hold bytes that are no text
    with write_atomically(path) as temporary:
        temporary.write_bytes(encoded)
    return WebExport(
        path=path,
        bytes=len(encoded),
        precision=precision,
        words=len(model.tokenizer.vocabulary.words),
        labels=model.labels,
    )


def as_text(content: bytes) -> str:
    """Bytes deflated and in base 85, five characters for four bytes.

    The alphabet is that of RFC 1924 but for `<`, in place of which stands `/`: nothing in it ends an element.
    """
    deflated = zlib.compress(content, 9)
    pieces = (deflated[start : start + PIECE] for start in range(0, len(deflated), PIECE))
    return "".join(base64.b85encode(piece).decode() for piece in pieces).replace("<", "/")


def _dataset(model: SavedModel) -> str:
    """What the run was trained on; of a file its name alone, for the folders are nobody's business."""
    name = model.config.data.dataset
    return name if name.startswith(HUB_PREFIX) else Path(name).name


def _subtitle(model: SavedModel) -> str:
    labels = model.labels
    if len(labels) == 1:
        return f"Gives a text the label {labels[0]}, or none."
    more = f" and {len(labels) - LABELS_NAMED} more" if len(labels) > LABELS_NAMED else ""
    how_many = "one of" if model.thresholds is None else "any number of"
    return f"Gives a text {how_many} {len(labels)} labels: {', '.join(labels[:LABELS_NAMED])}{more}."


def _facts(model: SavedModel, metrics: Mapping[str, Any] | None, precision: str, size: int) -> list[tuple[str, str]]:
    """What there is to know about the model, each with its name."""
    facts = [("Data set", _dataset(model))]
    if metrics is not None:
        facts[0] = ("Data set", f"{_dataset(model)}, {metrics['train_rows']:,} train rows")
        split = next((name for name in ("test", "dev") if metrics[name] is not None), None)
        if split is not None:
            before = ", before the weights were rounded" if precision == "int8" else ""
            accuracy = f"{metrics[split]['accuracy']:.1%} of {metrics[f'{split}_rows']:,} {split} rows{before}"
            facts.append(("Accuracy" if model.thresholds is None else "All labels right", accuracy))
    vocabulary, width = model.tokenizer.vocabulary, model.weights[EMBEDDING_WEIGHT].shape[1]
    bigrams = f" and {len(vocabulary.pairs):,} bigrams" if vocabulary.pairs else ""
    numbers = sum(weight.size for weight in model.weights.values())
    bits = "8 bits" if precision == "int8" else "32 bits"
    return [
        *facts,
        ("Model", f"{model.config.model.model}; {len(vocabulary.words):,} words{bigrams}, vectors of {width}"),
        ("Size", f"{size / 1e6:.1f} MB; {numbers:,} weights of {bits}"),
        ("Exported", f"{date.today().isoformat()} by cct-text {version('cct-text')}"),
    ]


def _page(title: str, subtitle: str, facts: list[tuple[str, str]], data: str) -> str:
    from jinja2 import Environment
    from markupsafe import Markup

    style = "\n" + _browser_file(STYLE)
    script = "\n" + "\n".join(map(_browser_file, SCRIPTS))
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_browser_file(TEMPLATE))
    return template.render(
        title=title,
        subtitle=subtitle,
        facts=facts,
        policy=policy,
        style=Markup(style),
        script=Markup(script),
        data=Markup(data),
    )


def _browser_file(name: str) -> str:
    return (files("cct_text.export") / "browser" / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    """What a policy calls the content of an element."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
