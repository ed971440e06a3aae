"""What is to be tuned: which options are searched, how trials are scored, and the recipe that comes of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cct_text.config import Config
from cct_text.errors import UsageError, unknown_name
from cct_text.extras import EXTRAS
from cct_text.model.architecture import resolve_architecture
from cct_text.studies.search_space import SearchSpace, default_search, plain_name, search_space
from cct_text.studies.study import ANY_WIDTH
from cct_text.training.recipes import resolve_config

METRICS = ("accuracy", "macro_f1", "loss")
"""Figures on dev that may score a trial."""


@dataclass(frozen=True)
class Tuning:
    """A search for better options.

    Attributes:
        dataset: as it was named.
        base: all options of the first trial, which is the recipe as it is.
        given: names of the options that were given one by one.
        space: what is searched.
        trials: to finish.
        splits: K, on which each trial is scored.
        metric: one of `METRICS`.
        out: folder of the study.
    """

    dataset: str
    base: Config
    given: frozenset[str]
    space: SearchSpace
    trials: int
    splits: int
    metric: str
    out: Path

    @property
    def upwards(self) -> bool:
        """Whether a larger score is a better one."""
        return self.metric != "loss"

    def options(self, config: Config) -> dict[str, dict[str, Any]]:
        """What makes the data set's recipe to `config`, as sections of a TOML document.

        These are the options that were searched or given one by one, and those in which the two differ. An option that
        the recipe sets and `config` does not is the empty text, which takes it back.
        """
        plain = resolve_config(self.dataset)
        named = self.given | {option.name for option in self.space}
        document: dict[str, dict[str, Any]] = {}
        for section, options in vars(config).items():
            for name, value in vars(options).items():
                wanted = name in named and value is not None
                if name != "dataset" and (wanted or value != getattr(getattr(plain, section), name)):
                    written = list(value) if isinstance(value, tuple) else "" if value is None else value
                    document.setdefault(section, {})[name] = written
        return document


def plan_tuning(
    dataset: str,
    *,
    out: str | Path,
    search: Sequence[str] = (),
    trials: int = 30,
    splits: int = 3,
    metric: str = METRICS[0],
    config_file: str | Path | None = None,
    values: Mapping[str, object] | None = None,
) -> Tuning:
    """A search whose options are all known and allowed.

    Args:
        dataset: registered name, file, or hub name.
        out: folder of the study.
        search: `KEY=A,B,...` or `KEY=LOW..HIGH` for each option to search; the usual ones when empty.
        trials: how many, the recipe as it is among them.
        splits: dev splits, or seeds, on which each is scored.
        metric: figure on dev that scores, one of `METRICS`.
        config_file: TOML file with options of all trials.
        values: options of all trials.

    Raises:
        UsageError: if an option is unknown or its value cannot be used; all faults of `search` are told at once.
        ResourceError: if optuna is not installed.
    """
    EXTRAS["search"].require()
    for flag, number in {"--trials": trials, "--splits": splits}.items():
        if number < 1:
            raise UsageError(f"{flag} {number}: expected at least 1")
    if metric not in METRICS:
        raise UsageError(f"--metric: {unknown_name('metric', metric, METRICS)}")
    base = resolve_config(dataset, config_file=config_file, values=values)
    resolve_architecture(base.model, ANY_WIDTH)
    given = frozenset(map(plain_name, values or {}))
    space = search_space(search or default_search(given, base.model.model), base)
    if twice := [option.name for option in space if option.name in given]:
        raise UsageError(f"--search {twice[0]}: {twice[0]} is given by an option as well; leave one out")
    if not space:
        raise UsageError(
            "nothing is left to search: all that is searched by default is given; name options by --search"
        )
    return Tuning(dataset, base, given, space, trials, splits, metric, Path(out))


def without_test_file(config: Config) -> Config:
    """The same rows of train and dev with no file of the test split, so that nobody reads it."""
    if config.data.test is None:
        return config
    # A share of train is cut off for test where there is no file alone.
    return config.with_values({"test": None, "test_fraction": 0.0}, source="splits")


def on_split(config: Config, split: int, *, dev_is_cut: bool) -> Config:
    """The options of a run on one of several splits, counted from 0; without a file of the test split.

    Args:
        config: of the first one.
        split: which of them.
        dev_is_cut: whether dev is cut from train, each time anew; otherwise the seed alone changes.
    """
    data = config.data
    values: dict[str, object] = {"seed": config.training.seed + split}
    if dev_is_cut:
        values["dev_seed"] = (data.split_seed if data.dev_seed is None else data.dev_seed) + split
    return without_test_file(config).with_values(values, source="splits")
