"""The run folder: what is in it, read and written whole or not at all.

A file gets its name only when it is complete. `config.toml` gets it last and carries checksums of itself and of the
other files that make up the model, so a folder whose checksums agree holds one consistent model.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import stat
import tomllib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cct_text.atomic_writes import remove_parts, write_atomically
from cct_text.config import Config
from cct_text.errors import DataError, UsageError

if TYPE_CHECKING:
    import numpy as np

FORMAT = 1
"""Version of the run folder's format; a folder of another version is refused."""

CONFIG = "config.toml"
TOKENIZER = "tokenizer.json"
WEIGHTS = "model.safetensors"
METRICS = "metrics.json"
HISTORY = "history.jsonl"
PREDICTIONS = "predictions.parquet"
REPORT = "report.html"
CARD = "README.md"
TOKENIZER_CONFIG = "tokenizer_config.json"
BESIDE = "baselines"
"""Folder of baselines that were trained on the same rows."""
STATE = "state"
EXPORT = "export.json"
"""The file that makes a folder an exported model instead: what is in it, with checksums."""
_FILES = (CONFIG, TOKENIZER, WEIGHTS, METRICS, HISTORY, PREDICTIONS, REPORT)


def sha256_of(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class ModelFiles:
    """What a saved model consists of, before anything of it is built.

    Attributes:
        config: the options of the run.
        labels: class names in the order of the logits.
        tokenizer: the text of `tokenizer.json`.
        weights: arrays by name.
        temperature: that the logits are divided by, above 0.
        class_of_label: of each label that was learned, negative where it belongs to no class; None where the labels are
            the classes.
        thresholds: of each label, in (0, 1), the probability from which on a text has it; None where a text has one label.
    """

    config: Config
    labels: tuple[str, ...]
    tokenizer: str
    weights: Mapping[str, np.ndarray]
    temperature: float
    class_of_label: tuple[int, ...] | None = None
    thresholds: tuple[float, ...] | None = None


class RunFolder:
    """A folder that holds a run; nothing is created before something is written."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def file(self, name: str) -> Path:
        """Path of a file of the run."""
        return self.path / name

    def exists(self) -> bool:
        """Whether the folder holds a finished model."""
        return self.file(CONFIG).is_file()

    def remove(self, *names: str) -> None:
        """Remove files of the run, as far as they are there.

        Raises:
            UsageError: if one cannot be removed.
        """
        for name in names:
            try:
                self.file(name).unlink(missing_ok=True)
            except OSError as error:
                raise UsageError(f"{self.file(name)}: cannot remove: {error.strerror}") from None

    def remove_parts(self, *others: str) -> None:
        """Remove what a process that was killed while it wrote a run's file, or one of `others`, left of it."""
        for name in (*_FILES, *others):
            remove_parts(self.file(name))

    def occupied_by(self) -> str | None:
        """A file in the folder that has the name of one of a run's."""
        return next((name for name in _FILES if self.file(name).exists()), None)

    def require_writable(self) -> None:
        """See that the folder can be made or written to, before work is done whose result has nowhere to go.

        Raises:
            UsageError: if it cannot.
        """
        if self.path.is_symlink() and not self.path.exists():
            raise UsageError(
                f"{self.path}: a link to {self.path.readlink()}, which is not there; make that folder first"
            )
        nearest = next(path for path in (self.path, *self.path.absolute().parents) if path.exists())
        if not nearest.is_dir():
            raise UsageError(f"{self.path}: cannot write: {nearest} is not a folder")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise UsageError(f"{self.path}: cannot write: no permission in {nearest}")

    def write_model(self, files: ModelFiles) -> None:
        """Write configuration, tokenizer and weights; where one cannot be written, an older model stays as it is.

        Raises:
            UsageError: if the folder cannot be written to.
        """
        import numpy as np
        import tomli_w
        from safetensors.numpy import save

        with ExitStack() as stack:
            # The last one entered is the first to get its name.
            config, tokenizer, weights = (
                stack.enter_context(write_atomically(self.file(name))) for name in (CONFIG, TOKENIZER, WEIGHTS)
            )
            tokenizer.write_text(files.tokenizer, encoding="utf-8")
            # Not by save_file, which tells a full disk by an exception of its own.
            weights.write_bytes(save({name: np.ascontiguousarray(array) for name, array in files.weights.items()}))
            checksums = {TOKENIZER: sha256_of(tokenizer), WEIGHTS: sha256_of(weights)}
            temperature = float(files.temperature)  # TOML tells 1 from 1.0
            run = {"format": FORMAT, "labels": list(files.labels), "temperature": temperature, "sha256": checksums}
            if files.class_of_label is not None:
                run["class_of_label"] = list(files.class_of_label)
            if files.thresholds is not None:
                run["thresholds"] = list(map(float, files.thresholds))
            document = {"run": run, **files.config.to_dict()}
            run["options"] = number_of_options(document)
            checksums[CONFIG] = _document_sha256(document)
            config.write_text(tomli_w.dumps(document), encoding="utf-8")

    def read_model(self) -> ModelFiles:
        """Read the model's files.

        Raises:
            DataError: if the folder or a file is missing, damaged, or of another format; the file is named.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load as load_arrays

        config, run = self._read_config()
        contents = {}
        for name in (TOKENIZER, WEIGHTS):
            contents[name] = self.read(name)
            if hashlib.sha256(contents[name]).hexdigest() != run["sha256"].get(name):
                raise self.damaged(name, f"its SHA-256 is not the one in {CONFIG}")
        try:
            weights = load_arrays(contents[WEIGHTS])
        except SafetensorError as error:
            raise self.damaged(WEIGHTS, str(error)) from None
        tokenizer = contents[TOKENIZER].decode("utf-8", errors="replace")
        class_of_label = tuple(run["class_of_label"]) if "class_of_label" in run else None
        thresholds = tuple(run["thresholds"]) if "thresholds" in run else None
        return ModelFiles(
            config, tuple(run["labels"]), tokenizer, weights, run["temperature"], class_of_label, thresholds
        )

    def config_with(self, config: Config) -> str:
        """What `config.toml` would be with other options, in a copy of this folder.

        Raises:
            DataError: if `config.toml` is missing, damaged, or of another format.
        """
        import tomli_w

        _, run = self._read_config()
        document = {"run": run, **config.to_dict()}
        run["options"] = number_of_options(document)
        run["sha256"][CONFIG] = _document_sha256(document)
        return tomli_w.dumps(document)

    def read_config(self) -> Config:
        """The options of the run.

        Raises:
            DataError: if `config.toml` is missing, damaged, or of another format.
        """
        return self._read_config()[0]

    def _read_config(self) -> tuple[Config, dict[str, Any]]:
        """The options, and the table [run] of `config.toml`, whose entries are of the right types."""
        # Path raises for a name too long.
        if not os.path.exists(self.file(CONFIG)) and os.path.exists(self.file(STATE)):  # noqa: PTH110
            raise DataError("the run was interrupted; repeat its command with --resume", path=self.path)
        if not os.path.isdir(self.path):  # noqa: PTH112
            raise DataError("no such run folder; `cct-text train DATASET --out DIR` makes one", path=self.path)
        text = self.read(CONFIG).decode("utf-8", errors="replace")
        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise self.damaged(CONFIG, str(error)) from None
        run = document.get("run")
        if not isinstance(run, dict) or type(run.get("format")) is not int:
            raise DataError("has no [run] table with a format; is this a run folder?", path=self.file(CONFIG))
        if run["format"] != FORMAT:
            raise DataError(
                f"run folder of format {run['format']}, this version reads format {FORMAT}; "
                "use the version of cct-text that wrote it, or train again",
                path=self.file(CONFIG),
            )
        checksums = run.get("sha256")
        if not isinstance(checksums, dict) or checksums.get(CONFIG) != _document_sha256(document):
            raise self.damaged(CONFIG, "it is not as it was written, by its own SHA-256")
        if (fault := fault_of_answers(run)) is not None:
            raise self.damaged(CONFIG, f"[run] {fault}")
        if (classes := run.get("class_of_label")) is not None and (
            not isinstance(classes, list)
            or not all(type(index) is int and index >= -1 for index in classes)
            or {index for index in classes if index >= 0} != set(range(len(run["labels"])))
        ):
            raise self.damaged(CONFIG, "[run] class_of_label is not a list of numbers of all labels")
        try:
            config = Config().with_toml(text, source=str(self.file(CONFIG)))
        except UsageError as error:
            raise DataError(f"{error}") from None
        if run.get("options", found := number_of_options(document)) != found:
            raise self.damaged(CONFIG, f"it has {found} options, not the {run['options']} that were written")
        if config.data.multi_label != (run.get("thresholds") is not None):
            raise self.damaged(CONFIG, "[run] thresholds and multi_label do not go together")
        return config, run

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a JSON file of the run."""
        with write_atomically(self.file(name)) as path:
            path.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file of the run.

        Raises:
            DataError: if it is missing or is no JSON object.
        """
        try:
            value = _from_json(self.read(name))
        except (ValueError, RecursionError) as error:
            raise self.damaged(name, str(error)) from None
        if not isinstance(value, dict):
            raise self.damaged(name, "not a JSON object")
        return value

    def write_history(self, records: list[dict[str, Any]]) -> None:
        """Write `history.jsonl`, one line per epoch."""
        with write_atomically(self.file(HISTORY)) as path:
            path.write_text("".join(json.dumps(record, allow_nan=False) + "\n" for record in records), encoding="utf-8")

    def read_history(self) -> list[dict[str, Any]]:
        """Read `history.jsonl`.

        Raises:
            DataError: if it is missing or damaged.
        """
        try:
            return [dict(_from_json(line)) for line in self.read(HISTORY).splitlines()]
        except (ValueError, TypeError, RecursionError) as error:
            raise self.damaged(HISTORY, str(error)) from None

    def read(self, name: str) -> bytes:
        """Content of a file of the run.

        Raises:
            DataError: if it cannot be read.
        """
        try:
            if stat.S_ISFIFO(self.file(name).stat().st_mode):
                raise OSError(errno.EINVAL, "a named pipe")  # nobody may ever write to it
            return self.file(name).read_bytes()
        except OSError as error:
            raise DataError(
                f"cannot read: {error.strerror}; the run folder is not complete, train again or copy it anew",
                path=self.file(name),
            ) from None

    def damaged(self, name: str, what: str) -> DataError:
        """The error that a file of the run is not as it was written, and what shows it."""
        if self.file(STATE).exists():
            # Between the new weights and the new configuration of a run that replaces another one, say.
            return DataError(f"{what}; the run was interrupted; repeat its command with --resume", path=self.file(name))
        return DataError(f"damaged: {what}; copy the run folder anew or train again", path=self.file(name))


def fault_of_answers(document: Mapping[str, Any]) -> str | None:
    """What is wrong with the labels, the temperature or the thresholds that a file says a model has; None where nothing is."""
    labels, temperature, thresholds = (document.get(name) for name in ("labels", "temperature", "thresholds"))
    fewest, in_words = (2, "two") if thresholds is None else (1, "one")
    if (
        not isinstance(labels, list)
        or not all(isinstance(label, str) for label in labels)
        or len(set(labels)) != len(labels)
        or len(labels) < fewest
    ):
        return f"labels is not a list of {in_words} or more different strings"
    if not isinstance(temperature, float) or not 0.0 < temperature < math.inf:
        return f"temperature is {temperature!r}, not a finite float above 0"
    if thresholds is not None and (
        not isinstance(thresholds, list)
        or len(thresholds) != len(labels)
        or not all(isinstance(one, float) and 0.0 < one < 1.0 for one in thresholds)
    ):
        return "thresholds is not a list of a float between 0 and 1 for each label"
    return None


def number_of_options(document: Mapping[str, Any]) -> int:
    """How many options a document of sections has, its table [run] aside.

    It is written beside them: one that is gone would be read as its default, and the model compute something else.
    """
    return sum(len(options) for name, options in document.items() if name != "run" and isinstance(options, Mapping))


def _from_json(text: bytes) -> Any:  # noqa: ANN401 - any JSON
    """JSON with finite numbers: others are never written, and could not be written again."""
    return json.loads(text, parse_float=_finite, parse_constant=_finite)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is no finite number")
    return value


def _document_sha256(document: Mapping[str, Any]) -> str:
    """Checksum of all values of a `config.toml` but itself; comments, order and line ends do not count."""
    run = document["run"]
    others = {name: checksum for name, checksum in run["sha256"].items() if name != CONFIG}
    values = {**document, "run": {**run, "sha256": others}}
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()
