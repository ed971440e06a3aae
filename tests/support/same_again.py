"""The same trainings by different numbers of workers, and what differs between them."""

from cct_text.artifacts import PREDICTIONS, WEIGHTS, RunFolder, sha256_of
from cct_text.figures import read_figures
from cct_text.studies.workers import Job, train_all
from cct_text.training.recipes import resolve_config

TIMED = ("seconds", "examples_per_second")
"""Of a run's figures, those that are another each time."""


def differences(folder, kinds, workers, seeds):
    """Train each kind with each seed by each number of workers: the runs, and the names of those that are not alike."""
    jobs = {
        (kind, seed): resolve_config("questions", values={**values, "seed": seed})
        for kind, values in kinds.items()
        for seed in range(seeds)
    }
    found = {key: [] for key in jobs}
    for number, count in enumerate(workers):
        folders = {key: folder / f"{number}-{row}" for row, key in enumerate(jobs)}
        for outcome in train_all([Job(jobs[key], folders[key]) for key in jobs], workers=count):
            assert outcome.error is None, outcome.error
        for key, path in folders.items():
            found[key].append(_said(RunFolder(path)))
    unlike = [f"{kind}, seed {seed}" for (kind, seed), said in found.items() if any(one != said[0] for one in said)]
    return len(jobs) * len(workers), unlike


def _said(run):
    """All that a run left, but its times."""
    metrics = {name: value for name, value in read_figures(run).items() if name not in TIMED}
    history = [{**record, "seconds": None} for record in run.read_history()]
    return metrics, history, sha256_of(run.file(WEIGHTS)), sha256_of(run.file(PREDICTIONS))
