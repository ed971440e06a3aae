"""The snippet of docs/scikit-learn.md runs as it stands, and says what its comments say."""

import re
from pathlib import Path

from cct_text.inference.classifier import TextClassifier

PAGE = (Path(__file__).parents[2] / "docs" / "scikit-learn.md").read_text(encoding="utf-8")


def test_the_snippet_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {}
    exec(snippet, names)
    classifier, question = names["classifier"], ["Who wrote the Iliad ?"]
    assert classifier.predict(question).tolist() == ["HUM"]
    assert classifier.predict_proba(question).shape == (1, 6)
    assert TextClassifier.load("runs/estimator").predict(question) == ["HUM"]
