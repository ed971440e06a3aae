"""One thread in every test: the networks here are too small for two, and weights depend on their number."""

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)
