import pytest

from cct_text.config import DataConfig
from cct_text.datasets import load_dataset


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A cache of the test's own, and no data lying around but what it makes or names."""
    path = tmp_path / "home"
    monkeypatch.setenv("CCT_TEXT_HOME", str(path))
    monkeypatch.delenv("CCT_TEXT_DATA", raising=False)
    return path


@pytest.fixture
def load():
    """`load_dataset` with options as keywords."""

    def load(name, **options):
        paths = {key: str(value) if key in ("data_dir", "dev", "test") else value for key, value in options.items()}
        return load_dataset(DataConfig(dataset=str(name), **paths))

    return load
