"""Files appear whole or not at all; every damaged form of a run folder is named, never a traceback."""

import hashlib
import json
import math
import os
import resource
import shutil
import stat
import tomllib
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import tomli_w

from cct_text.artifacts import (
    CONFIG,
    HISTORY,
    METRICS,
    STATE,
    TOKENIZER,
    WEIGHTS,
    ModelFiles,
    RunFolder,
    _document_sha256,
    sha256_of,
)
from cct_text.config import Config
from cct_text.errors import DataError, UsageError

MATRIX = np.arange(6, dtype=np.float32).reshape(2, 3)
FILES = ModelFiles(
    config=Config().with_values({"max_words": 24, "learning_rate": "3e-4", "text_columns": "title,body"}),
    labels=("no", "yes", "\u00fcber"),
    tokenizer='{"words": ["<pad>", "<unk>", "\u00fcber"]}',
    weights={"head.weight": MATRIX, "turned": MATRIX.T},
    temperature=0.8125,
)


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.write_model(FILES)
    return folder


def names(path):
    return sorted(file.name for file in path.iterdir())


# A run folder


def test_a_model_is_read_as_it_was_written(folder):
    files = folder.read_model()
    assert replace(files, weights={}) == replace(FILES, weights={})
    assert files.weights.keys() == FILES.weights.keys()
    assert all(np.array_equal(files.weights[name], FILES.weights[name]) for name in files.weights)
    assert names(folder.path) == sorted([CONFIG, TOKENIZER, WEIGHTS])


@pytest.mark.parametrize("temperature", [1, np.float32(0.77), 1e-3, 0.1 + 0.2])
def test_every_temperature_is_read_as_it_was_written(folder, temperature):
    folder.write_model(replace(FILES, temperature=temperature))
    assert folder.read_model().temperature == temperature


def test_the_weights_are_as_readable_as_the_configuration(folder):
    modes = {stat.S_IMODE(folder.file(name).stat().st_mode) for name in (CONFIG, TOKENIZER, WEIGHTS)}
    assert len(modes) == 1


def test_the_configuration_of_a_run_repeats_it(folder):
    assert Config().with_file(folder.file(CONFIG)) == FILES.config


def test_comments_and_line_ends_in_the_configuration_do_no_harm(folder):
    text = folder.file(CONFIG).read_text(encoding="utf-8")
    folder.file(CONFIG).write_bytes(("# my best run\n" + text).replace("\n", "\r\n").encode())
    assert folder.read_model().config == FILES.config


def test_a_model_that_cannot_be_saved_leaves_the_older_one(folder):
    before = {name: sha256_of(folder.file(name)) for name in names(folder.path)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        with pytest.raises(UsageError, match="cannot write"):
            folder.write_model(replace(FILES, tokenizer="x" * 10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {name: sha256_of(folder.file(name)) for name in names(folder.path)} == before
    assert folder.read_model().labels == FILES.labels


def test_saving_into_a_file_is_told(tmp_path):
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(UsageError, match="run.*cannot write"):
        RunFolder(tmp_path / "run").write_model(FILES)


def test_a_missing_folder_says_how_to_make_one(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such run folder; `cct-text train"):
        RunFolder(tmp_path / "nowhere").read_model()


@pytest.mark.parametrize("name", [CONFIG, TOKENIZER, WEIGHTS])
class TestDamage:
    def read_fails(self, folder, name):
        with pytest.raises(DataError) as caught:
            folder.read_model()
        assert str(folder.file(name)) in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1
        return str(caught.value)

    def test_a_missing_file_is_named(self, folder, name):
        folder.file(name).unlink()
        assert "No such file" in self.read_fails(folder, name)

    def test_a_folder_in_its_place_is_named(self, folder, name):
        folder.file(name).unlink()
        folder.file(name).mkdir()
        self.read_fails(folder, name)

    def test_an_emptied_file_is_named(self, folder, name):
        folder.file(name).write_bytes(b"")
        self.read_fails(folder, name)

    def test_a_file_cut_short_anywhere_is_named(self, folder, name):
        content = folder.file(name).read_bytes()
        # The last byte of the configuration is a line end, which means nothing.
        for length in range(0, len(content) - 1, max(1, len(content) // 60)):
            folder.file(name).write_bytes(content[:length])
            self.read_fails(folder, name)

    def test_a_flipped_bit_anywhere_is_named(self, folder, name):
        content = folder.file(name).read_bytes()
        for at in range(0, len(content), max(1, len(content) // 120)):
            changed = bytearray(content)
            changed[at] ^= 1 << at % 8
            folder.file(name).write_bytes(changed)
            self.read_fails(folder, name)

    def test_the_file_of_another_run_is_found_out(self, folder, name, tmp_path):
        other = RunFolder(tmp_path / "other")
        weights = {"head.weight": np.zeros((2, 3), dtype=np.float32)}
        other.write_model(replace(FILES, labels=("a", "b"), tokenizer="{}", weights=weights))
        shutil.copy(other.file(name), folder.file(name))
        with pytest.raises(DataError, match="damaged: its SHA-256 is not the one in config.toml"):
            folder.read_model()

    def test_random_bytes_are_named(self, folder, name):
        folder.file(name).write_bytes(hashlib.shake_256(b"noise").digest(3000))
        self.read_fails(folder, name)


def rewrite(folder, change):
    """Change the configuration and make its checksum agree, as another program might."""
    document = tomllib.loads(folder.file(CONFIG).read_text(encoding="utf-8"))
    change(document)
    if isinstance(document.get("run"), dict) and isinstance(document["run"].get("sha256"), dict):
        document["run"]["sha256"][CONFIG] = _document_sha256(document)
    folder.file(CONFIG).write_text(tomli_w.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document.pop("run"), r"no \[run\] table"),
        (lambda document: document.update(run=3), r"no \[run\] table"),
        (lambda document: document["run"].pop("format"), r"no \[run\] table with a format"),
        (lambda document: document["run"].update(format=2), "format 2, this version reads format 1"),
        (lambda document: document["run"].update(format="1"), "with a format"),
        (lambda document: document["run"].pop("labels"), "labels is not a list"),
        (lambda document: document["run"].update(labels=["only"]), "labels is not a list of two"),
        (lambda document: document["run"].update(labels=["a", 2]), "labels is not a list"),
        (lambda document: document["run"].update(labels=["a", "b", "a"]), "two or more different strings"),
        (lambda document: document["run"].pop("temperature"), "temperature is None, not a finite float above 0"),
        (lambda document: document["run"].update(temperature=0.0), "temperature is 0.0, not"),
        (lambda document: document["run"].update(temperature=-0.5), "temperature is -0.5, not"),
        (lambda document: document["run"].update(temperature=math.nan), "temperature is nan, not"),
        (lambda document: document["run"].update(temperature=math.inf), "temperature is inf, not"),
        (lambda document: document["run"].update(temperature="0.8"), "temperature is '0.8', not"),
        (lambda document: document["run"].update(temperature=True), "temperature is True, not"),
        (lambda document: document["run"].update(temperature=[0.8]), r"temperature is \[0.8\], not"),
        (lambda document: document["run"].pop("sha256"), "SHA-256"),
        (lambda document: document["run"]["sha256"].pop(WEIGHTS), "model.safetensors: damaged"),
        (lambda document: document["run"]["sha256"].pop(TOKENIZER), "tokenizer.json: damaged"),
        (lambda document: document["text"].update(max_words=0), "max_words = 0: expected at least 1"),
        (lambda document: document["text"].update(max_wrods=9), "max_wrods"),
    ],
)
def test_a_configuration_that_does_not_make_sense_says_what_does_not(folder, change, message):
    rewrite(folder, change)
    with pytest.raises(DataError, match=message) as caught:
        folder.read_model()
    assert str(folder.path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"\x04\0\0\0\0\0\0\0null"])
def test_weights_that_are_none_are_named_even_where_the_checksum_agrees(folder, content):
    folder.file(WEIGHTS).write_bytes(content)
    checksum = sha256_of(folder.file(WEIGHTS))
    rewrite(folder, lambda document: document["run"]["sha256"].update({WEIGHTS: checksum}))
    with pytest.raises(DataError, match="model.safetensors: damaged"):
        folder.read_model()


def test_every_option_that_is_gone_is_found_out_even_where_the_checksum_agrees(folder):
    written = folder.file(CONFIG).read_bytes()
    options = [(section, name) for section, values in FILES.config.to_dict().items() for name in values]
    assert len(options) > 30
    for section, name in options:
        folder.file(CONFIG).write_bytes(written)
        rewrite(folder, lambda document, section=section, name=name: document[section].pop(name))
        with pytest.raises(DataError, match=r"config\.toml: damaged: it has \d+ options, not the \d+"):
            folder.read_model()


@pytest.mark.parametrize("value", [{"a": 1}, [{"a": 1}], date(2026, 1, 1)])
def test_every_option_of_another_type_is_named_even_where_the_checksum_agrees(folder, value):
    written = folder.file(CONFIG).read_bytes()
    for section, values in FILES.config.to_dict().items():
        for name in values:
            folder.file(CONFIG).write_bytes(written)
            rewrite(folder, lambda document, section=section, name=name: document[section].update({name: value}))
            with pytest.raises(DataError, match=rf"config\.toml: {section}\.{name} = "):
                folder.read_model()


@pytest.mark.parametrize("name", ["format", "labels", "temperature", "sha256", "options", "class_of_label"])
@pytest.mark.parametrize("value", ["text", 1, 1.5, True, [], [[1]], {"a": 1}, date(2026, 1, 1)])
def test_what_the_run_table_says_in_another_type_is_refused(folder, name, value):
    if (name, str(value)) in {("format", "1"), ("temperature", "1.5")}:
        value = -1
    rewrite(folder, lambda document: document["run"].update({name: value}))
    with pytest.raises(DataError, match=r"config\.toml"):
        folder.read_model()


def test_what_was_left_of_a_run_that_replaces_another_says_how_to_go_on(folder):
    folder.file(STATE).mkdir()
    folder.file(WEIGHTS).write_bytes(b"those of the new run")
    with pytest.raises(DataError, match="the run was interrupted; repeat its command with --resume"):
        folder.read_model()


# The other files of a run


def test_json_and_history_are_read_as_they_were_written(folder):
    folder.write_json(METRICS, {"dataset": "\u00fcber", "test": {"accuracy": 0.5}})
    assert folder.read_json(METRICS) == {"dataset": "\u00fcber", "test": {"accuracy": 0.5}}
    folder.write_history([{"epoch": 1}, {"epoch": 2}])
    assert [json.loads(line) for line in folder.file(HISTORY).read_text().splitlines()] == [{"epoch": 1}, {"epoch": 2}]


NO_JSON = [
    *(b"", b"{", b"[1]", b"\xff\xfe", b"null", b'{"a":' * 20_000, b'{"a": ' + b"9" * 5_000 + b"}"),
    *(b'{"a": NaN}', b'{"a": [-Infinity]}', b'{"a": 1e999}'),
]


@pytest.mark.parametrize("content", NO_JSON, ids=range(len(NO_JSON)))
def test_a_damaged_json_file_is_named(folder, content):
    folder.file(METRICS).write_bytes(content)
    with pytest.raises(DataError, match="metrics.json: damaged"):
        folder.read_json(METRICS)
    folder.file(HISTORY).write_bytes(content or b"{")
    with pytest.raises(DataError, match="history.jsonl: damaged"):
        folder.read_history()


def test_a_named_pipe_in_the_place_of_a_file_is_not_waited_for(folder):
    os.mkfifo(folder.file(METRICS))
    with pytest.raises(DataError, match="metrics.json: cannot read: a named pipe"):
        folder.read_json(METRICS)


@pytest.mark.parametrize("value", ["[" * 2_000, "9" * 5_000], ids=["nested", "digits"])
def test_a_configuration_that_no_parser_takes_is_named(folder, value):
    folder.file(CONFIG).write_text(f"[run]\nformat = {value}\n")
    with pytest.raises(DataError, match="config.toml: damaged"):
        folder.read_config()


@pytest.mark.parametrize("path", ["a" * 5_000, "nul\0"], ids=["long", "NUL"])
def test_a_name_that_no_folder_can_have_is_told(path):
    with pytest.raises(DataError, match="no such run folder"):
        RunFolder(path).read_model()


# A copy of a folder


def test_the_config_of_a_copy_has_other_options_and_checksums_that_fit(folder, tmp_path):
    changed = FILES.config.with_values({"dataset": "other.csv"})
    copy = RunFolder(tmp_path / "copy")
    shutil.copytree(folder.path, copy.path)
    copy.file(CONFIG).write_text(folder.config_with(changed), encoding="utf-8")
    files = copy.read_model()
    assert files.config == changed
    assert (files.labels, files.temperature) == (FILES.labels, FILES.temperature)
