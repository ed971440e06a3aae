"""No source file does what could run a file's content: read from the syntax tree, so that no wording escapes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for top in ("cct_text", "cli", "data") for path in sorted((ROOT / top).rglob("*.py"))]

PICKLES = {"pickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
"""Modules that run what a file asks for."""
RESTRICTED = "cct_text/vectors/keyed_vectors.py"
"""The one file that subclasses `pickle.Unpickler`, to replace all that a pickle asks for by what only holds data."""

RUNS_CODE = {"eval", "exec", "compile", "__import__"}
"""Built-in functions that take code."""
NEVER = {"read_pickle", "extractall", "unsafe_load", "full_load", "from_pickle", "load_objects"}
"""Methods with these names, of whatever object, are called nowhere."""
NEEDS = {
    ("torch", "load"): ("weights_only", True),
    ("np", "load"): ("allow_pickle", False),
    ("numpy", "load"): ("allow_pickle", False),
    ("AutoModel", "from_pretrained"): ("use_safetensors", True),
}
"""What a call must say."""
REFUSED = {"allow_pickle": True, "shell": True, "trust_remote_code": True, "weights_only": False}
"""What no call may say."""


def faults(source: str, name: str = "module.py") -> list[str]:
    """What stands in a source that must not, each with its line."""
    return [f"{name}:{node.lineno}: {what}" for node in ast.walk(ast.parse(source)) for what in _faults_of(node, name)]


def _faults_of(node: ast.AST, name: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (f"imports {one.name}" for one in node.names if one.name in PICKLES and name != RESTRICTED)
    elif isinstance(node, ast.ImportFrom):
        if node.module in PICKLES:
            yield f"imports from {node.module}"
        if (node.module, "load") in NEEDS and any(one.name == "load" for one in node.names):
            yield f"imports {node.module}.load by its bare name, where no rule sees it"
    elif isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else None
        if owner == "pickle" and node.attr not in ("Unpickler", "UnpicklingError"):
            yield f"pickle.{node.attr}"
        if owner == "yaml" and node.attr in ("load", "load_all"):
            yield f"yaml.{node.attr}"
        if node.attr in NEVER:
            yield f".{node.attr}"
    elif isinstance(node, ast.Call):
        yield from _faults_of_call(node)


def _faults_of_call(node: ast.Call) -> Iterator[str]:
    if isinstance(node.func, ast.Name) and node.func.id in RUNS_CODE:
        yield f"{node.func.id}("
    said = {one.arg: one.value.value for one in node.keywords if isinstance(one.value, ast.Constant)}
    yield from (f"{option}={value}" for option, value in REFUSED.items() if said.get(option) is value)
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        called = (node.func.value.id, node.func.attr)
        option, wanted = NEEDS.get(called, ("", None))
        if said.get(option) is not wanted:
            yield f"{'.'.join(called)} without {option}={wanted}"


def test_no_source_runs_what_a_file_holds():
    assert len(SOURCES) > 150
    found = []
    for path in SOURCES:
        name = path.relative_to(ROOT).as_posix()
        found += faults(path.read_text(encoding="utf-8"), name)
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import joblib",
        "from pickle import loads",
        "from torch import load",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, weights_only=safe)",
        "torch.load(path, **options)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.savez(path, allow_pickle=True)",
        "eval(text)",
        "exec(text)",
        "__import__(name)",
        "yaml.load(text, Loader)",
        "pd.read_pickle(path)",
        "archive.extractall(folder)",
        "subprocess.run(command, shell=True)",
        "AutoModel.from_pretrained(folder)",
        "AutoTokenizer.from_pretrained(folder, trust_remote_code=True)",
        "load_dataset(path, trust_remote_code=True)",
    ],
)
def test_every_rule_sees_what_it_forbids(source):
    assert faults(source)


@pytest.mark.parametrize("source", ["pickle.loads(data)", "pickle.load(stream)", "read = pickle.loads"])
def test_the_one_file_that_knows_pickle_may_not_load_with_it(source):
    assert faults(f"import pickle\n{source}", RESTRICTED)


def test_what_is_safe_is_no_fault():
    safe = "re.compile(x)\nnetwork.eval()\nyaml.safe_load(x)\njson.load(file)\nnp.load(x, allow_pickle=False)\n"
    assert faults(safe + "torch.load(x, weights_only=True, map_location='cpu')\nmodel.load(path)\n") == []
