"""Every reader of the library, with files as it should get them, to be given what it should not."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from cct_text.artifacts import CONFIG, HISTORY, METRICS, TOKENIZER, WEIGHTS, RunFolder, _document_sha256
from cct_text.config import Config, DataConfig
from cct_text.datasets import load_dataset
from cct_text.datasets.files import read_rows
from cct_text.datasets.registry import ENTRIES
from cct_text.download import cache_dir
from cct_text.errors import CCTTextError
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.exported import EXPORT, manifest_sha256
from cct_text.model.architecture import resolve_architecture
from cct_text.text.rules import RULES
from cct_text.text.tokenizer import Tokenizer
from cct_text.text.vocabulary import Vocabulary
from cct_text.training.recipes import recipe_text, resolve_config
from cct_text.vectors.sources import find
from cct_text.vectors.store import build_store, open_store, store_folder
from cct_text.vectors.text_file import TextVectors
from tests.support import official_files, user_files, vector_files
from tests.support.hostile_bytes import Seed
from tests.support.hostile_trials import Reader
from tests.support.random_networks import random_model
from tests.support.signed import sign_figures

# Word vectors


def _vectors(folder: Path, *, ending: str) -> Reader:
    """The formats of word vectors that have this ending."""
    path = folder / f"m{ending}"
    kinds = [kind for kind, (other, _) in vector_files.FORMATS.items() if other == ending]
    seeds = []
    for kind in kinds:
        vector_files.write(kind, folder)
        seeds.append(Seed(path.read_bytes()))
    if ending.endswith(".gz"):
        seeds += [Seed(gzip.decompress(seed.content), _gzipped) for seed in seeds]
    if ending == ".zip":
        seeds.append(Seed(vector_files.glove(), _zipped("m.txt")))

    def read(content: bytes) -> None:
        path.write_bytes(content)
        _read_vectors(path)

    return Reader(seeds, read)


def _second_file(folder: Path) -> Reader:
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


# Rows of users' files

_ROWS = [("a", "one"), ("b", "two, three"), ("a", 'a "quoted"\tfour'), ("ü", "fünf\u2028")] * 3


def _rows(folder: Path, *, form: str, ending: str) -> Reader:
    path = folder / f"rows{ending}"
    content = user_files.FORMATS[form](_ROWS)
    if form == "jsonl":
        content += b'{"text": ["list"], "label": 3, "title": null}\n{"text": 1.5, "label": true, "id": {"a": [1]}}\n'
    seeds = [Seed(content, _gzipped)] if ending.endswith(".gz") else [Seed(content)]
    if form == "parquet":
        seeds += [Seed(table) for table in _tables()]

    def read(content: bytes) -> None:
        path.write_bytes(content)
        for labelled in (False, True):
            with suppress(CCTTextError):
                for batch in read_rows(path, labelled=labelled):
                    assert len(batch.texts) == len(batch.lines)
                    assert batch.labels is None or len(batch.labels) == len(batch.texts)
        load_dataset(DataConfig(dataset=str(path), test=str(path)))

    return Reader(seeds, read)


def _tables() -> Iterator[bytes]:
    """Parquet with columns of all kinds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "text": pa.array(["one", None, "three"]).dictionary_encode(),
        "label": pa.array([1, 2, None], pa.int64()),
    }
    nested = pa.array([{"a": [1.5], "b": b"x"}, None, {"a": [], "b": None}])
    tables = [
        {**columns, "nested": nested},
        {**columns, "label": nested},
        *(
            {**columns, "text": pa.array([1, -(2**31), 2**31 - 1], pa.int32()).cast(kind)}
            for kind in (pa.date32(), pa.decimal128(12, 2))
        ),
        *(
            {**columns, "text": pa.array([1, -(2**62), 2**62], pa.int64()).cast(kind)}
            for kind in (pa.timestamp("us", "UTC"), pa.timestamp("ns"), pa.duration("s"), pa.duration("us"))
        ),
    ]
    for table in tables:
        for compression in ("none", "zstd"):
            file = BytesIO()
            pq.write_table(pa.table(table), file, compression=compression)
            yield file.getvalue()


def _upload(folder: Path) -> Reader:
    """Files that come as the body of a request."""
    from cct_text.serving.limits import Limits
    from cct_text.serving.refusals import Refused
    from cct_text.serving.uploads import read_upload

    forms = {f"a{ending}": form for form, ending in _ENDINGS.items() if form != "parquet"}
    seeds = [Seed(user_files.FORMATS[form](_ROWS)) for form in forms.values()]

    def read(content: bytes) -> None:
        for name in (*forms, "a.csv.gz", "a.jsonl.gz"):
            with suppress(Refused):
                read_upload(
                    content if not name.endswith(".gz") else gzip.compress(content, 1),
                    name,
                    format="auto",
                    text_columns=(),
                    trained_on=DataConfig(),
                    limits=Limits(),
                )

    return Reader(seeds, read)


_ENDINGS = {"text": ".txt", "csv": ".csv", "tsv": ".tsv", "jsonl": ".jsonl", "parquet": ".parquet"}


# The registered data sets


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


def _trec(folder: Path) -> Reader:
    return _official(official_files.write_trec(folder), "trec", "train_5500.label", [])


def _trees(folder: Path) -> Reader:
    lines = "".join(f"{line}\n" for line in official_files.TREES["train"]).encode()

    def pack(content: bytes) -> bytes:
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for split in ("train", "dev", "test"):
                archive.writestr(f"trees/{split}.txt", content)
        return out.getvalue()

    file = "trainDevTestTrees_PTB.zip"
    return _official(official_files.write_trees(folder), "sst2", file, [Seed(lines, pack)])


def _news(folder: Path) -> Reader:
    return _official(official_files.write_news(folder), "ag_news", "train.csv", [])


def _reviews(folder: Path) -> Reader:
    file = "aclImdb_v1.tar.gz"
    official_files.write_reviews(folder)
    plain = gzip.decompress((folder / file).read_bytes())
    return _official(folder, "imdb", file, [Seed(plain, _gzipped)] * 3)


def _dbpedia(folder: Path) -> Reader:
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

    return _official(folder, "dbpedia", file, [Seed(plain, _gzipped), Seed(rows.encode(), pack)])


# Texts


def _texts(folder: Path) -> Reader:
    """Any bytes as a text, halves of surrogate pairs among its characters."""
    tokenizers = [Tokenizer(name, Vocabulary(("<pad>", "<unk>", "the", "one"), (0, 0, 1, 1))) for name in RULES]
    _, model = random_model({"model": "cct-2/2"})
    classifier = TextClassifier(model)
    seeds = [
        "The \u0130stanbul \u03a3\u0391\u03a3 isn't \"here\": <br />3,000 ... Mr. A's U.S. -- ''w1'' cannot w2 <pad> <unk>",
        "one w3\u3000two\u00a0three\tfour\u2028 e\u0301 \U0001f469\u200d\U0001f4bb \u0130\u0307 \ufeff ﬁ ǅ \x00\x85",
    ]

    def read(content: bytes) -> None:
        text = content.decode("utf-8", errors="surrogateescape")
        [explained] = [classifier.explain(text)]
        assert abs(sum(word.weight for word in explained) - 1.0) < 1e-3 or not explained
        assert classifier.predict([text])[0] in classifier.labels
        clean = content.decode("utf-8", errors="replace")
        for tokenizer in tokenizers:
            spans = tokenizer.spans(clean)
            assert len(spans) == len(tokenizer.encode([clean]).ids)
            assert all(0 <= start <= end <= len(clean) for _, start, end in spans)

    return Reader([Seed(text.encode()) for text in seeds], read, cost=8)


# What the library writes itself


def _options(folder: Path) -> Reader:
    """The file of `--config`."""
    path = folder / "options.toml"

    def read(content: bytes) -> None:
        path.write_bytes(content)
        config = resolve_config("questions", config_file=path)
        assert Config().with_toml(config.to_toml(), source="again") == config
        resolve_architecture(config.model, 50)

    return Reader([Seed(recipe_text("sst2").encode()), Seed(Config().to_toml().encode())], read)


def _run_with(folder: Path, *, name: str) -> Reader:
    """A run folder in which a file has other bytes, and the checksums agree all the same."""
    run = RunFolder(folder)
    random_model({"model": "cct-2/2", "positions": "learnable"})[1].save(folder)
    whole = run.file(CONFIG).read_bytes()
    seeds = [Seed(run.file(name).read_bytes(), _signed)] if name == CONFIG else [Seed(run.file(name).read_bytes())]

    def read(content: bytes) -> None:
        run.file(name).write_bytes(content)
        if name != CONFIG:
            document = tomllib.loads(whole.decode())
            document["run"]["sha256"][name] = hashlib.sha256(content).hexdigest()
            run.file(CONFIG).write_bytes(_signed(_toml(document)))
        classifier = TextClassifier.load(folder)
        assert classifier.predict(["w1 w2", ""])[1] in classifier.labels
        classifier.explain("w1 w2")

    return Reader(seeds, read)


def _toml(document: dict[str, Any]) -> bytes:
    import tomli_w

    return tomli_w.dumps(document).encode()


def _signed(content: bytes) -> bytes:
    """A `config.toml` with the checksum of what it says; what is none stays as it is."""
    try:
        document = tomllib.loads(content.decode())
        document["run"]["sha256"][CONFIG] = _document_sha256(document)
        return _toml(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return content


def _figures(folder: Path, *, name: str) -> Reader:
    """A finished run in which the file of figures has other bytes, and checksums agree: its report and its card."""
    from cct_text.export.web import export_web
    from cct_text.report.model_card import model_card
    from cct_text.report.run_report import write_run_report
    from cct_text.sharing.shared_copy import share
    from cct_text.training.run import train

    values = {"epochs": 1, "width": 8, "heads": 1, "max_words": 8, "embeddings": "learned", "embedding_dim": 8}
    train(resolve_config("questions", values=values), folder)

    def read(content: bytes) -> None:
        (folder / name).write_bytes(content)
        with suppress(ValueError, RecursionError, AttributeError, TypeError):  # where it is no table
            sign_figures(folder)
        with suppress(CCTTextError):
            model_card(folder, repository="ann/run")
        with suppress(CCTTextError):
            export_web(folder, folder / "page.html")
        with suppress(CCTTextError):
            share(folder, folder / "copy", repository="ann/run")
        shutil.rmtree(folder / "copy", ignore_errors=True)
        write_run_report(folder)

    return Reader([Seed((folder / name).read_bytes())], read, cost=20)


def _export(folder: Path, *, name: str) -> Reader:
    """An exported model in which a file has other bytes, and the checksums agree all the same."""
    from cct_text.export.onnx_export import export_onnx

    random_model({"model": "cct-2/2"})[1].save(folder / "run")
    export_onnx(folder / "run", folder / "exported")
    path = folder / "exported" / EXPORT
    whole = json.loads(path.read_bytes())

    def pack(content: bytes) -> bytes:
        try:
            document = json.loads(content)
            document["sha256"][EXPORT] = manifest_sha256(document)
            return json.dumps(document).encode()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return content

    def read(content: bytes) -> None:
        path.with_name(name).write_bytes(content)
        if name != EXPORT:
            whole["models"]["fp32"]["sha256"] = hashlib.sha256(content).hexdigest()
            path.write_bytes(pack(json.dumps(whole).encode()))
        classifier = TextClassifier.load(folder / "exported")
        assert classifier.predict([""])[0] in classifier.labels

    return Reader([Seed(path.with_name(name).read_bytes(), pack if name == EXPORT else bytes)], read)


def _checkpoint(folder: Path) -> Reader:
    import torch

    from cct_text.training.checkpoint import CHECKPOINT, Checkpoint, load_checkpoint

    run, config = RunFolder(folder), Config()
    checkpoint = Checkpoint(run, config, 1e9)
    checkpoint.keep({"epoch": 3, "weights": {"a": torch.zeros(3, 4)}, "history": [{"loss": 1.5}], "best": None})
    checkpoint.write()
    path = run.file(CHECKPOINT)

    def read(content: bytes) -> None:
        path.write_bytes(content)
        load_checkpoint(run, config)

    return Reader([Seed(path.read_bytes())], read)


def _kept_splits(folder: Path, *, name: str) -> Reader:
    """The cache of a data set, in which a file has other bytes: it is passed over."""
    from cct_text.datasets.cache import load_cached, save_cached

    dataset = load_dataset("questions")
    key = folder.name
    save_cached(key, dataset.labels, {"train": dataset.train.take(np.arange(9))})
    path = cache_dir() / "datasets" / key / name

    def read(content: bytes) -> None:
        path.write_bytes(content)
        load_cached(key)

    return Reader([Seed(path.read_bytes())], read)


def _kept_vectors(folder: Path, *, name: str) -> Reader:
    """The store of a file of vectors, in which a file has other bytes: it is passed over."""
    file = TextVectors(Path(vector_files.text(folder / "m.txt")))
    build_store(file)
    path = store_folder(file) / name

    def read(content: bytes) -> None:
        path.write_bytes(content)
        if (stored := open_store(file)) is not None:
            stored.select({"the"}, 2)

    return Reader([Seed(path.read_bytes())], read)


def _manifest(folder: Path) -> Reader:
    """What a folder of distributed predictions says of itself."""
    from cct_text.datasets.sections import Section
    from cct_text.distributed.output import Manifest, PlannedFile
    from cct_text.distributed.sources import Source

    sections = (Section("csv", 0, 90, header=("text",), line=2, row=1, rows=3), Section("csv", 90, None))
    whole = Manifest("0" * 64, {"top_k": 1}, (PlannedFile(Source("a.csv", 180, "1"), sections),), 6)
    return Reader([Seed(whole.to_json().encode())], lambda content: Manifest.from_json(content, "_manifest.json"))


def _names(folder: Path) -> Reader:
    """What stands for a data set, for vectors or for a run in a configuration or a call."""
    path = folder / "rows.csv"
    path.write_bytes(user_files.FORMATS["csv"](_ROWS))

    def read(content: bytes) -> None:
        name = content.decode("utf-8", errors="surrogateescape").replace("\n", "")
        if name.lstrip().startswith(("hf:", "glove", "word2vec-", "fasttext", "conceptnet-")) or "/" not in name:
            return  # which could be fetched
        for options in ({"dataset": name}, {"dev": name}, {"test": name}):
            with suppress(CCTTextError):
                load_dataset(DataConfig(**{"dataset": str(path), **options}))
        with suppress(CCTTextError):
            load_dataset(DataConfig(dataset="trec", data_dir=name))
        with suppress(CCTTextError):
            find(name)
        TextClassifier.load(name)

    return Reader([Seed(str(path).encode()), Seed(f"{folder}/run".encode())], read)


def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, 1, mtime=0)


def _zipped(name: str) -> Callable[[bytes], bytes]:
    def pack(content: bytes) -> bytes:
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        return out.getvalue()

    return pack


ROW_ENDINGS = (*_ENDINGS.items(), ("csv", ".csv.gz"), ("jsonl", ".jsonl.gz"))
VECTOR_ENDINGS = tuple(sorted({ending for ending, _ in vector_files.FORMATS.values()}))

KINDS: dict[str, dict[str, Callable[[Path], Reader]]] = {
    "word vectors": {
        **{f"vectors{ending}": partial(_vectors, ending=ending) for ending in VECTOR_ENDINGS},
        "vectors.npy": _second_file,
    },
    "rows": {
        **{f"rows{ending}": partial(_rows, form=form, ending=ending) for form, ending in ROW_ENDINGS},
        "upload": _upload,
    },
    "official data sets": {"TREC": _trec, "SST": _trees, "AG News": _news, "IMDb": _reviews, "DBpedia": _dbpedia},
    "texts and names": {"texts": _texts, "names": _names},
    "options, runs, exports and caches": {
        "--config": _options,
        **{name: partial(_run_with, name=name) for name in (CONFIG, TOKENIZER, WEIGHTS)},
        **{name: partial(_figures, name=name) for name in (METRICS, HISTORY)},
        "checkpoint": _checkpoint,
        **{name: partial(_export, name=name) for name in (EXPORT, "model.onnx")},
        "kept splits": partial(_kept_splits, name="content.json"),
        "kept texts": partial(_kept_splits, name="train.arrow"),
        "kept words": partial(_kept_vectors, name="words.arrow"),
        "kept vectors": partial(_kept_vectors, name="vectors.npy"),
        "_manifest.json": _manifest,
    },
}
"""By kind and by what is read: what makes the reader, with an empty folder to write to."""

READERS = {name: new for kind in KINDS.values() for name, new in kind.items()}


def new_reader(name: str, folder: Path) -> Reader:
    """A reader of READERS with a folder of its own below `folder`."""
    own = folder / name.strip("-.").replace(" ", "-")
    own.mkdir(parents=True)
    return READERS[name](own)
