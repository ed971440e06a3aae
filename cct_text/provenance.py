"""Where figures come from: what one has to have to get them again."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("cct-text", "torch", "numpy", "pyarrow", "accelerate")


def provenance() -> dict[str, Any]:
    """`commit`, `processor` and `versions`, as `metrics.json` has them."""
    return {
        "commit": commit(),
        "processor": processor(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


@cache
def commit() -> str | None:
    """The commit that the library is run from, with a `+` where files differ from it; None where it is installed.

    What is checked out at the first call counts: a run asks before it begins.
    """
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return None
    head = _git(root, "rev-parse", "--short", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)docs/results")
    return f"{head}{'+' if changed else ''}" if head else None


@cache
def processor() -> str:
    """Model name of the processor; another one may round otherwise."""
    return cpuinfo("model name") or platform.processor() or platform.machine()


def cpuinfo(name: str) -> str:
    """What Linux tells of the first processor under a name; nothing on other systems."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def _git(folder: Path, *arguments: str) -> str:
    """What git says; nothing where it is not there."""
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()
