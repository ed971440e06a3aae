"""Under which conditions figures were measured: the machine and the versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.clock import THREADS
from cct_text.inference.native import NativeKernels, choose_kernels


def conditions() -> dict[str, Any]:
    """Machine and versions."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    flags = {flag for line in lines if line.startswith("flags") for flag in line.split()}
    kernels = choose_kernels()
    return {
        "processor": names[0] if names else platform.processor(),
        "instructions": [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags],
        "cores": os.cpu_count(),
        "threads": THREADS,
        "prediction": f"{'compiled' if isinstance(kernels, NativeKernels) else 'NumPy'} kernels in {kernels.precision}",
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("cct-text", "torch", "numpy", "pyarrow", "scikit-learn", "gensim")},
        },
    }
