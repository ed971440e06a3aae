"""Which study a folder holds, so that the answer of another one does not replace its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from cct_text.artifacts import RunFolder
from cct_text.errors import DataError, UsageError

STUDY = "study.json"


@dataclass(frozen=True)
class StudyRecord:
    """What makes a study the same one; it may grow by conditions, and have more seeds and other baselines.

    Attributes:
        kind: of study, by the command that makes it.
        dataset: as it was named.
        conditions: names of what is compared, without baselines.
    """

    kind: str
    dataset: str
    conditions: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {self.dataset} of {'; '.join(self.conditions)}"

    def require_same(self, folder: Path) -> None:
        """See that a folder holds no study, or this one with all or some of its conditions.

        Raises:
            UsageError: if it holds another one.
            DataError: if its `study.json` is damaged.
        """
        if not (folder / STUDY).exists():
            return
        kept = _read(folder)
        same = (kept.kind, kept.dataset) == (self.kind, self.dataset)
        if not same or not set(kept.conditions) <= set(self.conditions):
            raise UsageError(
                f"{folder}: holds another study ({kept}), not {self}; choose another --out for this one, "
                "or name what it holds as well to add to it"
            )

    def write(self, folder: Path) -> None:
        """Write `study.json` into a folder.

        Raises:
            UsageError: if it cannot be written to.
        """
        RunFolder(folder).write_json(STUDY, asdict(self))


def _read(folder: Path) -> StudyRecord:
    found = RunFolder(folder).read_json(STUDY)
    try:
        return StudyRecord(str(found["kind"]), str(found["dataset"]), tuple(map(str, found["conditions"])))
    except (KeyError, TypeError):
        raise DataError("damaged; remove it to go on in this folder", path=folder / STUDY) from None
