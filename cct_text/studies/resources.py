"""What runs need that may not be here: word vectors and packages, looked for once before the first of them begins."""

from __future__ import annotations

from collections.abc import Sequence

from cct_text.studies.baselines import BASELINES
from cct_text.studies.workers import Job
from cct_text.vectors.loading import parts_of
from cct_text.vectors.sources import locate

PRETRAINED = ("glove-frozen", "glove-tuned")
"""Embedding modes that need a file of word vectors."""


def require_resources(jobs: Sequence[Job]) -> None:
    """See that the word vectors and packages of some runs are here, or fetch the vectors.

    Raises:
        UsageError: if the name of word vectors has an empty part.
        ResourceError: if vectors are nowhere and cannot be fetched, or the package of a baseline is not installed.
    """
    for name in dict.fromkeys(job.learner for job in jobs if job.learner is not None):
        BASELINES[name].require_installed()
    for spec in dict.fromkeys(job.config.embedding.vectors for job in jobs if _reads_vectors(job)):
        for part in parts_of(spec):
            locate(part)


def _reads_vectors(job: Job) -> bool:
    if job.learner is not None:
        return BASELINES[job.learner].vectors
    return job.config.embedding.embeddings in PRETRAINED
