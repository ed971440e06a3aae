"""What every exported folder says of itself: the tokenizer for other programs, export.json, README.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tokenizers

from cct_text.artifacts import EXPORT, TOKENIZER, number_of_options, sha256_of
from cct_text.hub.names import HUB_PREFIX
from cct_text.inference.exported import FORMAT, manifest_sha256
from cct_text.markdown import escaped
from cct_text.model.saved import SavedModel
from cct_text.text.tokenizer import Tokenizer
from cct_text.text.vocabulary import PAD, SPECIAL_WORDS


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write tokenizer.json, which pads the texts of a batch to the longest of them."""
    portable = tokenizers.Tokenizer.from_str(tokenizer.to_json())
    portable.enable_padding(pad_id=PAD, pad_token=SPECIAL_WORDS[PAD])
    (folder / TOKENIZER).write_text(portable.to_str(), encoding="utf-8")


def manifest(target: str, model: SavedModel, folder: Path, files: Mapping[str, str]) -> dict[str, Any]:
    """What export.json says of any export; a target adds what it checked.

    Args:
        target: what it was exported to.
        model: the run's.
        folder: with the files in it.
        files: name of a file for each precision.
    """
    return {
        "format": FORMAT,
        "target": target,
        "cct_text": version("cct-text"),
        "labels": list(model.labels),
        "temperature": float(model.temperature),
        "thresholds": None if model.thresholds is None else list(model.thresholds),
        "config": model.config.to_dict(),
        "options": number_of_options(model.config.to_dict()),
        "sha256": {TOKENIZER: sha256_of(folder / TOKENIZER)},
        "models": {
            precision: {
                "file": name,
                "bytes": (folder / name).stat().st_size,
                "sha256": sha256_of(folder / name),
            }
            for precision, name in files.items()
        },
    }


def write_manifest(document: dict[str, Any], folder: Path, usage: str) -> None:
    """Write export.json, with its checksum, and README.md with what it says and how the files are used."""
    document["sha256"][EXPORT] = manifest_sha256(document)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / EXPORT).write_text(text + "\n", encoding="utf-8")
    (folder / "README.md").write_text(_readme(document, usage), encoding="utf-8")


def _readme(document: Mapping[str, Any], usage: str) -> str:
    config = document["config"]
    trained_on = config["data"]["dataset"]
    if not trained_on.startswith(HUB_PREFIX):
        trained_on = Path(trained_on).name
    sizes = [f"| `{model['file']}` | {model['bytes'] / 1e6:.2f} MB |" for model in document["models"].values()]
    return f"""# A text classifier of cct-text, for {document["target"]}

- Model: {config["model"]["model"]}, trained on {escaped(trained_on)}
- Labels: {escaped(", ".join(document["labels"]))}
- Words read of a text: {config["text"]["max_words"]} ({config["text"]["long"]})
- Written by cct-text {document["cct_text"]}

| file | size |
| --- | --- |
{chr(10).join(sizes)}

`export.json` holds the labels, the options of the run, checksums, and what was checked and measured.

{usage}"""
