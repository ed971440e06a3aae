"""A run that was trained, and its exports."""

import pytest

from cct_text.export import measure
from cct_text.export.onnx_export import export_onnx
from cct_text.export.torch_export import export_torch
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train

SMALL = {"epochs": 6, "min_epoch_steps": 20, "embeddings": "learned", "embedding_dim": 32, "width": 32}


@pytest.fixture(scope="session", autouse=True)
def _short_rounds():
    """Speed is not what is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "SECONDS", 0.1)
        yield


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "questions"
    train(resolve_config("questions", values=SMALL), folder)
    return folder


@pytest.fixture(scope="session")
def exported(run, tmp_path_factory):
    """An ONNX export in all precisions, measured on the dev split."""
    folder = tmp_path_factory.mktemp("exports") / "questions"
    export_onnx(run, folder, precisions=["fp32", "fp16", "int8"], measure_on="dev")
    return folder


@pytest.fixture(scope="session")
def program(run, tmp_path_factory):
    """A program of torch.export."""
    folder = tmp_path_factory.mktemp("programs") / "questions"
    export_torch(run, folder)
    return folder


@pytest.fixture(scope="session")
def texts(run):
    """The 120 test rows."""
    from pyarrow.parquet import read_table

    return read_table(run / "predictions.parquet")["text"].to_pylist()
