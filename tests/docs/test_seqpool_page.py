"""The snippets of docs/seqpool.md run as they stand."""

import re
from pathlib import Path

import pytest
import torch

PAGE = (Path(__file__).parents[2] / "docs" / "seqpool.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_there_are_three():
    assert len(SNIPPETS) == 3


@pytest.mark.parametrize(("snippet", "shape"), list(zip(SNIPPETS, [(2, 384), (3, 512), (4, 7)], strict=False)))
def test_a_snippet_gives_what_its_comment_says(snippet, shape):
    names = {}
    exec(snippet, names)
    assert names["pooled"].shape == shape
    if "weights" in names:
        assert torch.allclose(names["weights"].sum(dim=1), torch.ones(shape[0]))
