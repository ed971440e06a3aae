"""Write the table of docs/export.md from docs/results/exports.json.

cct-text export runs/trec --to onnx -o exports/trec --precision fp32 --precision fp16 --precision int8 --measure test
python -m benchmarks.exports exports/trec  # keeps what was measured, and writes the page
python -m benchmarks.exports               # writes it again
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.markdown import rewritten, table

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "results" / "exports.json"
PAGE = ROOT / "docs" / "export.md"
PART = "measured"


def kept(export: Path) -> dict[str, Any]:
    """What is kept of an exported folder's export.json."""
    document = json.loads((export / "export.json").read_text(encoding="utf-8"))
    if "measured" not in document:
        raise SystemExit(f"{export}: nothing was measured; export with --measure test")
    return {
        "dataset": document["config"]["data"]["dataset"],
        "seed": document["config"]["training"]["seed"],
        "files": {name: {key: model[key] for key in ("file", "bytes")} for name, model in document["models"].items()},
        "measured": document["measured"],
    }


def measured_table(found: dict[str, Any]) -> str:
    """The table, and the conditions below it."""
    measured = found["measured"]
    rows = [
        (
            f"`{model['file']}`",
            f"{model['bytes'] / 1e6:.2f} MB",
            f"{measured['models'][name]['accuracy']:.2%}",
            f"{measured['models'][name]['same_labels']:.2%}",
            f"{measured['models'][name]['speed']:.2f}",
        )
        for name, model in found["files"].items()
    ]
    header = (
        f"`{found['dataset']}` {measured['on']}, {measured['rows']:,} rows",
        "size",
        "accuracy",
        "same labels",
        "speed",
    )
    own = ("the run in fp32", "", f"{measured['accuracy']:.2%}", "", "1.00")
    conditions = f"Seed {found['seed']}; {measured['processor']}, onnxruntime {measured['onnxruntime']}."
    return table(header, [own, *rows]) + f"\n{conditions}\n"


def main() -> None:
    """Keep a measurement if one is named, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path, nargs="?", help="folder that `cct-text export --measure test` wrote")
    export = parser.parse_args().export
    if export is not None:
        KEPT.write_text(json.dumps(kept(export), indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The text of docs/export.md with the table of the kept measurement."""
    found = json.loads(KEPT.read_text(encoding="utf-8"))
    return rewritten(PAGE.read_text(encoding="utf-8"), PART, measured_table(found))


if __name__ == "__main__":
    main()
