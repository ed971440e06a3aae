"""The run folder: what is in it, read and written whole or not at all.

A file gets its name only when it is complete. `config.toml` is written last and carries the checksums of the files that
make up the model, so a folder with a readable `config.toml` whose checksums agree holds one consistent model.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cct_text.config import Config
from cct_text.errors import DataError, UsageError

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 1
"""Version of the run folder's format; a folder of another version is refused."""

CONFIG = "config.toml"
TOKENIZER = "tokenizer.json"
WEIGHTS = "model.safetensors"
METRICS = "metrics.json"
HISTORY = "history.jsonl"
PREDICTIONS = "predictions.parquet"
STATE = "state"


@contextmanager
def write_atomically(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name when the block ends well and is removed when it does not.

    Raises:
        UsageError: if the folder cannot be written to or the disk is full.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        # mkstemp makes files private; a result is as readable as any file the user creates.
        temporary.chmod(0o666 & ~_umask())
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot write: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


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
        weights: tensors by name.
    """

    config: Config
    labels: tuple[str, ...]
    tokenizer: str
    weights: Mapping[str, Tensor]


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

    def write_model(self, files: ModelFiles) -> None:
        """Write tokenizer, weights and, last, the configuration with their checksums."""
        import tomli_w
        from safetensors.torch import save_file

        # A config of an older model must not stand beside half of a newer one.
        self.file(CONFIG).unlink(missing_ok=True)
        with write_atomically(self.file(TOKENIZER)) as path:
            path.write_text(files.tokenizer, encoding="utf-8")
        with write_atomically(self.file(WEIGHTS)) as path:
            save_file({name: tensor.contiguous() for name, tensor in files.weights.items()}, path)
        run = {
            "format": FORMAT,
            "labels": list(files.labels),
            "sha256": {name: sha256_of(self.file(name)) for name in (TOKENIZER, WEIGHTS)},
        }
        with write_atomically(self.file(CONFIG)) as path:
            path.write_text(tomli_w.dumps({"run": run}) + "\n" + files.config.to_toml(), encoding="utf-8")

    def read_model(self) -> ModelFiles:
        """Read the model's files.

        Raises:
            DataError: if the folder or a file is missing, damaged, or of another format; the file is named.
        """
        from safetensors.torch import load as load_tensors

        if not self.path.is_dir():
            raise DataError("no such run folder; `cct-text train DATASET --out DIR` makes one", path=self.path)
        text = self._read(CONFIG).decode("utf-8", errors="replace")
        try:
            run = tomllib.loads(text).get("run")
        except tomllib.TOMLDecodeError as error:
            raise DataError(
                f"damaged: {error}; copy the run folder anew or train again", path=self.file(CONFIG)
            ) from None
        if not isinstance(run, dict) or not isinstance(run.get("format"), int):
            raise DataError("has no [run] table with a format; is this a run folder?", path=self.file(CONFIG))
        if run["format"] != FORMAT:
            raise DataError(
                f"run folder of format {run['format']}, this version reads format {FORMAT}; "
                "use the version of cct-text that wrote it, or train again",
                path=self.file(CONFIG),
            )
        labels, checksums = run.get("labels"), run.get("sha256")
        if not isinstance(labels, list) or len(labels) < 2 or not all(isinstance(label, str) for label in labels):
            raise DataError("damaged: [run] labels is not a list of two or more strings", path=self.file(CONFIG))
        if not isinstance(checksums, dict):
            raise DataError("damaged: [run.sha256] is missing", path=self.file(CONFIG))
        try:
            config = Config().with_toml(text, source=str(self.file(CONFIG)))
        except UsageError as error:
            raise DataError(f"{error}") from None
        contents = {}
        for name in (TOKENIZER, WEIGHTS):
            contents[name] = self._read(name)
            if hashlib.sha256(contents[name]).hexdigest() != checksums.get(name):
                raise DataError(
                    f"damaged: its SHA-256 is not the one in {CONFIG}; copy the run folder anew or train again",
                    path=self.file(name),
                )
        return ModelFiles(
            config=config,
            labels=tuple(labels),
            tokenizer=contents[TOKENIZER].decode("utf-8"),
            weights=load_tensors(contents[WEIGHTS]),
        )

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a JSON file of the run."""
        with write_atomically(self.file(name)) as path:
            path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file of the run.

        Raises:
            DataError: if it is missing or is no JSON object.
        """
        try:
            value = json.loads(self._read(name))
        except ValueError as error:
            raise DataError(f"damaged: {error}", path=self.file(name)) from None
        if not isinstance(value, dict):
            raise DataError("damaged: not a JSON object", path=self.file(name))
        return value

    def write_history(self, records: list[dict[str, Any]]) -> None:
        """Write `history.jsonl`, one line per epoch."""
        with write_atomically(self.file(HISTORY)) as path:
            path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")

    def _read(self, name: str) -> bytes:
        try:
            return self.file(name).read_bytes()
        except OSError as error:
            raise DataError(
                f"cannot read: {error.strerror}; the run folder is not complete, train again or copy it anew",
                path=self.file(name),
            ) from None
