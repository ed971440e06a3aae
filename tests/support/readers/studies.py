"""Readers of what stands in the folder of a study."""

from __future__ import annotations

from pathlib import Path

from cct_text.studies.study_record import STUDY, StudyRecord
from tests.support.hostile_bytes import Seed
from tests.support.hostile_trials import Reader


def record(folder: Path) -> Reader:
    """Which study it holds."""
    kept = StudyRecord("compare", "questions", ("pooling=mean", "pooling=max"))
    kept.write(folder)

    def read(content: bytes) -> None:
        (folder / STUDY).write_bytes(content)
        kept.require_same(folder)

    return Reader([Seed((folder / STUDY).read_bytes())], read)


def journal(folder: Path) -> Reader:
    """The trials of a search."""
    from cct_text.studies.trial_log import JOURNAL, TrialLog
    from cct_text.studies.trials import SplitScore
    from cct_text.studies.tuning_plan import plan_tuning

    tuning = plan_tuning("questions", out=folder, search=["learning_rate=1e-4..1e-2", "pooling=mean,max"], trials=4)
    log = TrialLog(tuning, "0" * 64)
    for score in (0.5, 0.75):
        trial = log.ask()
        while trial.state == "running":
            trial = log.record(SplitScore(trial.number, score, 1.0, None))
    path = folder / JOURNAL

    def read(content: bytes) -> None:
        path.write_bytes(content)
        log = TrialLog(tuning, "0" * 64)
        log.trials()
        log.ask()

    return Reader([Seed(path.read_bytes())], read, cost=4)
