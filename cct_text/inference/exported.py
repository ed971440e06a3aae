"""An exported model as files: what prediction needs of the folder that `cct-text export RUN --to onnx` wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from cct_text.artifacts import EXPORT, TOKENIZER, fault_of_answers, number_of_options
from cct_text.config import Config
from cct_text.errors import DataError, UsageError
from cct_text.text.tokenizer import Tokenizer

FORMAT = 1
"""Version of `export.json`; a folder of another version is refused."""


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
        thresholds: of each label, the probability from which on a text has it; None where a text has one label.
    """

    path: Path
    config: Config
    labels: tuple[str, ...]
    tokenizer: Tokenizer
    temperature: float
    files: Mapping[str, ExportedFile]
    thresholds: tuple[float, ...] | None = None

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
        sections = document["config"].items()
        options = {f"{section}.{name}": value for section, values in sections for name, value in values.items()}
        try:
            config = Config().with_values(options, source=str(path / EXPORT))
        except UsageError as error:
            raise DataError(str(error)) from None
        thresholds = document.get("thresholds")
        if config.data.multi_label != (thresholds is not None):
            fault = "thresholds and multi_label do not go together"
            raise DataError(f"damaged: {fault}; copy it anew or export again", path=path / EXPORT)
        tokenizer = ExportedFile(path / TOKENIZER, document["sha256"][TOKENIZER])
        text = tokenizer.read().decode("utf-8", errors="replace")
        models = document["models"].items()
        return cls(
            path=path,
            config=config,
            labels=tuple(document["labels"]),
            tokenizer=Tokenizer.from_json(text, source=str(tokenizer.path)),
            temperature=document["temperature"],
            files={precision: ExportedFile(path / model["file"], model["sha256"]) for precision, model in models},
            thresholds=None if thresholds is None else tuple(thresholds),
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
        if type(document["format"]) is not int:
            raise ValueError("no format")
        if document["format"] == FORMAT and document["sha256"].get(EXPORT) != manifest_sha256(document):
            raise ValueError("its checksum is another")
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", path=path) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"damaged: {error}; copy it anew or export again", path=path) from None
    if document["format"] != FORMAT:
        raise DataError(f"format {document['format']}, this version reads {FORMAT}; export the run again", path=path)
    if (fault := _fault(document)) is not None:
        raise DataError(f"damaged: {fault}; copy it anew or export again", path=path)
    return document


def _fault(document: Mapping[str, Any]) -> str | None:
    """What is missing or not as `cct-text export` writes it, whatever the checksum says."""
    config = document.get("config")
    if not isinstance(document.get("target"), str):
        return "no target"
    if (fault := fault_of_answers(document)) is not None:
        return fault
    if not isinstance(config, dict) or not all(isinstance(options, dict) for options in config.values()):
        return "config is not sections of options"
    if (found := number_of_options(config)) != document.get("options", found):
        return f"it has {found} options, not the {document['options']} that were written"
    if not isinstance(document["sha256"].get(TOKENIZER), str):
        return f"no checksum of {TOKENIZER}"
    return None if _are_files(document.get("models")) else "models is not a table of files with checksums"


def _are_files(models: object) -> bool:
    """Whether these are files in the folder by the names of precisions."""
    return (
        isinstance(models, dict)
        and bool(models)
        and all(
            isinstance(model, dict)
            and isinstance(model.get("sha256"), str)
            and isinstance(model.get("file"), str)
            and Path(model["file"]).name == model["file"]
            for model in models.values()
        )
    )
