"""`cct-text export --to onnx`, and everything that an exported folder is used for in place of its run."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from cct_text.artifacts import sha256_of
from cct_text.errors import DataError, UsageError
from cct_text.export import onnx_export
from cct_text.export.storage import Float32
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.exported import manifest_sha256

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
TEXT = "Who wrote the Iliad ?"


@pytest.fixture(scope="module")
def both(run, exported):
    return TextClassifier.load(run, precision="fp32"), TextClassifier.load(exported)


@pytest.fixture
def copy(exported, tmp_path):
    """An export that may be damaged."""
    return shutil.copytree(exported, tmp_path / "copy")


def test_the_folder_has_a_file_of_each_precision_and_says_what_is_in_it(run, exported):
    assert sorted(path.name for path in exported.iterdir()) == [
        *("README.md", "export.json", "model.onnx", "model_fp16.onnx", "model_int8.onnx", "tokenizer.json"),
    ]
    says = json.loads((exported / "export.json").read_text(encoding="utf-8"))
    assert says["labels"] == list(TextClassifier.load(run).labels)
    assert says["config"]["text"]["max_words"] == 32
    for model in says["models"].values():
        assert model["bytes"] == (exported / model["file"]).stat().st_size
    assert [says["checked"]["models"][name]["largest_difference"] < 1e-4 for name in says["models"]] == [
        *(True, False, False),
    ]


def test_probabilities_labels_and_explanations_are_those_of_the_run(both, texts):
    own, other = both
    long = " ".join(texts)
    np.testing.assert_allclose(
        other.predict_proba([*texts, "", long]), own.predict_proba([*texts, "", long]), atol=1e-5
    )
    assert other.predict(texts) == own.predict(texts)
    assert len(set(own.predict(texts))) > 1
    for text in (TEXT, "", long):
        one, two = own.explain(text), other.explain(text)
        assert [word[:3] for word in one] == [word[:3] for word in two]
        np.testing.assert_allclose([word.weight for word in one], [word.weight for word in two], atol=1e-5)


def test_a_prediction_does_not_depend_on_the_texts_beside_it(exported, texts):
    for precision in ("fp32", "fp16", "int8"):
        classifier = TextClassifier.load(exported, precision=precision)
        assert classifier.precision == precision
        alone = np.concatenate([classifier.predict_proba([text]) for text in texts[:20]])
        np.testing.assert_allclose(classifier.predict_proba(texts)[:20], alone, atol=1e-5)


def test_the_commands_take_the_exported_folder_as_they_take_the_run(cct_text, run, exported, texts, tmp_path):
    (tmp_path / "new.txt").write_text("\n".join(texts), encoding="utf-8")
    for command in (["predict", tmp_path / "new.txt", "--no-probabilities", "--precision", "fp32"], ["evaluate"]):
        own, other = (cct_text(command[0], folder, *command[1:]) for folder in (run, exported))
        assert (other.code, other.err) == (0, "")
        assert other.out == own.out
    inspected = json.loads(cct_text("inspect", exported, TEXT, "--json").out)
    assert inspected["label"] == TextClassifier.load(run).predict([TEXT])[0]
    assert sum(word["weight"] for word in inspected["words"]) == pytest.approx(1)


def test_neither_prediction_nor_explanation_needs_torch(exported):
    code = (
        "import sys\n"
        "from cct_text_cli.main import main\n"
        "from cct_text import TextClassifier\n"
        "try:\n    main()\n"
        "finally:\n"
        f"    TextClassifier.load({str(exported)!r}).explain('who')\n"
        "    loaded = {'torch', 'onnx', 'onnxruntime'} & set(sys.modules)\n"
        "    sys.stderr.write(' '.join(sorted(loaded)))\n"
    )
    command = [sys.executable, "-c", code, "predict", str(exported), "--precision", "int8"]
    done = subprocess.run(command, input=TEXT, capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert done.stderr == "onnxruntime"
    assert done.stdout.count("\n") == 1


def test_the_first_precision_is_the_one_that_is_taken(cct_text, run, tmp_path):
    done = cct_text("export", run, "--to", "onnx", "-o", tmp_path / "small", "--precision", "int8")
    assert (done.code, done.err) == (0, "")
    assert not (tmp_path / "small" / "model.onnx").exists()
    assert TextClassifier.load(tmp_path / "small").precision == "int8"
    assert "model_int8.onnx" in (tmp_path / "small" / "README.md").read_text(encoding="utf-8")
    done = cct_text("evaluate", tmp_path / "small")
    assert done.code == 2
    assert "unknown precision 'fp32'; known are: int8" in done.err


def test_what_is_measured_is_what_evaluate_says(cct_text, run, exported, tmp_path, questions_csv):
    says = json.loads((exported / "export.json").read_text(encoding="utf-8"))["measured"]
    dev = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["dev"]
    assert (says["on"], says["rows"], says["accuracy"]) == ("dev", 60, pytest.approx(dev["accuracy"]))
    assert set(says["models"]) == {"fp32", "fp16", "int8"}
    assert all(model["speed"] > 0 for model in says["models"].values())
    done = cct_text("export", run, "--to", "onnx", "-o", tmp_path / "x", "--measure", questions_csv, "--json")
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 1)
    of_file = json.loads(done.out)["measured"]
    evaluated = json.loads(cct_text("evaluate", run, questions_csv, "--json").out)
    assert (of_file["rows"], of_file["accuracy"]) == (3, pytest.approx(evaluated["accuracy"]))
    assert of_file["models"]["fp32"]["accuracy"] == of_file["accuracy"]


@pytest.fixture
def questions_csv(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text(
        "text,label\nWho wrote Hamlet ?,HUM\nWhere is Paris ?,LOC\nWhat is a noun ?,HUM\n", encoding="utf-8"
    )
    return path


def test_the_tables_keep_to_80_columns(cct_text, run, tmp_path, questions_csv):
    done = cct_text(
        *("export", run, "--to", "onnx", "-o", "x", "--measure", questions_csv),
        *(word for name in ("fp32", "fp16", "int8") for word in ("--precision", name)),
        cwd=tmp_path,
    )
    assert done.code == 0, done.err
    tables = done.out.partition("\nfolder:")[0]
    assert max(map(len, tables.splitlines())) <= 80
    for word in ("model_int8.onnx", "size", "MB", "same labels", "accuracy", "speed", "the run in fp32"):
        assert word in tables


# Refusals


class Wrong(Float32):
    """Products that are a little off."""

    def product(self, graph, name, x, weight):
        return super().product(graph, name, x, weight * 1.001)


def test_a_network_that_says_something_else_is_not_exported(cct_text, run, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_export, "Float32", Wrong)
    done = cct_text("export", run, "--to", "onnx", "-o", tmp_path / "deep" / "x")
    assert done.code == 3
    assert "model.onnx says" in done.err
    assert "nothing was exported" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_predictions_is_compared_on_built_in_texts(cct_text, run, tmp_path):
    bare = shutil.copytree(run, tmp_path / "bare", ignore=shutil.ignore_patterns("*.parquet"))
    assert cct_text("export", bare, "--to", "onnx", "-o", tmp_path / "x").code == 0
    assert "on 262 texts" in cct_text("export", bare, "--to", "onnx", "-o", tmp_path / "y").out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--to", "onxx"], 2, ["onxx", "did you mean onnx?"]),
        (["--to", "onnx", "--precision", "bf16"], 2, ["bf16", "did you mean fp16?"]),
        (["--to", "torch", "--precision", "int8"], 2, ["--precision", "--to torch"]),
        (["--to", "torch", "--measure", "dev"], 2, ["--measure", "torch"]),
        (["--to", "onnx", "--measure", "nowhere.csv"], 3, ["nowhere.csv"]),
        (["--to", "onnx", "--measure", "questoins"], 2, ["questoins", "questions"]),
        (["--to", "onnx", "--measure", "unlabelled.csv"], 3, ["unlabelled.csv"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_told_in_one_line_and_leaves_nothing(cct_text, run, tmp_path, arguments, code, words):
    (tmp_path / "unlabelled.csv").write_text("text\nwho\n", encoding="utf-8")
    done = cct_text("export", run, *arguments, "-o", "x", cwd=tmp_path)
    assert (done.code, done.out) == (code, ""), done.err
    assert len(done.err.strip().splitlines()) == 1
    assert all(word in done.err for word in words), done.err
    assert [path.name for path in tmp_path.iterdir()] == ["unlabelled.csv"]


def test_nothing_is_written_over_but_an_empty_folder_may_stand_there(cct_text, run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    for out, words in (("full", "is there already"), ("file", "is there already"), ("file/x", "cannot write")):
        done = cct_text("export", run, "--to", "onnx", "-o", tmp_path / out)
        assert done.code == 2, done.err
        assert words in done.err
    assert cct_text("export", run, "--to", "onnx", "-o", tmp_path / "empty").code == 0
    assert (tmp_path / "full" / "file").read_text() == (tmp_path / "file").read_text() == "mine"


def test_a_damaged_run_is_told_and_so_is_what_is_none(cct_text, run, exported, tmp_path):
    damaged = shutil.copytree(run, tmp_path / "damaged")
    for name in ("predictions.parquet", "model.safetensors", "tokenizer.json"):
        with (damaged / name).open("r+b") as file:
            file.truncate(1000)
        done = cct_text("export", damaged, "--to", "onnx", "-o", tmp_path / "x")
        assert (done.code, len(done.err.strip().splitlines())) == (3, 1)
        assert str(damaged) in done.err
    done = cct_text("export", exported, "--to", "onnx", "-o", tmp_path / "x")
    assert (done.code, "has been exported already" in done.err) == (2, True)
    done = cct_text("export", tmp_path / "nowhere", "--to", "onnx", "-o", tmp_path / "x")
    assert done.code == 3
    assert not (tmp_path / "x").exists()


def test_what_is_not_installed_is_told_with_the_extra_that_brings_it(cct_text, run, exported, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    done = cct_text("predict", exported)
    assert (done.code, done.err) == (4, "cct-text: onnxruntime is not installed: pip install 'cct-text[onnx]'\n")
    monkeypatch.setattr("cct_text.extras.find_spec", lambda _: None)
    done = cct_text("export", run, "--to", "onnx", "-o", tmp_path / "x")
    assert (done.code, done.err) == (4, "cct-text: onnx is not installed: pip install 'cct-text[onnx]'\n")


# A damaged export


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "export.json"])
def test_a_damaged_file_is_told(copy, name):
    with (copy / name).open("r+b") as file:
        file.truncate(500)
    with pytest.raises(DataError, match=rf"{name}: damaged"):
        TextClassifier.load(copy)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_missing_file_is_told(copy, name):
    (copy / name).unlink()
    with pytest.raises(DataError, match=rf"{name}: cannot read"):
        TextClassifier.load(copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"format": 2}, "format 2, this version reads 1"), ({"labels": ["A", "B"]}, "export.json: damaged")],
)
def test_an_export_of_another_version_or_with_other_contents_is_refused(copy, change, words):
    file = copy / "export.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(DataError, match=words):
        TextClassifier.load(copy)


def resign(folder, **changed):
    """Change an export and make its checksums agree, as another program might."""
    file = folder / "export.json"
    document = json.loads(file.read_text(encoding="utf-8")) | changed
    for model in document["models"].values() if isinstance(document["models"], dict) else ():
        model["sha256"] = sha256_of(folder / model["file"])
    document["sha256"]["export.json"] = manifest_sha256(document)
    file.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    "changed",
    [
        {"target": None}, {"labels": "HUM LOC"}, {"labels": [1, 2]}, {"labels": ["A"]}, {"labels": ["A", "B", "A"]},
        {"temperature": "1"}, {"temperature": 0.0}, {"models": {}}, {"models": []}, {"config": {"data": 3}},
        {"config": {"text": {"max_words": 0}}}, {"config": {"text": {"max_wrods": 3}}},
    ],
    ids=lambda changed: str(*changed),
)  # fmt: skip
def test_an_export_that_does_not_make_sense_is_told_even_where_its_checksum_agrees(copy, changed):
    resign(copy, **changed)
    with pytest.raises(DataError, match=r"export\.json: "):
        TextClassifier.load(copy)


def test_an_exported_model_computes_on_the_cpu_and_becomes_no_run(exported, tmp_path):
    with pytest.raises(UsageError, match="exported model is computed on the cpu"):
        TextClassifier.load(exported, device="cuda")
    with pytest.raises(UsageError, match="cannot become a run folder"):
        TextClassifier.load(exported).save(tmp_path / "x")


# A damaged export whose checksums have been put right, as by a program of someone's own


def rewrite(copy, change):
    document = json.loads((copy / "export.json").read_text(encoding="utf-8"))
    change(document)
    if isinstance(document.get("sha256"), dict):
        document["sha256"]["export.json"] = manifest_sha256(document)
    (copy / "export.json").write_text(json.dumps(document), encoding="utf-8")


NEEDED = ["format", "target", "labels", "temperature", "config", "sha256", "models"]


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, "onnx?", 7, True, [], ["a"], {}, {"a": 1}, {"a": {"b": 1}}])
def test_a_key_that_is_gone_or_of_another_type_is_refused(copy, name, value):
    rewrite(copy, lambda document: document.pop(name) if value is None else document.update({name: value}))
    with pytest.raises((DataError, UsageError), match=r"export\.json: |exported --to onnx\?"):
        TextClassifier.load(copy)


def test_every_option_that_is_gone_is_found_out(copy):
    written = (copy / "export.json").read_text(encoding="utf-8")
    for section, values in json.loads(written)["config"].items():
        for name in values:
            (copy / "export.json").write_text(written, encoding="utf-8")
            rewrite(copy, lambda document, section=section, name=name: document["config"][section].pop(name))
            with pytest.raises(DataError, match=r"export\.json: damaged: it has \d+ options"):
                TextClassifier.load(copy)


@pytest.mark.parametrize("file", ["../secret.onnx", "/etc/passwd"])
def test_no_file_of_another_folder_is_read(copy, file):
    shutil.move(copy / "model.onnx", copy.parent / "secret.onnx")
    rewrite(copy, lambda document: document["models"]["fp32"].update(file=file))
    with pytest.raises(DataError, match=r"export\.json: "):
        TextClassifier.load(copy)


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x08\x08" * 50])
def test_a_network_that_is_none_is_named(copy, content):
    (copy / "model.onnx").write_bytes(content)
    checksum = sha256_of(copy / "model.onnx")
    rewrite(copy, lambda document: document["models"]["fp32"].update(sha256=checksum))
    with pytest.raises(DataError, match=r"model\.onnx: damaged: "):
        TextClassifier.load(copy)


def test_the_network_of_a_run_with_other_classes_is_named(copy):
    rewrite(copy, lambda document: document.update(labels=["a", "b"]))
    with pytest.raises(DataError, match=r"model\.onnx: damaged: no network with 2 classes"):
        TextClassifier.load(copy)
