"""docs/reliability.md says what the kept figures say, and every promise has its test and its soak."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import reliability
from benchmarks.soak import SOAKS

TESTS = Path(__file__).parents[1]


def test_the_page_has_the_figures_of_the_result_files():
    assert reliability.page() == reliability.PAGE.read_text(encoding="utf-8"), "run python -m benchmarks.reliability"


@pytest.mark.parametrize("soak", SOAKS, ids=lambda soak: soak.name)
def test_a_promise_has_a_test_and_a_soak(soak):
    file, _, name = soak.test.partition("::")
    functions = ast.parse((TESTS / file).read_text(encoding="utf-8")).body
    assert name in [node.name for node in functions if isinstance(node, ast.FunctionDef)]
    assert find_spec(f"benchmarks.soak.{soak.name.replace('-', '_')}") is not None


def test_no_figures_are_kept_of_what_is_no_longer_promised():
    assert {path.stem for path in reliability.RESULTS.glob("*.json")} <= {soak.name for soak in SOAKS}
