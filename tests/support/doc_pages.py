"""What the pages under docs/ show: commands and Python."""

import re
import shlex
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def page(name):
    """The text of a page."""
    return (DOCS / name).read_text(encoding="utf-8")


def commands(name):
    """The arguments of each `cct-text` line of a page, without what stands behind `#`."""
    found = [shlex.split(line, comments=True)[1:] for line in re.findall(r"^    cct-text .*", page(name), re.MULTILINE)]
    assert found
    return found


def python_of(name):
    """The Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```", page(name), re.MULTILINE | re.DOTALL)
