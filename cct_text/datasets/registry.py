"""The registered data sets: what they are called, what they hold, and where their official files live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cct_text.datasets import official
from cct_text.download import RemoteFile
from cct_text.errors import UsageError, unknown_name

Row = tuple[str, str]
"""A label and a text."""

_AG_NEWS = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv"
_TREC = "https://cogcomp.seas.upenn.edu/Data/QA/QC"


@dataclass(frozen=True)
class HubSource:
    """A data set on the Hugging Face hub, in Parquet.

    Attributes:
        name: ORG/NAME.
        text_columns: joined by a blank.
        label_column: in it the class.
        revision: branch or commit; the main branch when not given.
        clean: what the reader of the official files does to a text, so that both give the same.
    """

    name: str
    text_columns: tuple[str, ...]
    label_column: str
    revision: str | None = None
    clean: Callable[[str], str] | None = None


@dataclass(frozen=True)
class FineLabels:
    """A registered data set whose labels are finer.

    Attributes:
        dataset: its name.
        class_of: the class that one of its labels belongs to; None where it belongs to none.
    """

    dataset: str
    class_of: Callable[[str], str | None]


@dataclass(frozen=True)
class Entry:
    """A registered data set.

    Attributes:
        name: as the command line has it.
        title: in a line.
        labels: class names; empty where the train split tells them.
        folder: in which the official files are looked for, beside the data folder itself.
        files: official files.
        read: the rows of a split ("train", "dev" or "test") from the official files, by file name; None where the data
            set has no such split.
        hub: the same data on the hub.
        licence: as its authors state it.
        homepage: where it is described.
        trees: whether training on phrases is possible.
        fine: the same texts with finer labels; its files are the same.
        version: of the reader; a cached copy of another version is read anew.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    folder: str
    files: tuple[RemoteFile, ...]
    read: Callable[[dict[str, Path], str, bool], Iterator[Row] | None]
    licence: str
    homepage: str
    hub: HubSource | None = None
    trees: bool = False
    fine: FineLabels | None = None
    version: int = field(default=1)


_TREC_FILES = (
    RemoteFile(
        "train_5500.label",
        (f"{_TREC}/train_5500.label",),
        "sha256:9e4c8bdcaffb96ed61041bd64b564183d52793a8e91d84fc3a8646885f466ec3",
        1 << 24,
    ),
    RemoteFile(
        "TREC_10.label",
        (f"{_TREC}/TREC_10.label",),
        "sha256:033f22c028c2bbba9ca682f68ffe204dc1aa6e1cf35dd6207f2d4ca67f0d0e8e",
        1 << 24,
    ),
)
_SST_FILES = (
    RemoteFile(
        "trainDevTestTrees_PTB.zip", ("https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip",), None, 1 << 26
    ),
)


def _trec(name: str, title: str, *, fine: bool) -> Entry:
    return Entry(
        name=name,
        title=title,
        labels=() if fine else ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"),
        folder="trec",
        files=_TREC_FILES,
        read=official.read_trec_fine if fine else official.read_trec,
        licence="not stated",
        homepage="https://cogcomp.seas.upenn.edu/Data/QA/QC",
        hub=HubSource(
            "CogComp/trec", ("text",), "fine_label" if fine else "coarse_label", revision="refs/convert/parquet"
        ),
        fine=None if fine else FineLabels("trec-fine", official.coarse_class),
    )


_GRADES = ("very negative", "negative", "neutral", "positive", "very positive")


def _sst(name: str, title: str, labels: tuple[str, ...], grades: dict[int, str]) -> Entry:
    return Entry(
        name=name,
        title=title,
        labels=labels,
        folder="sst",
        files=_SST_FILES,
        read=official.SentimentTrees(grades),
        licence="not stated",
        homepage="https://nlp.stanford.edu/sentiment",
        trees=True,
        fine=None if labels == _GRADES else FineLabels("sst5", lambda grade: grades.get(_GRADES.index(grade))),
    )


ENTRIES = {
    entry.name: entry
    for entry in (
        Entry(
            name="questions",
            title="600 questions in six classes, written for this project",
            labels=("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"),
            folder="questions",
            files=(),
            read=official.read_questions,
            licence="CC0-1.0",
            homepage="embedded",
        ),
        _trec("trec", "TREC questions, six classes", fine=False),
        _trec("trec-fine", "TREC questions, fifty classes", fine=True),
        _sst(
            "sst2",
            "Stanford Sentiment Treebank, negative or positive",
            ("negative", "positive"),
            {0: "negative", 1: "negative", 3: "positive", 4: "positive"},
        ),
        _sst(
            "sst3",
            "Stanford Sentiment Treebank, three classes",
            ("negative", "neutral", "positive"),
            {0: "negative", 1: "negative", 2: "neutral", 3: "positive", 4: "positive"},
        ),
        _sst("sst5", "Stanford Sentiment Treebank, five grades", _GRADES, dict(enumerate(_GRADES))),
        Entry(
            name="ag_news",
            title="AG's news, four topics",
            labels=("World", "Sports", "Business", "Sci/Tech"),
            folder="ag_news",
            files=(
                RemoteFile("train.csv", (f"{_AG_NEWS}/train.csv",), "md5:b1a00f826fdfbd249f79597b59e1dc12", 1 << 26),
                RemoteFile("test.csv", (f"{_AG_NEWS}/test.csv",), "md5:d52ea96a97a2d943681189a97654912d", 1 << 24),
            ),
            read=official.NumberedCsv("{split}.csv", ("World", "Sports", "Business", "Sci/Tech")),
            licence="non-commercial use (see the corpus' page)",
            homepage="http://groups.di.unipi.it/~gulli/AG_corpus_of_news_articles.html",
            hub=HubSource("fancyzhx/ag_news", ("text",), "label", clean=official.clean_news),
        ),
        Entry(
            name="imdb",
            title="IMDb film reviews, negative or positive",
            labels=("neg", "pos"),
            folder="imdb",
            files=(
                RemoteFile(
                    "aclImdb_v1.tar.gz",
                    ("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",),
                    "md5:7c2ac02c03563afcf9b574c7e56c153a",
                    1 << 28,
                ),
            ),
            read=official.read_imdb,
            licence="not stated",
            homepage="https://ai.stanford.edu/~amaas/data/sentiment",
            hub=HubSource("stanfordnlp/imdb", ("text",), "label", clean=official.clean_review),
        ),
        Entry(
            name="dbpedia",
            title="DBpedia ontology, fourteen classes",
            labels=official.DBPEDIA_LABELS,
            folder="dbpedia",
            files=(
                RemoteFile(
                    "dbpedia_csv.tar.gz",
                    ("https://drive.google.com/uc?export=download&confirm=t&id=0Bz8a_Dbh9QhbQ2Vic1kxMmZZQ1k",),
                    "md5:dca7b1ae12b1091090db52aa7ec5ca64",
                    1 << 28,
                ),
            ),
            read=official.NumberedCsv("dbpedia_csv/{split}.csv", official.DBPEDIA_LABELS, archive="dbpedia_csv.tar.gz"),
            licence="CC-BY-SA-3.0",
            homepage="https://www.dbpedia.org",
            hub=HubSource("fancyzhx/dbpedia_14", ("title", "content"), "label", clean=official.clean_news),
        ),
    )
}


def entry_named(name: str) -> Entry:
    """The registered data set of that name.

    Raises:
        UsageError: if there is none; near names are told.
    """
    if name not in ENTRIES:
        raise UsageError(
            unknown_name("data set", name, ENTRIES).rstrip("?")
            + "; a file is given by its path, a hub data set as hf:ORG/NAME"
        )
    return ENTRIES[name]
