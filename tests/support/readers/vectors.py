"""Readers of word vectors."""

from __future__ import annotations

import gzip
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np

from cct_text.errors import CCTTextError
from cct_text.vectors.sources import find
from cct_text.vectors.store import build_store, open_store, store_folder
from cct_text.vectors.text_file import TextVectors
from tests.support import vector_files
from tests.support.hostile_bytes import Seed
from tests.support.hostile_trials import Reader
from tests.support.readers.packing import gzipped, zipped


def word_vectors(folder: Path, *, ending: str) -> Reader:
    """The formats of word vectors that have this ending."""
    path = folder / f"m{ending}"
    kinds = [kind for kind, (other, _) in vector_files.FORMATS.items() if other == ending]
    seeds = []
    for kind in kinds:
        vector_files.write(kind, folder)
        seeds.append(Seed(path.read_bytes()))
    if ending.endswith(".gz"):
        seeds += [Seed(gzip.decompress(seed.content), gzipped) for seed in seeds]
    if ending == ".zip":
        seeds.append(Seed(vector_files.glove(), zipped("m.txt")))

    def read(content: bytes) -> None:
        path.write_bytes(content)
        _read_vectors(path)

    return Reader(seeds, read)


def matrix_beside(folder: Path) -> Reader:
    """The matrix that gensim keeps beside a file."""
    path = Path(vector_files.gensim_in_two_files(folder / "m.kv"))
    matrix = path.with_name("m.kv.vectors.npy")

    def read(content: bytes) -> None:
        matrix.write_bytes(content)
        _read_vectors(path)

    return Reader([Seed(matrix.read_bytes())], read)


def _read_vectors(path: Path) -> None:
    """What is read without an error must be fit for use, and the same from the store."""
    file = find(str(path)).open()
    rows, dim = file.shape()
    file.select({"the"}, 2)
    everything = file.select(None)
    assert everything.matrix.dtype == np.float32
    assert everything.matrix.shape == (len(everything.words), dim)
    assert len(everything.words) <= rows
    assert np.isfinite(everything.matrix).all()
    if isinstance(file, TextVectors):
        try:
            with suppress(CCTTextError):
                build_store(file)
                stored = open_store(file)
                assert stored is not None
                assert stored.select(None).words == everything.words
        finally:
            shutil.rmtree(store_folder(file), ignore_errors=True)
