"""What people use in a compact transformer's place, trained on the same rows and measured the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from cct_text.extras import EXTRAS


@dataclass(frozen=True)
class Baseline:
    """A learner.

    Attributes:
        name: as users name it.
        seeded: whether its result depends on the seed.
        package: that it needs beyond the library's own; None for none.
        extra: of cct-text that installs the package.
        vectors: whether it reads pre-trained word vectors.
    """

    name: str
    seeded: bool = False
    package: str | None = None
    extra: str | None = None
    vectors: bool = False

    @property
    def installed(self) -> bool:
        """Whether the package that it needs is there."""
        return self.package is None or find_spec(self.package) is not None

    def require_installed(self) -> None:
        """See that the package is there.

        Raises:
            ResourceError: if it is not.
        """
        if self.package is not None and self.extra is not None:
            EXTRAS[self.extra].require(self.package)


BASELINES: Mapping[str, Baseline] = {
    baseline.name: baseline
    for baseline in (
        Baseline("majority"),
        Baseline("tfidf-lr"),
        Baseline("nb-svm"),
        Baseline("fasttext", seeded=True, package="fasttext", extra="baselines"),
        Baseline("glove-mean-lr", vectors=True),
        Baseline("kim-cnn-static", seeded=True, vectors=True),
        Baseline("kim-cnn-tuned", seeded=True, vectors=True),
    )
}
"""The baselines by name, the simplest first."""
