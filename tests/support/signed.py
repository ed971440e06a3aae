"""Checksums that agree: what a reader must bear from who writes files and their checksums, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cct_text.artifacts import METRICS, RunFolder
from cct_text.figures import CHECKSUMS, write_figures


def sign_figures(folder: Path, **changed: Any) -> None:
    """Let `metrics.json` say that what is in a run folder is what was written, and other figures where they are named."""
    figures = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    figures.pop(CHECKSUMS, None)
    write_figures(RunFolder(folder), {**figures, **changed})
