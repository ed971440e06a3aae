"""Files and folders appear whole under their names, or not at all."""

import os
import resource
import stat
import threading

import pytest

from cct_text.atomic_writes import write_atomically, write_folder_atomically
from cct_text.errors import DataError, UsageError


def names(path):
    return sorted(file.name for file in path.iterdir())


# write_atomically


def test_a_file_has_its_name_only_when_the_block_has_ended(tmp_path):
    path = tmp_path / "deep" / "result.txt"
    with write_atomically(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert names(path.parent) == ["result.txt"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, DataError])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    path = tmp_path / "result.txt"
    path.write_text("old")

    def write():
        with write_atomically(path) as temporary:
            temporary.write_text("half")
            raise failure("stopped")

    with pytest.raises(failure):
        write()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["result.txt"]


def test_a_disk_that_fills_up_is_told_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(UsageError, match="result.bin: cannot write"), write_atomically(path) as temporary:
            temporary.write_bytes(bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["result.bin"]


def test_a_file_is_as_readable_as_any_other_file_of_the_user(tmp_path):
    before = os.umask(0o027)
    try:
        with write_atomically(tmp_path / "result.txt") as temporary:
            temporary.write_text("x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "result.txt").stat().st_mode) == 0o640


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot write"), write_atomically(tmp_path / "file" / "result.txt"):
        pytest.fail("the block must not run")


def test_a_folder_in_the_place_of_the_file_is_told_before_the_work_is_done(tmp_path):
    with pytest.raises(UsageError, match="it is a folder"), write_atomically(tmp_path):
        pytest.fail("the block must not run")


def test_a_file_system_that_takes_no_files_is_told():
    # Nobody can make files there, the superuser included.
    with pytest.raises(UsageError, match="cannot write"), write_atomically("/proc/self/result.txt"):
        pytest.fail("the block must not run")


def test_a_long_name_has_room_for_the_temporary_one(tmp_path):
    path = tmp_path / ("n" * 251 + ".txt")
    with write_atomically(path) as temporary:
        temporary.write_text("x")
    assert path.read_text() == "x"


def test_a_named_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with write_atomically(pipe) as path:
        path.write_bytes(b"through")
    reader.join(timeout=10)
    assert read == [b"through"]
    assert pipe.is_fifo()


# write_folder_atomically


def test_a_folder_has_its_name_only_when_the_block_has_ended(tmp_path):
    path = tmp_path / "deep" / "copy"
    with write_folder_atomically(path) as temporary:
        (temporary / "a.txt").write_text("new")
        assert not path.exists()
    assert (path / "a.txt").read_text() == "new"
    assert names(path.parent) == ["copy"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, DataError])
def test_a_failure_leaves_no_folder(tmp_path, failure):
    def write():
        with write_folder_atomically(tmp_path / "copy") as temporary:
            (temporary / "a.txt").write_text("half")
            raise failure("stopped")

    with pytest.raises(failure):
        write()
    assert names(tmp_path) == []


def test_an_empty_folder_is_filled_and_another_one_refused(tmp_path):
    (tmp_path / "copy").mkdir()
    with write_folder_atomically(tmp_path / "copy") as temporary:
        (temporary / "a.txt").write_text("new")
    (tmp_path / "file").write_text("mine")
    for name in ("copy", "file"):
        with (
            pytest.raises(UsageError, match=f"{name}: is there already; name a new folder"),
            write_folder_atomically(tmp_path / name),
        ):
            pytest.fail("the block must not run")
    assert names(tmp_path) == ["copy", "file"]


def test_a_folder_that_has_nowhere_to_go_is_told_before_the_work_is_done(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot write"), write_folder_atomically(tmp_path / "file" / "copy"):
        pytest.fail("the block must not run")
