"""What a search may choose: for each option some values, or a range of numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cct_text.config import Config
from cct_text.errors import UsageError
from cct_text.model.architecture import resolve_architecture
from cct_text.studies.study import ANY_WIDTH

if TYPE_CHECKING:
    from optuna import Trial

DEFAULT = (
    "model=cct-2/1,cct-2/2,cct-2/4",
    "learning_rate=3e-4..3e-3",
    "embedding_learning_rate=3e-4..1e-2",
    "embedding_dropout=0.1..0.6",
    "word_dropout=0..0.2",
    "label_smoothing=0..0.2",
    "weight_decay=0.01..0.3",
)
"""What is searched when nothing else is asked for, but for what an option gives."""
FIXED = (
    "dataset",
    "label_column",
    "dev",
    "dev_fraction",
    "dev_seed",
    "test",
    "test_fraction",
    "split_seed",
    "seed",
    "keep",
)
"""Options on which it depends what a score means: all trials have the same."""
TENFOLD = 10.0
"""A range whose ends are at least so far apart is searched on the logarithmic scale."""
EXPECTED = "expected KEY=A,B,... or KEY=LOW..HIGH, such as --search learning_rate=3e-4..3e-3"


@dataclass(frozen=True)
class Choices:
    """An option with some values.

    Attributes:
        name: of the option.
        texts: the values as they were written.
        values: the same as the configuration has them.
    """

    name: str
    texts: tuple[str, ...]
    values: tuple[object, ...]

    def __str__(self) -> str:
        return f"{self.name}={','.join(self.texts)}"

    def suggest(self, trial: Trial) -> object:
        """One of the values, as it was written."""
        return trial.suggest_categorical(self.name, self.texts)

    def parameter(self, value: object) -> object:
        """A value of the configuration as `suggest` would give it; None where it is none of these."""
        return self.texts[self.values.index(value)] if value in self.values else None


@dataclass(frozen=True)
class Range:
    """An option with all numbers from one to another.

    Attributes:
        name: of the option.
        low: the smallest.
        high: the largest.
    """

    name: str
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.name}={self.low}..{self.high}"

    @property
    def whole(self) -> bool:
        """Whether the numbers are whole: the option's are."""
        return isinstance(self.low, int)

    @property
    def logarithmic(self) -> bool:
        """Whether a step multiplies: both ends are positive and at least ten times apart."""
        return self.low > 0 and self.high / self.low >= TENFOLD * (1 - 1e-9)

    def suggest(self, trial: Trial) -> object:
        """A number of the range."""
        if self.whole:
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.logarithmic)
        return trial.suggest_float(self.name, self.low, self.high, log=self.logarithmic)

    def parameter(self, value: object) -> object:
        """A value of the configuration as `suggest` would give it; None where it lies outside."""
        return value if isinstance(value, int | float) and self.low <= value <= self.high else None


SearchSpace = tuple[Choices | Range, ...]


def default_search(given: Collection[str], model: str) -> list[str]:
    """`DEFAULT` without the options of these names, and with a model that is to be among those that are tried."""
    models, *others = DEFAULT
    if model not in models.partition("=")[2].split(","):
        models = f"{models},{model}"
    return [item for item in (models, *others) if item.partition("=")[0] not in given]


def search_space(search: Sequence[str], base: Config) -> SearchSpace:
    """Options to search, each with its choices or its range.

    Args:
        search: `KEY=A,B,...` or `KEY=LOW..HIGH` for each option.
        base: all options of a run that searches nothing.

    Raises:
        UsageError: naming everything that is not written so, unknown, there twice, or of no use as a value.
    """
    options: dict[str, Choices | Range] = {}
    faults: list[str] = []
    for item in search:
        try:
            option = _option(item, base)
        except UsageError as error:
            faults.append(str(error))
            continue
        if option.name in options:
            faults.append(f"--search {item}: {option.name} is searched twice; give all its values at once")
        options[option.name] = option
    if faults:
        raise UsageError("; ".join(dict.fromkeys(faults)))
    return tuple(options.values())


def value_of(config: Config, name: str) -> object:
    """The value of an option by its name; whole numbers joined by + where it has several."""
    value = next(vars(section)[name] for section in vars(config).values() if name in vars(section))
    return "+".join(map(str, value)) if isinstance(value, tuple) else value


def plain_name(key: str) -> str:
    """The name of an option without its section."""
    return key.strip().rpartition(".")[2]


def _option(item: str, base: Config) -> Choices | Range:
    key, equals, written = (part.strip() for part in item.partition("="))
    name = plain_name(key)
    low, dots, high = (end.strip() for end in written.partition(".."))
    is_range = bool(low and dots and high) and "," not in written
    texts = [low, high] if is_range else [text.strip() for text in written.split(",")]
    if not equals or not name or not all(texts):
        raise _unusable(item, EXPECTED)
    values = _values(item, key, texts, base)
    if name in FIXED:
        raise _unusable(item, f"what a score means depends on {name}: give it by an option, the same for all trials")
    if is_range:
        return _range(item, name, *values)
    if twice := [text for text, value in zip(texts, values, strict=True) if values.count(value) > 1]:
        raise _unusable(item, f"{twice[0]} stands there twice")
    if len(values) == 1:
        raise _unusable(item, f"one value is nothing to search; {EXPECTED}")
    return Choices(name, tuple(texts), tuple(values))


def _values(item: str, key: str, texts: Sequence[str], base: Config) -> list[object]:
    """The values as the configuration has them."""
    values, faults = [], []
    for text in texts:
        try:
            config = base.with_values({key: text}, source=f"--search {item}")
            values.append(value_of(config, plain_name(key)))
        except UsageError as error:
            faults.append(str(error))
            continue
        try:
            resolve_architecture(config.model, ANY_WIDTH)
        except UsageError as error:
            faults.append(str(_unusable(item, str(error))))
    if faults:
        raise UsageError("; ".join(dict.fromkeys(faults)))
    return values


def _range(item: str, name: str, low: object, high: object) -> Range:
    numbers = [end for end in (low, high) if isinstance(end, int | float) and not isinstance(end, bool)]
    if len(numbers) < 2:
        raise _unusable(item, f"a range is of numbers, and {name} is none; give its values, KEY=A,B,...")
    if not numbers[0] < numbers[1]:
        raise _unusable(item, "LOW must be less than HIGH")
    return Range(name, *numbers)


def _unusable(item: str, why: str) -> UsageError:
    return UsageError(f"--search {item}: {why}")
