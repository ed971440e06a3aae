"""Every reader of the library, with files as it should get them, to be given what it should not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from cct_text.artifacts import CONFIG, EXPORT, HISTORY, METRICS, TOKENIZER, WEIGHTS
from tests.support import vector_files
from tests.support.hostile_trials import Reader
from tests.support.readers import official, own_files, rows, studies, texts, vectors

ROW_ENDINGS = (*rows.ENDINGS.items(), ("csv", ".csv.gz"), ("jsonl", ".jsonl.gz"))
VECTOR_ENDINGS = tuple(sorted({ending for ending, _ in vector_files.FORMATS.values()}))

KINDS: dict[str, dict[str, Callable[[Path], Reader]]] = {
    "word vectors": {
        **{f"vectors{ending}": partial(vectors.word_vectors, ending=ending) for ending in VECTOR_ENDINGS},
        "vectors.npy": vectors.matrix_beside,
    },
    "rows": {
        **{f"rows{ending}": partial(rows.rows, form=form, ending=ending) for form, ending in ROW_ENDINGS},
        "upload": rows.upload,
    },
    "official data sets": {
        "TREC": official.trec,
        "SST": official.trees,
        "AG News": official.news,
        "IMDb": official.reviews,
        "DBpedia": official.dbpedia,
    },
    "texts and names": {"texts": texts.texts, "names": texts.names},
    "options, runs, exports and caches": {
        "--config": own_files.options,
        **{name: partial(own_files.run_with, name=name) for name in (CONFIG, TOKENIZER, WEIGHTS)},
        **{name: partial(own_files.figures, name=name) for name in (METRICS, HISTORY)},
        "checkpoint": own_files.checkpoint,
        "part.json": own_files.state_of_part,
        **{name: partial(own_files.exported, name=name) for name in (EXPORT, "model.onnx")},
        "kept splits": partial(own_files.kept_splits, name="content.json"),
        "kept texts": partial(own_files.kept_splits, name="train.arrow"),
        "kept words": partial(own_files.kept_vectors, name="words.arrow"),
        "kept vectors": partial(own_files.kept_vectors, name="vectors.npy"),
        "_manifest.json": own_files.manifest,
        "study.json": studies.record,
        "trials.journal": studies.journal,
    },
}
"""By kind and by what is read: what makes the reader, with an empty folder to write to."""

READERS = {name: new for kind in KINDS.values() for name, new in kind.items()}


def new_reader(name: str, folder: Path) -> Reader:
    """A reader of READERS with a folder of its own below `folder`."""
    own = folder / name.strip("-.").replace(" ", "-")
    own.mkdir(parents=True)
    return READERS[name](own)
