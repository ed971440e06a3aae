"""What the tab key offers.

Each function gets the beginning of a word and answers with whole words, quickly: it loads no torch, no Arrow and no NumPy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Literal, get_args, get_origin, get_type_hints

from cct_text.artifacts import EXPORT, WEIGHTS
from cct_text.config import Config, EmbeddingMode, FileFormat, LongTexts, Precision
from cct_text.hub.names import RUNS

RUN_FILES = (WEIGHTS, EXPORT)
"""One of them tells a run, or an export of one."""
DATA_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".txt")
DEPTH = 3
"""Folders below each other in which runs are looked for: `runs/STUDY/RUN`."""
MOST_FOLDERS = 2000
"""Folders that are looked into at most, as nobody waits for a key."""


def datasets(incomplete: str) -> list[str]:
    """Registered names, and files that may hold data."""
    from cct_text.datasets.registry import ENTRIES

    return [*beginning(incomplete, ENTRIES), *_data_files(incomplete)]


def vectors(incomplete: str) -> list[str]:
    """Names of word vectors; behind a `+` the next one."""
    from cct_text.vectors.names import NAMES

    before, plus, last = incomplete.rpartition("+")
    return [f"{before}{plus}{name}" for name in beginning(last, NAMES)]


def models(incomplete: str) -> list[str]:
    """The named models."""
    from cct_text.model.architecture import MODEL_NAMES

    return beginning(incomplete, MODEL_NAMES)


def embeddings(incomplete: str) -> list[str]:
    """Modes of the word vectors."""
    return beginning(incomplete, get_args(EmbeddingMode))


def formats(incomplete: str) -> list[str]:
    """Formats of files."""
    return beginning(incomplete, get_args(FileFormat))


def long_texts(incomplete: str) -> list[str]:
    """What is read of long texts."""
    return beginning(incomplete, get_args(LongTexts))


def precisions(incomplete: str) -> list[str]:
    """Precisions of training and prediction."""
    return beginning(incomplete, get_args(Precision))


def settings(incomplete: str) -> list[str]:
    """`KEY=` of the options; once it is clear which is meant, `KEY=VALUE` if its values are few."""
    options = dict(_options())
    names = [name for name in options if f"{name}=".startswith(incomplete) or incomplete.startswith(f"{name}=")]
    if len(names) == 1:
        (name,) = names
        return beginning(incomplete, (f"{name}={value}" for value in options[name] or ("",)))
    return [f"{name}=" for name in names]


def varied(incomplete: str) -> list[str]:
    """`KEY=` of every option, for a list of values."""
    return beginning(incomplete, (f"{name}=" for name, _ in _options()))


def runs(incomplete: str) -> list[str]:
    """Run folders and exported ones, whole, as a path that ends at a folder between would be followed by a blank."""
    found: list[str] = []
    waiting = [(os.path.split(incomplete)[0], 1)]
    for folder, depth in waiting:
        for path in _listed(folder, os.DirEntry.is_dir):
            if not path.startswith(incomplete):
                continue
            if any(map(os.path.exists, (f"{path}/{name}" for name in RUN_FILES))):
                found.append(path)
            elif depth < DEPTH and len(waiting) < MOST_FOLDERS:
                waiting.append((path, depth + 1))
    # Those of `train` come first.
    return sorted(found, key=lambda path: (not path.startswith(RUNS), path))


def beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    """The words that begin so."""
    return [word for word in words if word.startswith(incomplete)]


def _options() -> Iterable[tuple[str, tuple[str, ...]]]:
    """Every option and, if they are few, its values."""
    for section in fields(Config):
        section_type = get_type_hints(Config)[section.name]
        for name, hint in get_type_hints(section_type).items():
            kinds = (hint, *get_args(hint))
            literals = [value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]
            yield name, tuple(literals) or (("true", "false") if bool in kinds else ())


def _data_files(incomplete: str) -> list[str]:
    """Files that may hold data; none for an empty word, which has all names already."""
    paths = _listed(os.path.split(incomplete)[0], os.DirEntry.is_file) if incomplete else []
    return [path for path in beginning(incomplete, paths) if path.removesuffix(".gz").endswith(DATA_ENDINGS)]


def _listed(folder: str, kind: Callable[[os.DirEntry[str]], bool]) -> list[str]:
    """Paths of what is in a folder, of one kind, but for what is hidden; nothing where one may not look."""
    try:
        with os.scandir(folder or ".") as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith(".") and kind(entry))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names]  # noqa: PTH118 - Path drops a leading `./`, which was typed
