"""What a study tries: every combination of the values of some options, and baselines beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from cct_text.config import option_name
from cct_text.errors import UsageError, unknown_name
from cct_text.model.architecture import model_size
from cct_text.studies.baselines import BASELINES

EMBEDDINGS = "embeddings=learned,glove-frozen,glove-tuned,corpus"
"""What is varied when nothing else is asked for."""
FIXED = {"seed", "dataset"}
"""Options that a study sets itself."""
OF_THE_TEST_ROWS = {"test", "test_fraction", "data_dir", "label_column", "text_columns"}
"""Options that change the test rows or their labels, on which all conditions are compared."""
FAMILIES = ("transformer", "vit-lite", "cvt")
"""The model's relatives that stand beside it as baselines, with as many layers and the same kernel."""
BASELINE_NAMES = (*BASELINES, *FAMILIES)
SILENT = re.compile(r"[-+.\d]+(e[-+]?\d+)?|true|false|none")
"""Values of which one cannot tell what they are of."""


@dataclass(frozen=True)
class Condition:
    """One thing that is tried.

    Attributes:
        values: options, as they were written.
        learner: name of what learns in the network's place, one of `BASELINES`; None for the network.
        baseline: whether it stands beside what is compared: it is itself compared with the best of that only.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    learner: str | None = None
    baseline: bool = False

    @property
    def name(self) -> str:
        """The values, with their options where they say nothing alone: `glove-frozen, cct-2/1, dropout=0.1`."""
        values = [f"{key}={value}" if SILENT.fullmatch(value) else value for key, value in self.values.items()]
        return ", ".join([*([self.learner] if self.learner else []), *values])

    @property
    def folder(self) -> str:
        """A name for a folder: `embeddings=glove-frozen,model=cct-2_1`."""
        parts = {**({"baseline": self.learner} if self.learner else {}), **self.values}
        return ",".join(f"{key}={re.sub('[^A-Za-z0-9.+-]', '_', value)}" for key, value in parts.items())


def grid(vary: Sequence[str]) -> list[Condition]:
    """All combinations; the last option changes fastest.

    Args:
        vary: `KEY=A,B,...` for each option.

    Raises:
        UsageError: if one is not written so, an option is unknown or comes twice, or one may not vary.
    """
    options: dict[str, list[str]] = {}
    for item in vary:
        key, equals, listed = item.partition("=")
        values = [value.strip() for value in listed.split(",")]
        if not equals or not key.strip() or not all(values):
            raise UsageError(f"--vary {item}: expected KEY=A,B,..., such as --vary embeddings=learned,glove-frozen")
        try:
            key = option_name(key.strip())
        except UsageError as error:
            raise UsageError(f"--vary {item}: {error}") from None
        if key in options:
            raise UsageError(f"--vary {item}: {key} is varied twice; give all its values at once")
        if key in FIXED:
            raise UsageError(f"--vary {item}: {key} is set by the study (the command's argument, or --seeds)")
        if key in OF_THE_TEST_ROWS:
            raise UsageError(f"--vary {item}: conditions are compared on the same test rows; set {key} for all of them")
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise UsageError(f"--vary {item}: {twice[0]} stands there twice")
        options[key] = values
    conditions = [Condition(dict(zip(options, values, strict=True))) for values in product(*options.values())]
    if twice := [one.folder for one in conditions if sum(one.folder == other.folder for other in conditions) > 1]:
        raise UsageError(f"--vary: two combinations would share the folder {twice[0]}; rename the files they name")
    return conditions


def model_beside(conditions: Sequence[Condition], model: str) -> str:
    """The model whose relatives stand beside some conditions.

    It is the one that they vary, where all have as many layers and the same kernel; otherwise `model`.
    """
    varied = [condition.values["model"] for condition in conditions if "model" in condition.values]
    return varied[0] if len({model_size(one) for one in varied}) == 1 else model


def baselines(names: Sequence[str], model: str) -> list[Condition]:
    """Baselines by name, each once.

    Args:
        names: of `BASELINE_NAMES`.
        model: the name of the model that they stand beside, such as `cct-2/1`.

    Raises:
        UsageError: if there is no such baseline.
    """
    found = []
    for name in dict.fromkeys(names):
        if name in BASELINES:
            found.append(Condition(learner=name, baseline=True))
        elif name in FAMILIES:
            found.append(Condition({"model": _relative(model, name)}, baseline=True))
        else:
            raise UsageError(unknown_name("baseline", name, BASELINE_NAMES))
    return found


def _relative(model: str, family: str) -> str:
    """The model of another family with as many layers and the same kernels: `cvt-4/2` of `cct-4/2`."""
    layers, kernels = model_size(model)
    return f"{family}-{layers}" if family == "transformer" else f"{family}-{layers}/{kernels}"
