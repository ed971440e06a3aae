"""`--to onnx`: a file for each precision, compared with the library before anyone sees it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cct_text.atomic_writes import write_folder_atomically
from cct_text.errors import UsageError, unknown_name
from cct_text.export.calibration import input_ranges
from cct_text.export.check import Sample, take_sample
from cct_text.export.folder import model_of
from cct_text.export.manifest import manifest, write_manifest, write_tokenizer
from cct_text.export.measure import measure, measured_rows
from cct_text.export.network import INPUT, LOGITS, WEIGHTS, onnx_network
from cct_text.export.storage import Float16, Float32, Int8, Storage
from cct_text.export.usage import ONNX, usage
from cct_text.extras import EXTRAS
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.exported import ExportedFile, ExportedModel
from cct_text.inference.on_onnx import OnnxEngine
from cct_text.model.saved import SavedModel

FILES = {"fp32": "model.onnx", "fp16": "model_fp16.onnx", "int8": "model_int8.onnx"}
"""Of each precision."""


def export_onnx(
    run: str | Path, out: str | Path, *, precisions: Sequence[str] = ("fp32",), measure_on: str | None = None
) -> dict[str, Any]:
    """Write a run as ONNX files, with all that is needed to use them.

    Args:
        run: the run folder; its test rows are among those that are compared.
        out: folder to write; it appears when it is whole and checked.
        precisions: of the files, names in `FILES`; the first is what `TextClassifier` takes by itself.
        measure_on: `dev` or `test` of the run's data set, a labelled file or a data set, to measure accuracy and speed on.

    Returns:
        What export.json says.

    Raises:
        DataError: if the run is damaged, or what a file says is not what the run says.
        ResourceError: if onnx or onnxruntime is not installed, or the data to measure on are not here.
        UsageError: if there is no such precision, it cannot hold the weights, or `out` cannot be written.
    """
    for precision in precisions:
        if precision not in FILES:
            raise UsageError(f"--precision: {unknown_name('precision', precision, FILES)}")
    EXTRAS["onnx"].require()
    with write_folder_atomically(out) as folder:
        model = model_of(run)
        reference = TextClassifier(model, precision="fp32")
        rows = None if measure_on is None else measured_rows(reference, measure_on)
        write_tokenizer(model.tokenizer, folder)
        files = {precision: FILES[precision] for precision in precisions}
        for precision, name in files.items():
            (folder / name).write_bytes(onnx_network(model, _storage(precision, model)).SerializeToString())
        document = manifest("onnx", model, folder, files)
        engines = _engines(model, folder, document)
        sample = take_sample(Path(run), reference, folder)
        checked = {precision: _check(engine, sample) for precision, engine in engines.items()}
        document["checked"] = {"texts": len(sample.texts), "models": checked}
        if rows is not None:
            document["measured"] = {"on": measure_on, **measure(reference, engines, rows)}
        write_manifest(document, folder, usage(ONNX, FILES[precisions[0]], several=model.thresholds is not None))
    return document


def _storage(precision: str, model: SavedModel) -> Storage:
    if precision == "int8":
        return Int8(input_ranges(model))
    return Float16() if precision == "fp16" else Float32()


def _engines(model: SavedModel, folder: Path, document: dict[str, Any]) -> dict[str, OnnxEngine]:
    """What computes each file."""
    files = {
        precision: ExportedFile(folder / of_file["file"], of_file["sha256"])
        for precision, of_file in document["models"].items()
    }
    exported = ExportedModel(
        folder, model.config, model.labels, model.tokenizer, model.temperature, files, model.thresholds
    )
    return {precision: OnnxEngine(exported, precision) for precision in files}


def _check(engine: OnnxEngine, sample: Sample) -> dict[str, Any]:
    """One file against the library, run as by whoever has the file alone: batches as they come, which it cuts itself."""

    def network(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, weights = engine.session.run([LOGITS, WEIGHTS], {INPUT: ids})
        return logits, weights

    return sample.compare(FILES[engine.precision], network, exact=engine.precision == "fp32")
