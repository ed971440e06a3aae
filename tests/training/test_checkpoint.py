import pytest
import torch

from cct_text.artifacts import RunFolder
from cct_text.config import Config
from cct_text.training import checkpoint
from cct_text.training.checkpoint import Checkpoint, has_checkpoint, load_checkpoint


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


@pytest.fixture
def keeper(folder):
    folder.require_writable()
    return Checkpoint(folder, Config(), seconds=1000.0)


def test_a_state_is_written_once(keeper, folder):
    keeper.keep({"epoch": 1})
    assert not has_checkpoint(folder)
    keeper.write()
    assert load_checkpoint(folder, Config())["epoch"] == 1
    folder.file(checkpoint.CHECKPOINT).unlink()
    keeper.write()
    assert not has_checkpoint(folder)


def test_an_interrupt_while_a_state_is_taken_leaves_the_one_before(keeper, folder, monkeypatch):
    def half(state, file):
        file.write(b"PK")
        raise KeyboardInterrupt

    keeper.keep({"epoch": 1})
    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(KeyboardInterrupt):
        keeper.keep({"epoch": 2})
    keeper.write()
    assert load_checkpoint(folder, Config())["epoch"] == 1
