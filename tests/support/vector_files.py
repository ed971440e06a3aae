"""Word vectors written as the tools of the field write them: GloVe, word2vec, gensim, NumPy, torchtext."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from gensim.models import KeyedVectors

WORDS = ["the", ",", "of", "don't", "ZÜRICH", "東京", "\u00a0nbsp", "line\u2028break", "<unk>", "🙂", "e", "1"]
MATRIX = np.random.default_rng(0).normal(size=(len(WORDS), 5)).astype(np.float32)


def glove(words: Sequence[str] = WORDS, matrix: np.ndarray = MATRIX) -> bytes:
    """The rows of GloVe's text format; each number is written so that it reads back to the same float32."""
    rows = zip(words, matrix, strict=True)
    return b"".join(" ".join([word, *map(str, row)]).encode() + b"\n" for word, row in rows)


def binary(words: Sequence[str] = WORDS, matrix: np.ndarray = MATRIX, end: bytes = b"") -> bytes:
    """word2vec's binary format; `end` stands behind each row."""
    rows = (word.encode() + b" " + row.tobytes() + end for word, row in zip(words, matrix, strict=True))
    return b"%d %d\n" % matrix.shape + b"".join(rows)


def keyed_vectors() -> KeyedVectors:
    """Gensim's class with WORDS and MATRIX."""
    vectors = KeyedVectors(MATRIX.shape[1])
    vectors.add_vectors(list(WORDS), MATRIX)
    return vectors


def word2vec_text(path: Path) -> str:
    keyed_vectors().save_word2vec_format(str(path), binary=False)
    return str(path)


def word2vec_binary(path: Path) -> str:
    keyed_vectors().save_word2vec_format(str(path), binary=True)
    return str(path)


def word2vec_binary_with_line_ends(path: Path) -> str:
    """As word2vec itself writes it, in C."""
    path.write_bytes(binary(end=b"\n"))
    return str(path)


def word2vec_binary_gzipped(path: Path) -> str:
    """As gensim-data has word2vec-google-news-300."""
    path.write_bytes(gzip.compress(binary()))
    return str(path)


def word2vec_text_gzipped(path: Path) -> str:
    """As gensim-data has its glove vectors."""
    keyed_vectors().save_word2vec_format(str(path), binary=False)
    return str(path)


def gensim(path: Path) -> str:
    keyed_vectors().save(str(path))
    return str(path)


def gensim_in_two_files(path: Path) -> str:
    keyed_vectors().save(str(path), separately=["vectors"])
    assert path.with_name(f"{path.name}.vectors.npy").exists()
    return str(path)


def gensim_in_newer_pickle(path: Path) -> str:
    keyed_vectors().save(str(path), pickle_protocol=5)
    return str(path)


def text(path: Path) -> str:
    path.write_bytes(glove())
    return str(path)


def text_with_blank_lines(path: Path) -> str:
    path.write_bytes(glove(WORDS[:4], MATRIX[:4]) + b"\n" + glove(WORDS[4:], MATRIX[4:]) + b"\n \n")
    return str(path)


def text_with_windows_line_ends(path: Path) -> str:
    path.write_bytes(glove().replace(b"\n", b"\r\n"))
    return str(path)


def gzipped(path: Path) -> str:
    path.write_bytes(gzip.compress(glove()))
    return str(path)


def zipped(path: Path) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.md", "no vectors")
        archive.writestr("m.txt", glove())
    return str(path)


def zipped_with_others(path: Path) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("other.txt", glove(["the"], MATRIX[:1, :2]))
        archive.writestr("deep/m.txt", glove())
    return f"{path}!deep/m.txt"


def numpy_archive(path: Path) -> str:
    np.savez(path, words=np.array(WORDS), vectors=MATRIX)
    return str(path)


def numpy_compressed(path: Path) -> str:
    np.savez_compressed(path, words=np.array(WORDS), vectors=MATRIX.astype(np.float64))
    return str(path)


def torchtext(path: Path) -> str:
    torch.save(_cache(), path)
    return str(path)


def torchtext_of_old(path: Path) -> str:
    torch.save(_cache(), path, _use_new_zipfile_serialization=False)
    return str(path)


def _cache() -> tuple[list[str], dict[str, int], torch.Tensor, int]:
    return list(WORDS), {word: index for index, word in enumerate(WORDS)}, torch.from_numpy(MATRIX), MATRIX.shape[1]


FORMATS: dict[str, tuple[str, Callable[[Path], str]]] = {
    "GloVe text": (".txt", text),
    "GloVe text with blank lines": (".txt", text_with_blank_lines),
    "GloVe text from Windows": (".txt", text_with_windows_line_ends),
    "GloVe text under another ending": (".vec", text),
    "GloVe text, gzipped": (".txt.gz", gzipped),
    "zip with one text file": (".zip", zipped),
    "zip with several text files": (".zip", zipped_with_others),
    "word2vec text": (".txt", word2vec_text),
    "word2vec binary": (".bin", word2vec_binary),
    "word2vec binary with line ends": (".bin", word2vec_binary_with_line_ends),
    "word2vec binary, gzipped": (".gz", word2vec_binary_gzipped),
    "word2vec binary, gzipped, with its ending": (".bin.gz", word2vec_binary_gzipped),
    "word2vec text, gzipped": (".gz", word2vec_text_gzipped),
    "gensim": (".kv", gensim),
    "gensim in two files": (".kv", gensim_in_two_files),
    "gensim in a newer pickle": (".kv", gensim_in_newer_pickle),
    "NumPy": (".npz", numpy_archive),
    "NumPy, compressed, float64": (".npz", numpy_compressed),
    "torchtext's cache": (".pt", torchtext),
    "torchtext's cache of old": (".txt.pt", torchtext_of_old),
}
"""By what a format is called: its ending, and what writes WORDS and MATRIX to a path and gives the name to load."""


def write(kind: str, folder: Path) -> str:
    """WORDS and MATRIX in a format of FORMATS; the name to load them by."""
    ending, writer = FORMATS[kind]
    return writer(folder / f"m{ending}")
