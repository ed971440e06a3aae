"""What people use in a compact transformer's place, trained on the same rows and measured the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from cct_text.errors import UsageError
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
        multi_label: whether it can give a text several labels, or none.
    """

    name: str
    seeded: bool = False
    package: str | None = None
    extra: str | None = None
    vectors: bool = False
    multi_label: bool = False

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

    def require_task(self, *, several: bool) -> None:
        """See that it can give a text several labels, where it may have several.

        Raises:
            UsageError: if it cannot.
        """
        if several and not self.multi_label:
            able = ", ".join(name for name, baseline in BASELINES.items() if baseline.multi_label)
            raise UsageError(
                f"baseline {self.name} gives a text one label, and multi_label = true; name others by --baseline: {able}"
            )


BASELINES: Mapping[str, Baseline] = {
    baseline.name: baseline
    for baseline in (
        Baseline("majority"),
        Baseline("tfidf-lr", multi_label=True),
        Baseline("nb-svm"),
        Baseline("fasttext", seeded=True, package="fasttext", extra="baselines"),
        Baseline("glove-mean-lr", vectors=True, multi_label=True),
        Baseline("kim-cnn-static", seeded=True, vectors=True, multi_label=True),
        Baseline("kim-cnn-tuned", seeded=True, vectors=True, multi_label=True),
    )
}
"""The baselines by name, the simplest first."""
