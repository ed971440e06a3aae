"""Under which conditions figures were measured: when, the machine and the versions."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.clock import THREADS
from cct_text.inference.native import NativeKernels, choose_kernels


def conditions() -> dict[str, Any]:
    """Date, commit, load before it begins, machine and versions."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    flags = {flag for line in lines if line.startswith("flags") for flag in line.split()}
    kernels = choose_kernels()
    return {
        "processor": names[0] if names else platform.processor(),
        "instructions": [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags],
        "date": date.today().isoformat(),
        "commit": _commit(),
        "load": os.getloadavg()[0],
        "cores": os.cpu_count(),
        "threads": THREADS,
        "prediction": f"{'compiled' if isinstance(kernels, NativeKernels) else 'NumPy'} kernels in {kernels.precision}",
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("cct-text", "torch", "numpy", "pyarrow", "scikit-learn", "gensim")},
        },
    }


def _commit() -> str:
    """The commit that is checked out, with a `+` where files other than results differ from it."""
    head = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)docs/results")
    return f"{head}{'+' if changed else ''}" or "no commit"


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()
