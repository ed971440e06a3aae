"""Readers of the registered data sets."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from cct_text.datasets.registry import ENTRIES
from tests.support import official_files
from tests.support.hostile_bytes import Seed
from tests.support.hostile_trials import Reader
from tests.support.readers.packing import gzipped


def _official(folder: Path, name: str, file: str, seeds: Sequence[Seed]) -> Reader:
    """All splits of a data set, one of whose files has other bytes."""
    entry = ENTRIES[name]

    def read(content: bytes) -> None:
        (folder / file).write_bytes(content)
        files = {remote.name: folder / remote.name for remote in entry.files}
        for split in ("train", "dev", "test"):
            for phrases in {False, entry.trees}:
                for label, text in entry.read(files, split, phrases) or ():
                    assert label in entry.labels or name == "trec"  # which are seen to by who reads all splits
                    assert isinstance(text, str)

    return Reader([Seed((folder / file).read_bytes()), *seeds], read)


def trec(folder: Path) -> Reader:
    return _official(official_files.write_trec(folder), "trec", "train_5500.label", [])


def trees(folder: Path) -> Reader:
    lines = "".join(f"{line}\n" for line in official_files.TREES["train"]).encode()

    def pack(content: bytes) -> bytes:
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for split in ("train", "dev", "test"):
                archive.writestr(f"trees/{split}.txt", content)
        return out.getvalue()

    file = "trainDevTestTrees_PTB.zip"
    return _official(official_files.write_trees(folder), "sst2", file, [Seed(lines, pack)])


def news(folder: Path) -> Reader:
    return _official(official_files.write_news(folder), "ag_news", "train.csv", [])


def reviews(folder: Path) -> Reader:
    file = "aclImdb_v1.tar.gz"
    official_files.write_reviews(folder)
    plain = gzip.decompress((folder / file).read_bytes())
    return _official(folder, "imdb", file, [Seed(plain, gzipped)] * 3)


def dbpedia(folder: Path) -> Reader:
    entry = ENTRIES["dbpedia"]
    rows = official_files.news_csv(
        [("Company", "A firm", "It sells."), ("Film", "A film", "&lt;b&gt; #39;s")], entry.labels
    )
    (file,) = (remote.name for remote in entry.files)
    members = {f"dbpedia_csv/{split}.csv": rows.encode() for split in ("train", "test")}
    (folder / file).write_bytes(official_files.tar_gz(members))
    plain = gzip.decompress((folder / file).read_bytes())

    def pack(content: bytes) -> bytes:
        return official_files.tar_gz(dict.fromkeys(members, content))

    return _official(folder, "dbpedia", file, [Seed(plain, gzipped), Seed(rows.encode(), pack)])
