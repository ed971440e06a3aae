"""An exported model as files: what prediction needs of the folder that `cct-text export RUN --to onnx` wrote."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from cct_text.artifacts import TOKENIZER
from cct_text.config import Config
from cct_text.errors import DataError, UsageError
from cct_text.text.tokenizer import Tokenizer

EXPORT = "export.json"
"""The file that makes a folder an exported model: what is in it, with checksums."""
FORMAT = 1
"""Version of that file; a folder of another version is refused."""


@dataclass(frozen=True)
class ExportedFile:
    """A file of an export.

    Attributes:
        path: of the file.
        sha256: of its bytes when it was exported.
    """

    path: Path
    sha256: str

    def read(self) -> bytes:
        """The file's bytes.

        Raises:
            DataError: if it is missing, or not the file that was exported.
        """
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise DataError(f"cannot read: {error.strerror}; export the run again", path=self.path) from None
        if sha256(content).hexdigest() != self.sha256:
            raise DataError("damaged: not the file that was exported; copy it anew or export again", path=self.path)
        return content


@dataclass(frozen=True)
class ExportedModel:
    """Everything that prediction needs, the networks themselves as files.

    Attributes:
        path: the folder.
        config: the options of the run.
        labels: class names in the order of the logits.
        tokenizer: text to word ids.
        temperature: that the exported network divides its logits by.
        files: an ONNX file for each precision, the first one exported first.
    """

    path: Path
    config: Config
    labels: tuple[str, ...]
    tokenizer: Tokenizer
    temperature: float
    files: Mapping[str, ExportedFile]

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read an exported folder.

        Raises:
            DataError: if a file is missing, damaged or of another format; the file is named.
            UsageError: if it was exported for something else than ONNX Runtime.
        """
        path = Path(path)
        document = _read(path / EXPORT)
        if document["target"] != "onnx":
            raise UsageError(
                f"{path}: exported --to {document['target']}; predict with the run folder, or export it --to onnx"
            )
        try:
            config = Config().with_values(_options(document), source=str(path / EXPORT))
        except UsageError as error:
            raise DataError(f"{error}") from None
        tokenizer = ExportedFile(path / TOKENIZER, document["sha256"][TOKENIZER])
        models = document["models"].items()
        return cls(
            path=path,
            config=config,
            labels=tuple(document["labels"]),
            tokenizer=Tokenizer.from_json(tokenizer.read().decode(errors="replace"), source=str(tokenizer.path)),
            temperature=document["temperature"],
            files={precision: ExportedFile(path / model["file"], model["sha256"]) for precision, model in models},
        )


def manifest_sha256(document: Mapping[str, Any]) -> str:
    """Checksum of all that `export.json` says but itself; order, blanks and line ends do not count."""
    others = {name: checksum for name, checksum in document["sha256"].items() if name != EXPORT}
    return sha256(json.dumps({**document, "sha256": others}, sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    """What `export.json` says.

    Raises:
        DataError: if it is missing, damaged or of another version.
    """
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
        if document["format"] == FORMAT and document["sha256"].get(EXPORT) != manifest_sha256(document):
            raise ValueError("its checksum is another")
        if document["format"] == FORMAT:
            _require_whole(document)
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", path=path) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"damaged: {error}; copy it anew or export again", path=path) from None
    if document["format"] != FORMAT:
        raise DataError(f"format {document['format']}, this version reads {FORMAT}; export the run again", path=path)
    return document


def _require_whole(document: Mapping[str, Any]) -> None:
    """See that what is needed is there and of its type: a checksum that agrees says nothing about that.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: if it is not.
    """
    labels, temperature, models = document["labels"], document["temperature"], document["models"]
    texts = [document["target"], document["sha256"][TOKENIZER], *models]
    texts += [model[name] for model in models.values() for name in ("file", "sha256")]
    _options(document)
    if not isinstance(labels, list) or not models or not all(isinstance(text, str) for text in (*labels, *texts)):
        raise ValueError("labels, target, models or checksums are not what they should be")
    if len(labels) < 2 or len(set(labels)) != len(labels):
        raise ValueError("labels are not two or more different strings")
    if not isinstance(temperature, float) or not 0.0 < temperature < math.inf:
        raise ValueError(f"temperature is {temperature!r}, not a finite float above 0")


def _options(document: Mapping[str, Any]) -> dict[str, object]:
    """The options of the run by `section.name`."""
    sections = document["config"].items()
    return {f"{section}.{name}": value for section, values in sections for name, value in values.items()}
