"""Under which conditions figures were measured: when, the machine and the versions."""

from __future__ import annotations

import os
import platform
from datetime import date
from importlib.metadata import version
from typing import Any

from benchmarks.clock import THREADS
from cct_text.inference.native import NativeKernels, choose_kernels
from cct_text.provenance import commit, cpuinfo, processor


def conditions() -> dict[str, Any]:
    """Date, commit, load before it begins, machine and versions."""
    flags = set(cpuinfo("flags").split())
    kernels = choose_kernels()
    return {
        "processor": processor(),
        "instructions": [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags],
        "date": date.today().isoformat(),
        "commit": commit() or "no commit",
        "load": os.getloadavg()[0],
        "cores": os.cpu_count(),
        "threads": THREADS,
        "prediction": f"{'compiled' if isinstance(kernels, NativeKernels) else 'NumPy'} kernels in {kernels.precision}",
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("cct-text", "torch", "numpy", "pyarrow", "scikit-learn", "gensim")},
        },
    }
