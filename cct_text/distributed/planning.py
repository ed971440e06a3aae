"""What is to be done: the files with their sections, and what an output folder holds of them already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from cct_text.datasets.sections import Section
from cct_text.distributed.output import MANIFEST, Manifest, OutputFolder, PlannedFile, part_name
from cct_text.distributed.sources import Source
from cct_text.distributed.worker import Unit, sections_of
from cct_text.errors import UsageError

_FOOTERS_AT_ONCE = 16
"""Parts that are looked at, at the same time, to go on."""


def require_apart(sources: Sequence[Source], patterns: Sequence[str], folder: OutputFolder) -> None:
    """Refuse an output folder whose parts would be read.

    Raises:
        UsageError: if it is one.
    """
    inside = next((source.name for source in sources if folder.holds(source.name)), None)
    around = next((pattern for pattern in patterns if OutputFolder(pattern).holds(folder.place)), None)
    if inside or around:
        raise UsageError(f"{folder.place}: {inside or around} is read from; write the parts elsewhere")


def begun_manifest(folder: OutputFolder, wanted: Manifest, *, resume: bool) -> Manifest | None:
    """What the folder holds already of the prediction that is wanted; None where it holds nothing.

    Raises:
        UsageError: if it holds something else, or anything without `resume`.
        DataError: if its manifest is damaged.
    """
    names = {name for name in folder.names() if not name.startswith(".")}
    if not names:
        return None
    if MANIFEST not in names:
        raise UsageError(f"{folder.place}: holds other files, such as {min(names)}; name a new folder")
    if not resume:
        raise UsageError(f"{folder.place}: holds predictions; --resume goes on with them, or name a new folder")
    begun = folder.read_manifest()
    differences = [name for name, value in wanted.options.items() if begun.options.get(name) != value]
    if begun.run != wanted.run:
        raise UsageError(f"{folder.place}: is of another run; name that one, or a new folder")
    if differences:
        name = differences[0]
        seen, now = begun.options.get(name), wanted.options[name]
        raise UsageError(
            f"{folder.place}: was begun with {name} {seen}, not {now}; give the same, or name a new folder"
        )
    before, now = ([file.source.name for file in manifest.files] for manifest in (begun, wanted))
    if before != now:
        other = next(iter([*(set(before) ^ set(now))] or now))
        raise UsageError(f"{folder.place}: was begun with other files: {other}; name the same ones, or a new folder")
    return begun


def planned(wanted: Manifest, begun: Manifest | None, folder: OutputFolder, section_bytes: int) -> Manifest:
    """The files with their sections: as they were, or cut now.

    Raises:
        UsageError: if a file has changed of which there are parts.
    """
    names = folder.names()
    files = list(wanted.files if begun is None else begun.files)
    for index, (file, source) in enumerate(zip(files, (file.source for file in wanted.files), strict=True)):
        if file.source != source:
            if any(part_name(index, section) in names for section in range(len(file.sections))):
                raise UsageError(f"{folder.place}: {source.name} has changed since; name a new folder")
            files[index] = PlannedFile(source, ())
    new = [index for index, file in enumerate(files) if not file.sections]
    cuts = _cut([files[index].source for index in new], wanted.options["format"], section_bytes)
    for index, sections in zip(new, cuts, strict=True):
        files[index] = PlannedFile(files[index].source, tuple(sections))
    return replace(wanted, files=tuple(files))


def _cut(sources: Sequence[Source], format: str, section_bytes: int) -> list[list[Section]]:
    """The sections of each file; the workers look for them, as whole files are read for it."""
    import ray

    task = ray.remote(num_cpus=1)(sections_of)
    return list(ray.get([task.remote(source, format, section_bytes) for source in sources]))


def units_of(manifest: Manifest) -> Iterator[Unit]:
    """The units of work, in the order of the rows."""
    for index, file in enumerate(manifest.files):
        for number, section in enumerate(file.sections):
            yield Unit(part_name(index, number), file.source.name, section)


def kept_parts(manifest: Manifest, folder: OutputFolder) -> dict[str, int]:
    """Rows of each part that is there and whole."""
    names = folder.names()
    parts = [unit.part for unit in units_of(manifest) if unit.part in names]
    with ThreadPoolExecutor(_FOOTERS_AT_ONCE) as pool:
        return {
            part: rows for part, rows in zip(parts, pool.map(folder.rows_of, parts), strict=True) if rows is not None
        }
