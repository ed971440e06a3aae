"""What this installation has, finds, keeps and lacks, and the way out of each trouble. Nothing is fetched or left behind."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from re import match
from typing import Any

from cct_text.download import cache_dir
from cct_text.extras import EXTRAS, Extra
from cct_text.provenance import processor

DISTRIBUTION = "cct-text"
REGISTERS = {16: "AVX-512", 8: "AVX2", 4: "baseline"}
"""Instructions of the compiled kernels in fp32, by the floats that a register of theirs holds."""
FOLDERS = ("CCT_TEXT_DATA", "CCT_TEXT_VECTORS")
"""Environment variables that name folders."""


@dataclass(frozen=True)
class Complaint:
    """Something that is not as it should be.

    Attributes:
        what: was seen.
        way_out: what to do about it.
    """

    what: str
    way_out: str


@dataclass(frozen=True)
class Torch:
    """The torch that is installed.

    Attributes:
        version: of it; None where it is not there or does not load.
        devices: names of the GPUs that it sees.
    """

    version: str | None
    devices: list[str]


@dataclass(frozen=True)
class Kernels:
    """What prediction on the CPU computes with.

    Attributes:
        compiled: whether the C code was compiled at installation; otherwise NumPy computes.
        fp32: instructions of the products in fp32.
        bf16: of those in bf16: `AMX` or `AVX512-BF16`; None where the processor has neither.
    """

    compiled: bool
    fp32: str
    bf16: str | None


@dataclass(frozen=True)
class Place:
    """A folder that is written to.

    Attributes:
        path: of it.
        fault: why one cannot write there; None where one can.
        bytes_used: by the files in it; None where they are not counted.
        bytes_free: on its disk; None where that cannot be told.
    """

    path: str
    fault: str | None
    bytes_used: int | None
    bytes_free: int | None


@dataclass(frozen=True)
class Examination:
    """What was found.

    Attributes:
        version: of cct-text.
        python: its version.
        processor: model name.
        cores: that this process may run on.
        threads: that are used; `OMP_NUM_THREADS` lowers them.
        torch: what there is of it.
        kernels: of prediction; None where NumPy is not there.
        extras: name, purpose, missing modules and the command that installs each.
        datasets: as `cct_text.datasets.describe.registered`.
        vectors: as `cct_text.vectors.describe.named`.
        cache: where downloads and converted files are kept.
        folder: the one that this process is in, where `runs` are written.
        problems: that keep cct-text from its work.
        hints: what works, but could be better.
    """

    version: str
    python: str
    processor: str
    cores: int
    threads: int
    torch: Torch
    kernels: Kernels | None
    extras: list[dict[str, Any]]
    datasets: list[dict[str, Any]]
    vectors: list[dict[str, Any]]
    cache: Place
    folder: Place
    problems: list[Complaint]
    hints: list[Complaint]

    @property
    def usable(self) -> bool:
        """Whether there is no problem."""
        return not self.problems


def examine() -> Examination:
    """Look at this installation: no network is asked, nothing is written that stays."""
    problems = [*_package_problems()]
    torch = _torch(problems)
    try:
        from cct_text.datasets.describe import registered
        from cct_text.vectors.describe import named

        datasets, vectors, kernels = registered(), named(), _kernels()
    except ImportError as error:
        datasets, vectors, kernels = [], [], None
        problems.append(_does_not_load((error.name or "a package").partition(".")[0], error))
    cache = _place(cache_dir(), counted=True)
    folder = _place(Path.cwd(), counted=False)
    cores, threads = _cores()
    return Examination(
        version=version(DISTRIBUTION),
        python=platform.python_version(),
        processor=processor(),
        cores=cores,
        threads=threads,
        torch=torch,
        kernels=kernels,
        extras=[_extra_facts(extra) for extra in EXTRAS.values()],
        datasets=datasets,
        vectors=vectors,
        cache=cache,
        folder=folder,
        problems=[*problems, *_cache_problems(cache)],
        hints=[*_kernel_hints(kernels), *_folder_hints(folder), *_vector_hints(vectors)],
    )


def _torch(problems: list[Complaint]) -> Torch:
    """Torch, loaded, as nothing less tells whether it works."""
    try:
        import torch
    except Exception as error:  # what a broken binary raises is of many kinds
        problems.append(_does_not_load("torch", error))
        return Torch(None, [])
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return Torch(torch.__version__, [torch.cuda.get_device_name(index) for index in range(count)])


def _kernels() -> Kernels:
    from cct_text.inference.native import instructions

    lanes, bf16 = instructions()
    return Kernels(lanes > 0, REGISTERS[lanes] if lanes else "NumPy", bf16)


def _cores() -> tuple[int, int]:
    """Cores that this process may run on; threads that are used."""
    from cct_text.inference.parallel import cores, own_cores

    return own_cores(), cores()


def _extra_facts(extra: Extra) -> dict[str, Any]:
    return {"name": extra.name, "purpose": extra.purpose, "missing": extra.missing(), "install": extra.command}


def _place(path: Path, *, counted: bool) -> Place:
    """Whether one can write to a folder, or make it: tried with a file that has no name and is gone at once."""
    folders = (path, *path.absolute().parents)
    nearest = next(folder for folder in folders if os.path.exists(folder))  # noqa: PTH110 - Path raises where one may not look
    fault = None
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        fault = error.strerror or str(error)
    try:
        free = shutil.disk_usage(nearest).free
    except OSError:
        free = None
    return Place(str(path), fault, _bytes_in(path) if counted else None, free)


def _bytes_in(folder: Path) -> int:
    """Of all files below; those that cannot be seen do not count."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except OSError:
                continue
    return total


def _package_problems() -> Iterable[Complaint]:
    """Distributions that cct-text cannot do without and that are not installed."""
    for requirement in requires(DISTRIBUTION) or ():
        name = match(r"[\w.-]+", requirement)
        if name is None or "extra ==" in requirement:
            continue
        try:
            version(name[0])
        except PackageNotFoundError:
            yield Complaint(f"{name[0]} is not installed, which cct-text needs", f"pip install {name[0]}")


def _does_not_load(package: str, error: Exception) -> Complaint:
    why = str(error).partition("\n")[0] or type(error).__name__
    return Complaint(f"{package} does not load: {why}", f"pip install --force-reinstall {package}")


def _cache_problems(cache: Place) -> Iterable[Complaint]:
    if cache.fault is not None:
        yield Complaint(
            f"{cache.path}: cannot write: {cache.fault}; nothing can be fetched or kept there",
            "set CCT_TEXT_HOME to a folder of yours",
        )


def _kernel_hints(kernels: Kernels | None) -> Iterable[Complaint]:
    if kernels is not None and not kernels.compiled:
        yield Complaint(
            "the kernels of prediction are not compiled: NumPy computes in their place, slower",
            "install a C compiler (gcc or clang), then cct-text again",
        )


def _folder_hints(folder: Place) -> Iterable[Complaint]:
    if folder.fault is not None:
        yield Complaint(f"{folder.path}: cannot write: {folder.fault}", "work in another folder, or give --out")
    for name in FOLDERS:
        for named in filter(None, os.environ.get(name, "").split(os.pathsep)):
            if not Path(named).is_dir():
                yield Complaint(f"{name} = {named}: no such folder", "make it, or set the variable to another one")


def _vector_hints(vectors: list[dict[str, Any]]) -> Iterable[Complaint]:
    if vectors and not any(row["found"] for row in vectors):
        yield Complaint(
            "no word vectors are here: training fetches them first",
            f"{EXTRAS['glove'].command}, or set CCT_TEXT_VECTORS to a folder with some",
        )
