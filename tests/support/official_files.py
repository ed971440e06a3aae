"""Small data sets in the official formats: the files that their authors publish, with other rows in them."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

TREC = {
    "train": [
        ("NUM:dist", "How far is it from Denver to Aspen ?"),
        ("LOC:city", "What county is Modesto , California in ?"),
        ("HUM:ind", "Who was Galileo 's sponsor , Medici or Bronte\xeb ?"),
        ("NUM:date", "When did Hawaii become a state ?"),
    ],
    "test": [("LOC:city", "What is the capital of Yugoslavia ?"), ("NUM:dist", "How tall is the giraffe ?")],
}

QUESTIONS = {
    split: [
        question
        for number in numbers
        for question in (
            ("NUM:count", f"How many people live in town {number} ?"),
            ("LOC:city", f"Where is hill number {number} ?"),
            ("HUM:ind", f"Who wrote book {number} ?"),
        )
    ]
    for split, numbers in {"train": range(40), "test": range(40, 44)}.items()
}
"""In the form of TREC, enough to train on: 120 and 12 rows of three of its classes."""

NEWS = {
    "train": [
        ("World", "Leaders meet", "The two leaders met in Paris."),
        ("Sports", "Late goal", "A goal in the last minute decides the cup."),
        ("Business", "Prices rise", "Oil prices rose again."),
        ("Sci/Tech", "New probe", "A probe reaches Saturn."),
    ],
    "test": [("Sports", "Early goal", "A goal in the first minute."), ("World", "Talks fail", "The talks failed.")],
}
_NEWS_CLASSES = ("World", "Sports", "Business", "Sci/Tech")

TREES = {
    "train": ["(3 (2 It) (4 (2 's) (4 great)))", "(1 (2 Not) (1 (3 good) (2 .)))", "(2 (2 A) (2 film))"],
    "dev": ["(4 (2 Very) (3 good))", "(0 (0 Awful) (2 .))"],
    "test": ["(1 (1 Dull) (2 .))", "(2 (2 So) (2 so))", "(3 (3 Fine) (2 .))"],
}

REVIEWS = {
    "aclImdb/train/pos/0_9.txt": b"A fine film.<br /><br />See it.",
    "aclImdb/train/neg/0_2.txt": b"A bad film.",
    "aclImdb/test/pos/0_10.txt": b"Wonderful.",
    "aclImdb/test/neg/0_1.txt": b"Dreadful.",
}


def write_trec(folder: Path, rows: Mapping[str, Iterable[tuple[str, str]]] = TREC) -> Path:
    """`train_5500.label` and `TREC_10.label`: one `COARSE:fine question` a line, in ISO-8859-1."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, name in {"train": "train_5500.label", "test": "TREC_10.label"}.items():
        lines = "".join(f"{label} {text}\n" for label, text in rows[split])
        (folder / name).write_bytes(lines.encode("iso-8859-1"))
    return folder


def write_news(folder: Path, rows: Mapping[str, Iterable[tuple[str, ...]]] = NEWS) -> Path:
    """`train.csv` and `test.csv`: `"class number","title","description"`, every field quoted, no header."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "test"):
        (folder / f"{split}.csv").write_text(news_csv(rows[split]), encoding="utf-8", newline="")
    return folder


def news_csv(rows: Iterable[tuple[str, ...]], classes: tuple[str, ...] = _NEWS_CLASSES) -> str:
    """The lines of such a file."""
    numbered = ((str(classes.index(label) + 1), *fields) for label, *fields in rows)
    return "".join(",".join('"' + field.replace('"', '""') + '"' for field in row) + "\n" for row in numbered)


def write_trees(folder: Path, trees: Mapping[str, Iterable[str]] = TREES) -> Path:
    """`trainDevTestTrees_PTB.zip`: `trees/SPLIT.txt` with one tree a line."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "trainDevTestTrees_PTB.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("trees/", "")
        for split, lines in trees.items():
            archive.writestr(f"trees/{split}.txt", "".join(f"{line}\n" for line in lines))
    return folder


def write_reviews(folder: Path, members: Mapping[str, bytes] = REVIEWS) -> Path:
    """`aclImdb_v1.tar.gz`: one review a member."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "aclImdb_v1.tar.gz").write_bytes(tar_gz(members))
    return folder


def tar_gz(members: Mapping[str, bytes]) -> bytes:
    """A .tar.gz of these files."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def rows_of(split: object, labels: tuple[str, ...]) -> list[tuple[str, str]]:
    """(label, text) of each row of a loaded split."""
    texts = split.texts.to_pylist()
    return [(labels[number], text) for number, text in zip(split.labels.tolist(), texts, strict=True)]
