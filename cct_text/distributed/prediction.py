"""Files in, a folder of Parquet parts out, with as many processes as there are; no row is lost, none is there twice.

A unit of work is a section of a file, and becomes one part, whose name it determines. A part is written whole or not at
all, in the place of one of its name. So a unit that is done again, because its worker died or because the whole was
interrupted, replaces its part or finds it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cct_text.artifacts import CONFIG, EXPORT, sha256_of
from cct_text.datasets.files import AUTO, format_of
from cct_text.datasets.sections import SECTION_BYTES
from cct_text.distributed.cluster import cluster
from cct_text.distributed.output import MANIFEST, Manifest, OutputFolder, PlannedFile, part_name
from cct_text.distributed.planning import begun_manifest, kept_parts, planned, require_apart, units_of
from cct_text.distributed.sources import find_sources
from cct_text.distributed.worker import Answer, Unit, Worker
from cct_text.errors import CCTTextError, DataError, ResourceError, UsageError
from cct_text.inference.classifier import TextClassifier, folder_of
from cct_text.inference.ranking import require_top_k


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
    run_folder = folder_of(run)
    classifier = TextClassifier.load(run_folder, precision=precision)
    require_top_k(top_k, classifier.labels)
    folder = OutputFolder(out)
    found = find_sources(sources)
    require_apart(found, sources, folder)
    for source in found:
        format_of(source.name, format)
    options = {
        "format": format,
        "text_columns": list(text_columns),
        "top_k": top_k,
        "probabilities": probabilities,
        "precision": classifier.precision,
    }
    wanted = Manifest(_checksum(run_folder), options, tuple(PlannedFile(source, ()) for source in found))
    begun = begun_manifest(folder, wanted, resume=resume)
    with cluster(workers) as number, _ray_errors():
        manifest = planned(wanted, begun, folder, section_bytes)
        kept = kept_parts(manifest, folder)
        rows = dict(kept)
        folder.write(MANIFEST, manifest.to_json().encode())
        units = [unit for unit in units_of(manifest) if unit.part not in kept]
        number = min(number, len(units))
        answer = Answer(folder.place, tuple(text_columns), top_k, probabilities, classifier.task)
        replaced: dict[str, int] = {}
        broken: dict[str, str] = {}  # what is wrong
        for facts in _work(units, classifier, answer, number):
            part = facts["part"]
            if facts["error"]:
                _raise_unless_data(facts)
                broken[part] = facts["error"]
            else:
                # By part: one that was done twice, by a worker that died and by its successor, is there once.
                rows[part] = facts["rows"]
                replaced[part] = facts["replaced"]
            if progress is not None:
                progress(sum(rows.values()))
    folder.tidy()
    if broken:
        raise _without_broken(broken, manifest, folder)
    if missing := {unit.part for unit in units} - folder.names():
        raise ResourceError(
            f"{folder.place}: {len(missing)} parts are missing, such as {min(missing)}; --resume makes them"
        )
    total = sum(rows.values())
    folder.write(MANIFEST, replace(manifest, rows=total).to_json().encode())
    return FilesSummary(
        rows=total,
        rows_now=total - sum(kept.values()),
        replaced=sum(replaced.values()),
        files=len(found),
        parts=len(rows),
        kept=len(kept),
        workers=number,
    )


def _checksum(folder: Path) -> str:
    """Of the file that holds the checksums of all others of a run."""
    return sha256_of(folder / (EXPORT if (folder / EXPORT).is_file() else CONFIG))


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
    more = f" (and {len(faults) - 1} other broken)" if len(faults) > 1 else ""
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
