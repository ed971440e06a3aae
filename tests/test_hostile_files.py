"""Whatever a file holds, reading it ends soon, in what it says or in an error of ours; the soak does the same for longer."""

import pytest

from tests.support.hostile_trials import bounded_memory, give_one, try_hard
from tests.support.readers import READERS, new_reader


@pytest.mark.parametrize("name", READERS)
def test_nearly_whole_files_and_noise_are_read_or_refused(tmp_path, monkeypatch, name):
    monkeypatch.setenv("CCT_TEXT_HOME", str(tmp_path / "home"))
    reader = new_reader(name, tmp_path)
    for seed in reader.seeds:
        give_one(reader, seed.pack(seed.content))
    with bounded_memory():
        assert try_hard(reader, 150, derandomize=True) > 0
