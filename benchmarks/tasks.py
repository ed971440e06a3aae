"""The data sets and models that speed is measured on, and trained runs of them, made once and kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clock import command
from cct_text.artifacts import RunFolder
from cct_text.config import Config
from cct_text.figures import has_figures
from cct_text.training.recipes import resolve_config

VECTORS = "glove.6B.50d+glove.6B.100d"


@dataclass(frozen=True)
class Settings:
    """How much is measured.

    Attributes:
        rounds: turns of each side.
        quick: few rows and short training: to see that everything works. The figures say nothing.
        runs: folder of the trained runs.
    """

    rounds: int
    quick: bool
    runs: Path

    def at_most(self, number: int, quick: int) -> int:
        """A number of rows or steps, or the few of a quick trial."""
        return min(number, quick) if self.quick else number


@dataclass(frozen=True)
class Task:
    """A data set and a model, plainer than the recipe's: what the reference can do, too.

    Attributes:
        dataset: registered name.
        model: of the cct family.
        length: words to which the reference pads and cuts.
        max_words: words that the product reads; those of the recipe where None.
    """

    dataset: str
    model: str
    length: int = 64
    max_words: int | None = None

    def arguments(self, **options: object) -> tuple[str, ...]:
        """Of `cct-text train`, with the data set's recipe."""
        pairs = (f"{name}={value}" for name, value in self._values(**options).items())
        return (self.dataset, *(part for pair in pairs for part in ("--set", pair)))

    def config(self, **options: object) -> Config:
        """The options of such a run."""
        return resolve_config(self.dataset, values=self._values(**options))

    def _values(self, **options: object) -> dict[str, object]:
        plain = {"embeddings": "glove-tuned", "vectors": VECTORS, "fine_labels": "false", "long": "head"}
        plain |= {"max_pool": "", "keep": "accuracy", "bigram_min_count": 0}
        values = {"model": self.model, "max_words": self.max_words, **plain, **options}
        return {name: value for name, value in values.items() if value is not None}

    def run(self, settings: Settings) -> Path:
        """A trained run of the task; trained now if there is none with these options. One epoch of TREC for a trial."""
        task, options = (TREC, {"epochs": 1}) if settings.quick else (self, {})
        folder = RunFolder(settings.runs / (f"{task.dataset}-quick" if settings.quick else task.dataset))
        if not has_figures(folder) or folder.read_config() != task.config(**options):
            command("train", *task.arguments(**options), "--out", str(folder.path), "--overwrite")
        return folder.path


TREC = Task("trec", "cct-2/2")
SST3 = Task("sst3", "cct-2/1")
AG_NEWS = Task("ag_news", "cct-2/2")
IMDB = Task("imdb", "cct-2/2", length=512, max_words=512)


def write_lines(path: Path, texts: Iterable[str]) -> None:
    """A text on each line; white space within a text becomes single blanks."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(" ".join(text.split()) + "\n" for text in texts)
