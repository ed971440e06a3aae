"""A trained classifier behind a real server."""

import pytest

from cct_text.datasets import load_dataset
from cct_text.inference.classifier import TextClassifier
from cct_text.serving.app import create_app
from tests.support.running_server import running


@pytest.fixture(scope="session")
def classifier(questions_run):
    return TextClassifier.load(questions_run, precision="fp32")


@pytest.fixture(scope="session")
def texts():
    """120 real questions."""
    return load_dataset("questions").test.texts.to_pylist()


@pytest.fixture(scope="session")
def url(classifier):
    """A server with the default limits, which all tests share."""
    with running(create_app(classifier)) as url:
        yield url
