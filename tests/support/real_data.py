"""Which of the published data sets a test can use: those that $CCT_TEXT_DATA holds."""

from __future__ import annotations

import os
from pathlib import Path

from cct_text.datasets.registry import ENTRIES

DATA = os.environ.get("CCT_TEXT_DATA")


def there(*names):
    """Those of the data sets whose files are in $CCT_TEXT_DATA; the embedded one always."""
    return [
        name
        for name in names
        if name == "questions"
        or (DATA and all((Path(DATA) / ENTRIES[name].folder / file.name).is_file() for file in ENTRIES[name].files))
    ]


def of(name):
    """The test is one of this data set: without its files there is no such test."""
    return lambda test: test if there(name) else None
