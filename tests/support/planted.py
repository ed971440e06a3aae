"""Pickles that do something when they are read, to be planted where no pickle belongs."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path

import pyarrow as pa
import torch


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, crater: Path) -> None:
        self.crater = crater

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.crater),)


def bare(crater: Path) -> bytes:
    """A pickle and nothing else."""
    return pickle.dumps(Bomb(crater))


def of_torch(crater: Path) -> bytes:
    """What `torch.save` writes: a zip with a pickle in it."""
    out = io.BytesIO()
    torch.save({"weight": Bomb(crater)}, out)
    return out.getvalue()


def of_old_torch(crater: Path) -> bytes:
    """What it wrote before 2020: pickles one after the other."""
    out = io.BytesIO()
    torch.save({"weight": Bomb(crater)}, out, _use_new_zipfile_serialization=False)
    return out.getvalue()


KINDS = {"bare": bare, "torch": of_torch, "old torch": of_old_torch}


def with_python_type(table: pa.Table, crater: Path) -> pa.Table:
    """The table with a first column of Arrow's `py_extension_type`, whose definition is a pickle; old Arrow ran it."""
    field = table.schema.field(0)
    tagged = field.with_metadata(
        {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": bare(crater)}
    )
    return table.cast(table.schema.set(0, tagged))
