"""Readers of what the library writes itself."""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from cct_text.artifacts import CONFIG, RunFolder, _document_sha256
from cct_text.config import Config
from cct_text.datasets import load_dataset
from cct_text.download import cache_dir
from cct_text.errors import CCTTextError
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.exported import EXPORT, manifest_sha256
from cct_text.model.architecture import resolve_architecture
from cct_text.training.recipes import recipe_text, resolve_config
from cct_text.vectors.store import build_store, open_store, store_folder
from cct_text.vectors.text_file import TextVectors
from tests.support import vector_files
from tests.support.hostile_bytes import Seed
from tests.support.hostile_trials import Reader
from tests.support.random_networks import random_model
from tests.support.signed import sign_figures


def options(folder: Path) -> Reader:
    """The file of `--config`."""
    path = folder / "options.toml"

    def read(content: bytes) -> None:
        path.write_bytes(content)
        config = resolve_config("questions", config_file=path)
        assert Config().with_toml(config.to_toml(), source="again") == config
        resolve_architecture(config.model, 50)

    return Reader([Seed(recipe_text("sst2").encode()), Seed(Config().to_toml().encode())], read)


def run_with(folder: Path, *, name: str) -> Reader:
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


def state_of_part(folder: Path) -> Reader:
    """What stands beside an output that was interrupted."""
    from cct_text.inference.part_file import FORMAT, rows_kept

    output = folder / "out.csv"
    path = folder / ".out.csv.part.json"
    made_of = {"version": "1", "top_k": 1, "sources": [["a", 9, 1]]}
    state = {"format": FORMAT, "rows": 4096, "bytes": 90_000, "sha256": "0" * 64, "made_of": made_of}

    def read(content: bytes) -> None:
        path.write_bytes(content)
        assert rows_kept(output) >= 0

    return Reader([Seed(json.dumps(state).encode())], read)


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


def figures(folder: Path, *, name: str) -> Reader:
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


def exported(folder: Path, *, name: str) -> Reader:
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


def checkpoint(folder: Path) -> Reader:
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


def kept_splits(folder: Path, *, name: str) -> Reader:
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


def kept_vectors(folder: Path, *, name: str) -> Reader:
    """The store of a file of vectors, in which a file has other bytes: it is passed over."""
    file = TextVectors(Path(vector_files.text(folder / "m.txt")))
    build_store(file)
    path = store_folder(file) / name

    def read(content: bytes) -> None:
        path.write_bytes(content)
        if (stored := open_store(file)) is not None:
            stored.select({"the"}, 2)

    return Reader([Seed(path.read_bytes())], read)


def manifest(folder: Path) -> Reader:
    """What a folder of distributed predictions says of itself."""
    from cct_text.datasets.sections import Section
    from cct_text.distributed.output import Manifest, PlannedFile
    from cct_text.distributed.sources import Source

    sections = (Section("csv", 0, 90, header=("text",), line=2, row=1, rows=3), Section("csv", 90, None))
    whole = Manifest("0" * 64, {"top_k": 1}, (PlannedFile(Source("a.csv", 180, "1"), sections),), 6)
    return Reader([Seed(whole.to_json().encode())], lambda content: Manifest.from_json(content, "_manifest.json"))
