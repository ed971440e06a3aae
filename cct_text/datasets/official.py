"""Readers of the registered data sets' official formats. Archives are read as streams, nothing is unpacked to disk.

A reader gets the official files by name, a split and whether phrases are wanted, and yields (label, text); it returns None
where the data set has no such split.
"""

from __future__ import annotations

import csv
import html
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files as resource_files
from pathlib import Path, PurePosixPath
from typing import IO

from cct_text.errors import DataError
from cct_text.unpacking import bounded_lines, require_member, tar_members

Row = tuple[str, str]
Files = Mapping[str, Path]

DBPEDIA_LABELS = (
    "Company",
    "EducationalInstitution",
    "Artist",
    "Athlete",
    "OfficeHolder",
    "MeanOfTransportation",
    "Building",
    "NaturalPlace",
    "Village",
    "Animal",
    "Plant",
    "Album",
    "Film",
    "WrittenWork",
)

MAX_ARCHIVE_BYTES = 1 << 30
"""A member of a zip, or a whole .tar.gz, that has more when unpacked is refused: no data set here has so much."""
MAX_ROW_BYTES = MAX_REVIEW_BYTES = 1 << 20
"""Of a row or a review; no data set here has one of a tenth of it."""


def read_questions(files: Files, split: str, phrases: bool) -> Iterator[Row]:
    """The embedded data set."""
    text = (resource_files("cct_text_data") / "questions" / f"{split}.csv").read_text(encoding="utf-8")
    yield from ((row["label"], row["text"]) for row in csv.DictReader(io.StringIO(text)))


def read_trec(files: Files, split: str, phrases: bool) -> Iterator[Row] | None:
    """TREC with its six coarse classes: `COARSE:fine question` lines in ISO-8859-1."""
    rows = read_trec_fine(files, split, phrases)
    return None if rows is None else ((coarse_class(label), text) for label, text in rows)


def coarse_class(label: str) -> str:
    """The class that a fine label of TREC belongs to.

    >>> coarse_class("NUM:date")
    'NUM'
    """
    return label.partition(":")[0]


def read_trec_fine(files: Files, split: str, phrases: bool) -> Iterator[Row] | None:
    """TREC with its fifty fine classes."""
    names = {"train": "train_5500.label", "test": "TREC_10.label"}
    return _trec_rows(files[names[split]]) if split in names else None


def _trec_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="iso-8859-1", newline="\n") as stream:
        for number, line in enumerate(stream, start=1):
            label, blank, text = line.rstrip("\r\n").partition(" ")
            if not blank or ":" not in label:
                raise DataError(f"expected `COARSE:fine question`, saw {line[:40]!r}", path=path, line=number)
            yield label, text


class SentimentTrees:
    """Reader of the Stanford Sentiment Treebank: Penn-style trees with a grade 0 to 4 at each node.

    Args:
        classes: class of a grade; sentences of other grades are left out.
    """

    ARCHIVE = "trainDevTestTrees_PTB.zip"

    def __init__(self, classes: Mapping[int, str]) -> None:
        self.classes = classes

    def __call__(self, files: Files, split: str, phrases: bool) -> Iterator[Row]:
        """Sentences of a split; for train with `phrases` each distinct phrase of each class as well.

        A phrase that is a whole sentence of dev or test is left out of training.
        """
        path = files[self.ARCHIVE]
        if split != "train" or not phrases:
            yield from self._labelled(path, split, whole=True)
            return
        held_out = {text for other in ("dev", "test") for _, text in self._labelled(path, other, whole=True)}
        sentences = list(self._labelled(path, "train", whole=True))
        yield from sentences
        seen = set(sentences)
        for row in self._labelled(path, "train", whole=False):
            if row not in seen and row[1] not in held_out:
                seen.add(row)
                yield row

    def _labelled(self, path: Path, split: str, *, whole: bool) -> Iterator[Row]:
        for grade, text, is_sentence in _tree_nodes(path, split):
            if grade in self.classes and (is_sentence or not whole):
                yield self.classes[grade], text


_TREE_TOKEN = re.compile(r"\(([0-4]) |([^\s()]+)|(\))|(\s+)|(.)")
_DEEPEST = 1_000
"""Open nodes of a tree, at most: with each one more all the words below it are read once more."""
_ESCAPES = {"-LRB-": "(", "-RRB-": ")"}


def _tree_nodes(path: Path, split: str) -> Iterator[tuple[int, str, bool]]:
    """(grade, text, whether it is the whole sentence) of every node of a split's trees, children first."""
    member = f"trees/{split}.txt"
    for number, line in enumerate(_zip_lines(path, member), start=1):
        if line.strip():
            yield from _nodes_of(line.strip(), f"{path}!{member}", number)


def _nodes_of(tree: str, source: str, number: int) -> Iterator[tuple[int, str, bool]]:
    words: list[str] = []
    open_nodes: list[tuple[int, int]] = []  # grade, and where its words begin
    for match in _TREE_TOKEN.finditer(tree):
        grade, word, closing, _, other = match.groups()
        if grade is not None:
            open_nodes.append((int(grade), len(words)))
            if len(open_nodes) > _DEEPEST:
                raise DataError(f"a tree nested too deeply: {tree[:40]!r}", path=source, line=number)
        elif word is not None:
            words.append(_ESCAPES.get(word, word.replace("\\/", "/").replace("\\*", "*")))
        elif closing is not None and open_nodes:
            node_grade, begin = open_nodes.pop()
            yield node_grade, " ".join(words[begin:]), not open_nodes
        elif closing is not None or other is not None:
            raise DataError(f"not a tree: {tree[:40]!r}", path=source, line=number)
    if open_nodes:
        raise DataError(f"a tree that does not close: {tree[:40]!r}", path=source, line=number)


def _zip_lines(path: Path, member: str) -> Iterator[str]:
    with (
        _damage_told(path),
        zipfile.ZipFile(path) as archive,
        archive.open(_member(archive, member, path)) as stream,
    ):
        yield from (line.decode("utf-8") for line in bounded_lines(stream, MAX_ROW_BYTES, f"{path}!{member}"))


def _member(archive: zipfile.ZipFile, member: str, path: Path) -> zipfile.ZipInfo:
    try:
        info = archive.getinfo(member)
    except KeyError:
        raise DataError(f"has no member {member}; is it the official archive?", path=path) from None
    if info.file_size > MAX_ARCHIVE_BYTES:
        raise DataError(f"member {member} has {info.file_size:,} bytes, more than any official one", path=path)
    require_member(info, path)
    return info


class NumberedCsv:
    """Reader of `"class","title","description"` files without header, classes counted from 1 (AG News, DBpedia).

    Args:
        file: name of a split's file, or of its member in the archive; `{split}` stands for the split.
        labels: class names in the order of the numbers.
        archive: name of a .tar.gz that holds the files.
    """

    def __init__(self, file: str, labels: tuple[str, ...], archive: str | None = None) -> None:
        self.file = file
        self.labels = labels
        self.archive = archive

    def __call__(self, files: Files, split: str, phrases: bool) -> Iterator[Row] | None:
        """Rows of train or test."""
        if split == "dev":
            return None
        name = self.file.format(split=split)
        if self.archive is None:
            return self._file(files[name])
        return self._archived(files[self.archive], name)

    def _file(self, path: Path) -> Iterator[Row]:
        with path.open("rb") as stream:
            yield from self._rows(stream, str(path))

    def _archived(self, path: Path, name: str) -> Iterator[Row]:
        found = False
        with _damage_told(path):
            for member, _, stream in tar_members(path, most_bytes=MAX_ARCHIVE_BYTES):
                if member == name and not found:
                    found = True
                    yield from self._rows(stream, f"{path}!{name}")
        if not found:
            raise DataError(f"has no member {name}; is it the official archive?", path=path)

    def _rows(self, stream: IO[bytes], source: str) -> Iterator[Row]:
        # Not a TextIOWrapper: it asks whether it can seek, and a member of a streamed archive cannot say.
        reader = csv.reader(line.decode("utf-8") for line in bounded_lines(stream, MAX_ROW_BYTES, source))
        classes = {str(number): label for number, label in enumerate(self.labels, start=1)}
        try:
            for row in reader:
                if len(row) < 2 or row[0] not in classes:
                    raise DataError(
                        f'expected "class","title","text" with a class of 1 to {len(self.labels)}, saw {row[:2]}',
                        path=source,
                        line=reader.line_num,
                    )
                yield classes[row[0]], clean_news(" ".join(filter(None, row[1:])))
        except csv.Error as error:
            raise DataError(f"malformed: {error}", path=source, line=reader.line_num) from None
        except UnicodeDecodeError as error:
            raise DataError(f"malformed: {error}", path=source, line=reader.line_num + 1) from None


_BROKEN_ENTITY = re.compile(r"(?:&| ?(?<![&\w]))(#\d+|quot|amp|lt|gt|nbsp|hellip|[lr][sd]quo|[mn]dash);")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


def clean_news(text: str) -> str:
    r"""AG News as its authors meant it: `\` is a line break, entities lost their `&` to a blank, tags are markup.

    >>> clean_news("Cal #39;s epic\\at Troy &lt;b&gt;...&lt;/b&gt;")
    "Cal's epic at Troy ..."
    """
    text = _BROKEN_ENTITY.sub(r"&\1;", text.replace("\\", " "))
    # Twice, for entities of entities such as &amp;lt;.
    text = _unescaped(_unescaped(text))
    return " ".join(_TAG.sub(" ", text).split())


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a number of thousands of digits, which is no character's
        return text


_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def read_imdb(files: Files, split: str, phrases: bool) -> Iterator[Row] | None:
    """IMDb: members `aclImdb/SPLIT/LABEL/ID_RATING.txt`, by label and name; `<br />` is a blank."""
    return None if split == "dev" else _imdb_rows(files["aclImdb_v1.tar.gz"], split)


def _imdb_rows(path: Path, split: str) -> Iterator[Row]:
    reviews: list[tuple[str, str, str]] = []
    with _damage_told(path):
        for member, size, stream in tar_members(path, most_bytes=MAX_ARCHIVE_BYTES):
            parts = PurePosixPath(member).parts
            if len(parts) == 4 and parts[1] == split and parts[2] in ("neg", "pos") and parts[3].endswith(".txt"):
                if size > MAX_REVIEW_BYTES:
                    raise DataError(f"member {member}: {size:,} bytes, more than any review", path=path)
                reviews.append((parts[2], parts[3], stream.read().decode("utf-8", errors="replace")))
    if not reviews:
        raise DataError(f"has no reviews under aclImdb/{split}; is it the official archive?", path=path)
    reviews.sort()
    return ((label, clean_review(text)) for label, _, text in reviews)


def clean_review(text: str) -> str:
    """IMDb without its line breaks.

    >>> clean_review("Good.<br /><br />Bad.")
    'Good.  Bad.'
    """
    return _BREAK.sub(" ", text)


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Whatever an archive's modules raise for damage, as a DataError."""
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise DataError(f"damaged archive: {error}", path=path) from None
    except (UnicodeDecodeError, RuntimeError) as error:
        # RuntimeError: an encrypted member, or a compression that this Python does not know.
        raise DataError(f"cannot read the archive: {error}", path=path) from None
