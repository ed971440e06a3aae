"""Dev splits of IMDb whose films are not in train, as those of its test split are not.

A dev split that is cut at random shares its films with train, and what a network has learned by heart of films helps it there.
The official numbers of reviews are in the order of films, so that reviews of neighbouring numbers are of few films; other
reviews of these films are known by the names that they share.
"""

from __future__ import annotations

import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy import sparse

from cct_text.config import DataConfig
from cct_text.datasets import Dataset, load_dataset
from cct_text.datasets.loading import find_files
from cct_text.datasets.registry import ENTRIES

REVIEWS = 1250
"""Of each class, in a dev split."""
FIRST, APART = 1250, 3750
"""Number of the first review of the first split, and from one split to the next."""
MOST_WITH_A_NAME = 30
"""The official split has at most 30 reviews of a film: a name in more of them is of more than one."""
ALIKE = 0.3
"""Cosine of the names of two reviews from which on both may be of one film."""


def films_apart(config: DataConfig, split: int) -> Dataset:
    """IMDb with the dev split of this number, of 0, 1 and 2, and without reviews of its films in train."""
    whole = load_dataset(replace(config, dev_fraction=0.0, dev_seed=None))
    numbers = _numbers(config)
    first = FIRST + split * APART
    dev = (numbers >= first) & (numbers < first + REVIEWS)
    names = _names(tuple(whole.train.texts.to_pylist()))
    likeness = (names @ names[dev].T).max(axis=1).toarray().ravel()
    train, dev_rows = np.flatnonzero(~dev & (likeness < ALIKE)), np.flatnonzero(dev)
    return replace(whole, train=whole.train.take(train), dev=whole.train.take(dev_rows), dev_is_cut=True)


def _numbers(config: DataConfig) -> np.ndarray:
    """(N,) the official number of each row of train, of which there is one in each class."""
    files = find_files(ENTRIES["imdb"], config.data_dir)
    assert files is not None
    (archive,) = files.values()
    with tarfile.open(archive) as members:
        parts = [Path(member.name).parts for member in members]
    reviews = sorted(
        part[2:] for part in parts if len(part) == 4 and part[1] == "train"
    )  # class and name, as rows stand
    return np.array([int(name.partition("_")[0]) for _, name in reviews])


@cache
def _names(texts: tuple[str, ...]) -> sparse.csr_matrix:
    """(N, F) which names stand in each text, weighted by their rarity and of length 1; those of one text alone are left out."""
    found = [set(_names_in(text)) for text in texts]
    texts_with = Counter(name for names in found for name in names)
    place = {
        name: at for at, name in enumerate(name for name, count in texts_with.items() if 2 <= count <= MOST_WITH_A_NAME)
    }
    rows, columns = np.array(
        [(row, place[name]) for row, names in enumerate(found) for name in names if name in place]
    ).T
    rarity = np.log(len(texts) / np.array([texts_with[name] for name in place]))
    weights = sparse.csr_matrix((rarity[columns], (rows, columns)), shape=(len(texts), len(place)))
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(lengths, 1e-9)) @ weights)


def _names_in(text: str) -> Iterator[str]:
    """Words with a capital, but those that begin a sentence, and pairs of them."""
    for sentence in re.split(r"[.!?;:\"()]+\s*", text):
        before = ""
        for word in sentence.split()[1:]:
            bare = word.strip(",'*-").removesuffix("'s")
            capital = bare[:1].isupper() and len(bare) > 1
            if capital:
                yield bare
                if before:
                    yield f"{before} {bare}"
            before = bare if capital else ""
