"""Checksums that agree: what a reader must bear from who writes files and their checksums, too."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from cct_text.artifacts import CONFIG, METRICS, TOKENIZER, WEIGHTS, RunFolder, _document_sha256, sha256_of
from cct_text.figures import CHECKSUMS, write_figures


def sign_figures(folder: Path, **changed: Any) -> None:
    """Let `metrics.json` say that what is in a run folder is what was written, and other figures where they are named."""
    figures = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    figures.pop(CHECKSUMS, None)
    write_figures(RunFolder(folder), {**figures, **changed})


def sign_model(folder: Path) -> None:
    """Let `config.toml` say that the tokenizer and the weights in a run folder are what was written."""
    document = tomllib.loads((folder / CONFIG).read_text(encoding="utf-8"))
    document["run"]["sha256"] = {name: sha256_of(folder / name) for name in (TOKENIZER, WEIGHTS)}
    document["run"]["sha256"][CONFIG] = _document_sha256(document)
    (folder / CONFIG).write_text(tomli_w.dumps(document), encoding="utf-8")
