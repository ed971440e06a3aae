"""Arrows point down only (docs/architecture.md), and light modules stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "cct_text"

FOUNDATION = {
    "lazy",
    "errors",
    "extras",
    "option_values",
    "markdown",
    "config",
    "download",
    "unpacking",
    "locks",
    "artifacts",
    "figures",
    "atomic_writes",
    "provenance",
    "hub",
}
DATA_IN = {"text", "datasets"}
NETWORK = {"vectors", "model"}

# What each part of the library may import besides itself. A new package gets a line here, or the first test fails.
MAY_IMPORT: dict[str, set[str]] = {
    "lazy": set(),
    "errors": set(),
    "extras": {"errors"},
    "option_values": set(),
    "markdown": set(),
    "config": {"errors", "option_values"},
    "unpacking": {"errors"},
    "atomic_writes": {"errors"},
    "download": {"errors", "config", "atomic_writes"},
    "artifacts": {"errors", "config", "download", "atomic_writes"},
    "figures": {"errors", "artifacts"},
    "locks": {"errors", "artifacts"},
    "provenance": set(),
    "hub": {"errors", "download", "artifacts", "figures", "atomic_writes"},
    "text": FOUNDATION,
    "datasets": FOUNDATION,
    "vectors": FOUNDATION | DATA_IN,
    "model": FOUNDATION | DATA_IN,
    "training": FOUNDATION | DATA_IN | NETWORK,
    "inference": FOUNDATION | DATA_IN | NETWORK,  # not training: a predictor must work where nothing is trained
    "inference.evaluation": FOUNDATION | DATA_IN | NETWORK | {"inference", "training"},  # it measures as training does
    "export": FOUNDATION | DATA_IN | NETWORK | {"inference", "inference.evaluation"},
    "report": FOUNDATION | DATA_IN | NETWORK | {"training", "inference"},
    "serving": FOUNDATION | DATA_IN | NETWORK | {"inference"},  # beside `report`
    "distributed": FOUNDATION | DATA_IN | NETWORK | {"inference"},
    "studies": FOUNDATION | DATA_IN | NETWORK | {"training", "inference", "inference.evaluation", "report"},
    "sharing": FOUNDATION | DATA_IN | NETWORK | {"inference", "report"},
    "sklearn": FOUNDATION | DATA_IN | NETWORK | {"training", "inference"},
    "doctor": FOUNDATION | DATA_IN | NETWORK | {"extras", "inference"},
}
FACADE = "cct_text"  # the package's own __init__.py: names for users, which the library itself does not go through
MAY_IMPORT[FACADE] = {"lazy", "datasets", "vectors", "model", "inference"}
HEAVY = (
    "torch",
    "sklearn",
    "gensim",
    "datasets",
    "accelerate",
    "transformers",
    "onnx",
    "onnxruntime",
    "fastapi",
    "uvicorn",
    "ray",
)


def modules() -> Iterator[tuple[str, Path]]:
    """Dotted name and file of every module of the library."""
    for path in sorted(LIBRARY.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(name: str, path: Path) -> set[str]:
    """Dotted names of all modules that a file imports: at the top, inside functions and for type checking only."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            # `from cct_text import errors` imports a module, `from cct_text.errors import DataError` a name.
            found |= {f"{base}.{alias.name}" if base == FACADE else base for alias in node.names}
    return found


def part(module: str) -> str:
    """The part of the library a module belongs to: `cct_text.model.zoo` -> `model`; a module may be a part itself."""
    names = module.split(".")
    own = ".".join(names[1:3])
    return own if own in MAY_IMPORT else names[1] if len(names) > 1 else FACADE


def breaches(name: str, path: Path) -> list[str]:
    """The imports of a file that MAY_IMPORT does not allow."""
    targets = {part(target) for target in imported(name, path) if target.split(".")[0] == FACADE}
    return [f"{name} imports {target}" for target in sorted(targets - {part(name)} - MAY_IMPORT[part(name)])]


def loaded_after(code: str) -> set[str]:
    """Names of all modules in memory after a fresh interpreter has run `code`."""
    run = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nsys.stdout.write('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split("\n"))


def test_every_part_of_the_library_has_its_place_in_the_order():
    assert {part(name) for name, _ in modules()} - {FACADE} <= set(MAY_IMPORT)


def test_the_order_itself_has_no_cycle():
    placed: set[str] = set()
    waiting = dict(MAY_IMPORT)
    while free := [name for name, needs in waiting.items() if needs <= placed]:
        placed |= {name for name in free if waiting.pop(name) is not None}
    assert waiting == {}


def test_arrows_point_down_only():
    assert [breach for name, path in modules() if name != FACADE for breach in breaches(name, path)] == []


def test_no_module_of_the_library_imports_the_command_line():
    above = {"cli", "cct_text_cli", "typer", "click"}
    found = [(name, target) for name, path in modules() for target in imported(name, path)]
    assert [(name, target) for name, target in found if target.split(".")[0] in above] == []


def test_the_rules_see_every_form_of_import(tmp_path):
    source = (
        "from __future__ import annotations\n"
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from cct_text.training.run import train\n"
        "def late():\n    import cct_text.inference.predictor\n    from cct_text import studies\n"
        "from . import zoo\n"
        "from ..report import html\n"
        "from cct_text.text import Tokenizer\n"
    )
    path = tmp_path / "sample.py"
    path.write_text(source, encoding="utf-8")
    assert breaches("cct_text.model.sample", path) == [
        f"cct_text.model.sample imports {name}" for name in ("inference", "report", "studies", "training")
    ]


LIGHT = ("config", "text", "text.batching", "model.architecture", "datasets")


@pytest.mark.parametrize("module", ["cct_text", *(f"cct_text.{name}" for name in LIGHT)])
def test_importing_a_light_module_loads_no_heavy_package(module):
    assert loaded_after(f"import {module}") & set(HEAVY) == set()


def test_starting_the_command_loads_no_heavy_package():
    assert loaded_after("import cct_text_cli.main") & set(HEAVY) == set()


def test_prediction_does_not_bring_training_into_memory():
    loaded = loaded_after("import cct_text.inference.classifier, cct_text.inference.stream")
    assert "cct_text.model" in loaded
    assert {name for name in loaded if name.startswith("cct_text.training")} == set()
