"""A file to be fetched, and what is left of a fetch or said of it."""

import hashlib

import pytest

from cct_text.download import fetch
from cct_text.errors import ResourceError

CONTENT = bytes(range(256)) * 1024
"""256 KiB: several blocks."""
HALF = len(CONTENT) // 2
MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


def names(folder):
    """The files of a folder, without the lock that stays."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def leave(folder, content):
    """What a download that was killed leaves."""
    folder.mkdir()
    (folder / "file.zip.part").write_bytes(content)


def refused(file, folder):
    """The reason in words, in one line."""
    with pytest.raises(ResourceError) as caught:
        fetch(file, folder)
    message = str(caught.value)
    assert message.startswith(f"cannot fetch {file.name}: ")
    assert len(message.splitlines()) == 1
    assert not (folder / file.name).exists()
    return message
