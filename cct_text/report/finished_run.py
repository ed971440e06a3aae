"""A finished run as its folder tells of it, and what a page about it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cct_text.artifacts import BESIDE, PREDICTIONS, RunFolder
from cct_text.datasets.label_sets import label_array
from cct_text.errors import DataError
from cct_text.figures import has_figures, read_figures
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.explanation import pieces
from cct_text.report.page import ShadedText
from cct_text.training.results import right_rows

MOST_WORDS = 80
"""Of a text that is shown."""


@dataclass(frozen=True)
class FinishedRun:
    """A finished run, as its folder tells of it.

    Attributes:
        path: the folder.
        metrics: content of `metrics.json`.
        history: an entry an epoch.
        rows: text, label, prediction and probability of the rows of `split`.
        classifier: what was trained.
        beside: content of `metrics.json` of each baseline that was trained on the same rows.
    """

    path: Path
    metrics: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]
    rows: pa.Table | None
    classifier: TextClassifier
    beside: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def read(cls, path: str | Path) -> FinishedRun:
        """Read a run folder.

        Raises:
            DataError: if it holds no finished run, or a file of it is missing or damaged.
        """
        folder = RunFolder(path)
        classifier = TextClassifier.load(folder.path)
        metrics = read_figures(folder)
        rows = folder.file(PREDICTIONS)
        try:
            table = pq.read_table(rows) if rows.exists() else None
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"cannot read: {error}; train again", path=rows) from None
        found = (RunFolder(path) for path in sorted(folder.file(BESIDE).glob("*")))
        baselines = (read_figures(one) for one in found if has_figures(one))
        beside = [one for one in baselines if one.get("data_sha256") == metrics.get("data_sha256")]
        return cls(folder.path, metrics, folder.read_history(), table, classifier, beside)

    @property
    def split(self) -> str | None:
        """The split that the page is about: test, else dev, else none."""
        return next((name for name in ("test", "dev") if self.metrics[name] is not None), None)

    @cached_property
    def right(self) -> np.ndarray:
        """(N,) bool, which rows are right."""
        assert self.rows is not None
        return right_rows(self.rows)

    @property
    def several(self) -> bool:
        """Whether a text may have several labels, or none."""
        return self.classifier.task.several

    @cached_property
    def logits(self) -> np.ndarray:
        """(N, C) of the rows, computed anew."""
        assert self.rows is not None
        return self.classifier.predict_logits(self.rows["text"])

    @cached_property
    def probabilities(self) -> np.ndarray:
        """(N, C) of the rows."""
        return self.classifier.task.probabilities(self.logits)

    @cached_property
    def has(self) -> np.ndarray:
        """(N, C) bool, which labels each row has, where it may have several."""
        assert self.rows is not None
        return label_array(self.rows["label"].to_pylist(), self.classifier.labels, several=True)

    @cached_property
    def lengths(self) -> np.ndarray:
        """(N,) words of each row, those beyond what is read included."""
        assert self.rows is not None
        return self.classifier.model.tokenizer.encode(self.rows["text"]).lengths

    @property
    def about_calibration(self) -> str:
        """How far probabilities are from what they say, and how far true ones would seem to be, as the end of a sentence."""
        assert self.split is not None
        ece, chance = (100 * self.metrics[self.split][name] for name in ("ece", "ece_by_chance"))
        return (
            f"{ece:.1f} points apart on average (expected calibration error; if each probability were true, chance would make "
            f"it {chance:.1f})"
        )

    @property
    def about_temperature(self) -> str:
        """What the probabilities owe to dev, as a sentence."""
        if self.metrics["dev"] is None:
            return "There is no dev split that a temperature could be fitted to."
        return f"The temperature, fitted to dev, is {self.metrics['temperature']:.2f}."

    def shaded(self, heading: str, text: str) -> ShadedText:
        """A text below a heading, its words by how much the pooling looked at them."""
        return ShadedText(heading, pieces(text, self.classifier.explain(text), most_words=MOST_WORDS))
