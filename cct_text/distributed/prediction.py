"""Files in, a folder of Parquet parts out, with as many processes as there are; no row is lost, none is there twice.

A unit of work is a section of a file, and becomes one part, whose name it determines. A part is written whole or not at
all, in the place of one of its name. So a unit that is done again, because its worker died or because the whole was
interrupted, replaces its part or finds it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cct_text.artifacts import CONFIG, sha256_of
from cct_text.datasets.files import AUTO, format_of
from cct_text.datasets.sections import SECTION_BYTES, Section
from cct_text.distributed.cluster import cluster
from cct_text.distributed.output import MANIFEST, Manifest, OutputFolder, PlannedFile, part_name
from cct_text.distributed.sources import Source, find_sources
from cct_text.distributed.worker import Answer, Unit, Worker, sections_of
from cct_text.errors import CCTTextError, DataError, ResourceError, UsageError
from cct_text.inference.classifier import TextClassifier, folder_of
from cct_text.inference.exported import EXPORT
from cct_text.inference.ranking import require_top_k

_FOOTERS_AT_ONCE = 16
"""Parts that are looked at, at the same time, to go on."""


@dataclass(frozen=True)
class FilesSummary:
    """What a prediction went through.

    Attributes:
        rows: in all parts, which is rows in all files.
        rows_now: of these, those that were predicted now.
        replaced: of those, rows with bytes that are not UTF-8; each such byte was read as U+FFFD.
        files: that were read.
        parts: in the output folder.
        kept: of these, those that were there.
        workers: that there was work for.
    """

    rows: int
    rows_now: int
    replaced: int
    files: int
    parts: int
    kept: int
    workers: int


def predict_files(
    run: str | Path,
    sources: Sequence[str],
    out: str,
    *,
    workers: int | None = None,
    resume: bool = False,
    format: str = AUTO,
    text_columns: Sequence[str] = (),
    top_k: int = 1,
    probabilities: bool = True,
    precision: str = "auto",
    section_bytes: int = SECTION_BYTES,
    progress: Callable[[int], None] | None = None,
) -> FilesSummary:
    """Classify every row of many files with Ray.

    The parts, `part-FILE-SECTION.parquet`, have the columns `source`, the file, and `row`, the row in it counted from 1;
    then those of `predict_file`. Rows stand in order within a part, and parts when they are sorted by name.

    Where a row of a file is broken, the other files are completed, and nothing of that file is left in the folder.

    Args:
        run: as for `TextClassifier.load`.
        sources: files, folders or globs, as paths or URLs, which all workers can read; see `find_sources`.
        out: a new folder, as a path or URL, which all workers can write to.
        workers: processes, of one core each; as many as the cluster has CPUs when None.
        resume: go on in a folder that holds parts of the same prediction, or begin where it holds nothing.
        format: of the sources; `auto` goes by their endings.
        text_columns: columns that hold the text, joined by a blank; those that the run was trained on when empty.
        top_k: labels for each row.
        probabilities: write the probability beside each label.
        precision: as for `TextClassifier`; `auto` is decided on this machine, for all.
        section_bytes: of a file that become one unit of work, about.
        progress: called with the number of rows done so far.

    Raises:
        DataError: if a source is missing or cannot be read, or a row is broken; the others are done then.
        UsageError: if nothing tells a file's format, or an option cannot be used; if the folder is not empty or, with
            `resume`, holds something else.
        ResourceError: if Ray is not installed or does not work.
    """
    classifier = TextClassifier.load(run, precision=precision)
    require_top_k(top_k, classifier.labels)
    folder = OutputFolder(out)
    found = find_sources(sources)
    _require_apart(found, sources, folder)
    for source in found:
        format_of(source.name, format)
    options = {
        "format": format,
        "text_columns": list(text_columns),
        "top_k": top_k,
        "probabilities": probabilities,
        "precision": classifier.precision,
    }
    wanted = Manifest(_checksum(run), options, tuple(PlannedFile(source, ()) for source in found))
    begun = _begun(folder, wanted, resume=resume)
    with cluster(workers) as number, _ray_errors():
        manifest = _planned(wanted, begun, folder, section_bytes)
        kept = _kept(manifest, folder)
        folder.write(MANIFEST, manifest.to_json().encode())
        units = [unit for unit in _units(manifest) if unit.part not in kept]
        number = min(number, len(units))
        answer = Answer(folder.place, tuple(text_columns), top_k, probabilities)
        rows = sum(kept.values())
        replaced = 0
        broken: dict[str, str] = {}  # part: what is wrong
        if progress is not None:
            progress(rows)
        for facts in _work(units, classifier, answer, number):
            if facts["error"]:
                _raise_unless_data(facts)
                broken[facts["part"]] = facts["error"]
            rows += facts["rows"]
            replaced += facts["replaced"]
            if progress is not None:
                progress(rows)
    folder.tidy()
    if broken:
        raise _without_broken(broken, manifest, folder)
    folder.write(MANIFEST, replace(manifest, rows=rows).to_json().encode())
    return FilesSummary(
        rows, rows - sum(kept.values()), replaced, len(found), len(units) + len(kept), len(kept), number
    )


def _checksum(run: str | Path) -> str:
    """Of the file that holds the checksums of all others of the run."""
    folder = folder_of(run)
    return sha256_of(folder / (EXPORT if (folder / EXPORT).is_file() else CONFIG))


def _require_apart(sources: Sequence[Source], patterns: Sequence[str], folder: OutputFolder) -> None:
    """Refuse an output folder whose parts would be read."""
    inside = next((source.name for source in sources if folder.holds(source.name)), None)
    around = next((pattern for pattern in patterns if OutputFolder(pattern).holds(folder.place)), None)
    if inside or around:
        raise UsageError(f"{folder.place}: {inside or around} is read from; write the parts elsewhere")


def _begun(folder: OutputFolder, wanted: Manifest, *, resume: bool) -> Manifest | None:
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


def _planned(wanted: Manifest, begun: Manifest | None, folder: OutputFolder, section_bytes: int) -> Manifest:
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


def _units(manifest: Manifest) -> Iterator[Unit]:
    for index, file in enumerate(manifest.files):
        for number, section in enumerate(file.sections):
            yield Unit(part_name(index, number), file.source.name, section)


def _kept(manifest: Manifest, folder: OutputFolder) -> dict[str, int]:
    """Rows of each part that is there and whole."""
    names = folder.names()
    parts = [unit.part for unit in _units(manifest) if unit.part in names]
    with ThreadPoolExecutor(_FOOTERS_AT_ONCE) as pool:
        return {
            part: rows for part, rows in zip(parts, pool.map(folder.rows_of, parts), strict=True) if rows is not None
        }


def _work(
    units: Sequence[Unit], classifier: TextClassifier, answer: Answer, workers: int
) -> Iterator[Mapping[str, Any]]:
    """What became of each unit, as they end."""
    if not units:
        return
    from ray.data import ActorPoolStrategy, from_items

    # A block for each unit, so that whoever is free takes the next one; a worker that dies is started again.
    yield from (
        from_items([{"unit": unit.to_json()} for unit in units], override_num_blocks=len(units))
        .map_batches(
            Worker,
            fn_constructor_kwargs={"classifier": classifier, "answer": answer},
            batch_size=1,
            num_cpus=1,
            compute=ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=2),
        )
        .iter_rows()
    )


def _raise_unless_data(facts: Mapping[str, Any]) -> None:
    """What is wrong with a file concerns that file; a full disk or a missing package concerns all."""
    for kind in (UsageError, ResourceError):
        if facts["exit_code"] == kind.exit_code:
            raise kind(facts["error"])


def _without_broken(broken: Mapping[str, str], manifest: Manifest, folder: OutputFolder) -> DataError:
    """Remove what there is of files with broken rows; the error that tells of them."""
    names = folder.names()
    faults = []
    for index, file in enumerate(manifest.files):
        parts = [part_name(index, section) for section in range(len(file.sections))]
        if wrong := [broken[part] for part in parts if part in broken]:
            faults.append(wrong[0])
            folder.remove(part for part in parts if part in names)
    others = len(manifest.files) - len(faults)
    more = f" (and {len(faults) - 1} more files)" if len(faults) > 1 else ""
    return DataError(
        f"{faults[0]}{more}\nthe other files, {others} of {len(manifest.files)}, are done; mend and --resume"
    )


@contextmanager
def _ray_errors() -> Iterator[None]:
    """What goes wrong in Ray as an error of this library."""
    try:
        yield
    except CCTTextError as error:
        # One that was raised by a task is also of a class of Ray's, which tells the traceback of the task.
        raise getattr(error, "cause", error) from None
    except Exception as error:
        if not type(error).__module__.startswith("ray."):
            raise
        told = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise ResourceError(f"Ray: {told[-1].strip()}; --resume goes on with what is there") from error
