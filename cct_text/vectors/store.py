"""Whole text files of word vectors, kept as mapped arrays: what was streamed once is looked up the next time.

The first use of a file streams the rows it needs and leaves the conversion to a thread, so that nobody waits for it.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cct_text.atomic_writes import flush, replace_folder
from cct_text.download import cache_dir
from cct_text.errors import CCTTextError, DataError
from cct_text.vectors.text_file import TextVectors, is_too_wide
from cct_text.vectors.word_vectors import ArrayVectors

logger = logging.getLogger(__name__)

_BLOCK_ROWS = 8192
_MOST_BYTES = 16 << 30
"""Of words and numbers that are kept; the largest published file has 3 GB."""
_stopping = threading.Event()


def store_folder(file: TextVectors) -> Path:
    """Where the converted file is kept: a function of its path, size and time of change."""
    status = file.path.stat()
    identity = f"{file.path.resolve()}\0{file.member}\0{status.st_size}\0{status.st_mtime_ns}"
    return cache_dir() / "vectors" / hashlib.sha256(identity.encode()).hexdigest()[:24]


def open_store(file: TextVectors) -> ArrayVectors | None:
    """The converted file; None if there is none that can be read."""
    folder = store_folder(file)
    if not folder.exists():
        return None
    try:
        words = pa.ipc.open_file(pa.memory_map(str(folder / "words.arrow"))).read_all()["word"].combine_chunks()
        words.validate(full=True)  # offsets that point anywhere would end the process when a word is looked at
        matrix = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
        whole = words.type == pa.string() and matrix.dtype == np.float32 and matrix.shape[:-1] == (len(words),)
    except Exception as error:  # damaged files make Arrow and NumPy raise a dozen kinds
        logger.info("%s: %s is passed over: %s", file.name, folder, error)
        return None
    return ArrayVectors(words, matrix, file.name) if whole else None


def build_in_background(file: TextVectors) -> threading.Thread:
    """Convert a file in a thread that the process waits for at its end."""
    thread = threading.Thread(target=_build_quietly, args=(file,), name=f"vectors of {file.name}")
    thread.start()
    return thread


def stop_building() -> None:
    """Have all conversions of this process end unfinished: who interrupts it is not to wait for them."""
    _stopping.set()


def _build_quietly(file: TextVectors) -> None:
    try:
        build_store(file)
    except (OSError, CCTTextError, pa.ArrowException) as error:
        logger.info("%s is not kept for the next use: %s", file.name, error)


def build_store(file: TextVectors) -> None:
    """Convert a file, whole or not at all; if another process is at it, leave it to that one.

    Raises:
        OSError: if the cache cannot be written to, or the process is to end.
        DataError: if a row is not a word and E finite numbers.
    """
    from filelock import FileLock, Timeout

    folder = store_folder(file)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{folder}.lock", timeout=0):
            if open_store(file) is None:
                with replace_folder(folder) as temporary:
                    _convert(file, temporary)
    except Timeout:
        return


def _convert(file: TextVectors, folder: Path) -> None:
    """Words and numbers of every row, block by block; the numbers are parsed by Arrow, which lets other threads run."""
    words: list[pa.Array] = []
    size = 0
    with (folder / "numbers").open("wb") as out, file.rows() as (dim, rows):
        for block in iter(lambda: [line.rstrip() for _, line in islice(rows, _BLOCK_ROWS)], []):
            if _stopping.is_set():
                raise InterruptedError("the process ends")
            fields = pc.split_pattern(pa.array(block, pa.binary()).cast(pa.string()), " ", max_splits=dim, reverse=True)
            if not np.all(np.diff(fields.offsets.to_numpy()) == dim + 1):
                raise DataError(f"a row has not {dim} numbers", path=file.name)
            table = fields.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim + 1)
            words.append(pa.array(table[:, 0], pa.string()))
            with_blanks = words[-1].filter(pc.match_substring(words[-1], " ")).to_pylist()
            if any(is_too_wide(word.encode()) for word in with_blanks):
                raise DataError(f"a row has more than {dim} numbers", path=file.name)
            numbers = pa.array(table[:, 1:].ravel(), pa.string()).cast(pa.float32()).to_numpy()
            if not np.isfinite(numbers).all():
                raise DataError("a row holds NaN or infinity", path=file.name)
            size += numbers.nbytes + words[-1].nbytes
            if size > _MOST_BYTES:
                raise DataError(f"more than {_MOST_BYTES:,} bytes", path=file.name)
            out.write(numbers.tobytes())
    _finish(folder, pa.concat_arrays(words), dim)


def _finish(folder: Path, words: pa.Array, dim: int) -> None:
    numbers = np.memmap(folder / "numbers", np.float32, "r", shape=(len(words), dim))
    np.save(folder / "vectors.npy", numbers)
    (folder / "numbers").unlink()
    table = pa.table({"word": words})
    with pa.OSFile(str(folder / "words.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)
    for path in folder.iterdir():
        flush(path)  # the numbers have no checksum that would tell what a power cut left
