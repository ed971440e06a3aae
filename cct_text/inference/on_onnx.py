"""Logits by ONNX Runtime, from an exported model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cct_text.errors import CCTTextError, DataError, UsageError, unknown_name
from cct_text.extras import EXTRAS
from cct_text.inference.exported import ExportedModel
from cct_text.text.batching import batches_of_words
from cct_text.text.encoded import EncodedTexts

if TYPE_CHECKING:
    import onnxruntime


class OnnxEngine:
    """An exported network on the CPU, one thread for each call.

    Args:
        model: the exported model.
        precision: which of its files: as named there; `auto` is the first.

    Attributes:
        precision: the one chosen.

    Raises:
        DataError: if the file is missing or damaged.
        ResourceError: if onnxruntime is not installed.
        UsageError: if there is no file of that precision.
    """

    def __init__(self, model: ExportedModel, precision: str = "auto") -> None:
        self.precision = next(iter(model.files)) if precision == "auto" else precision
        if self.precision not in model.files:
            raise UsageError(
                f"{model.path}: {unknown_name('precision', precision, model.files)}; it was exported with these alone"
            )
        file = model.files[self.precision]
        try:
            self.session = new_session(file.read())
            shapes = {node.name: node.shape for node in (*self.session.get_inputs(), *self.session.get_outputs())}
        except CCTTextError:
            raise
        except Exception as error:  # onnxruntime has a dozen of its own
            raise DataError(f"damaged: onnxruntime cannot read it ({type(error).__name__})", path=file.path) from None
        if "ids" not in shapes or shapes.get("logits", [0])[-1] != len(model.labels):
            raise DataError(f"damaged: no network with {len(model.labels)} classes; export again", path=file.path)
        self.num_classes = len(model.labels)
        self.max_words, self.long = model.config.text.max_words, model.config.text.long

    def logits(self, encoded: EncodedTexts) -> np.ndarray:
        """Logits (N, C) float32 of N texts, in their order, divided by the temperature."""
        # The graph cuts long texts as well, but all of a batch would be as wide as the longest until then.
        encoded = encoded.shortened(self.max_words, self.long)
        logits = np.zeros((len(encoded), self.num_classes), np.float32)
        for batch in batches_of_words(encoded):
            (logits[batch.rows],) = self.session.run(["logits"], {"ids": batch.ids})
        return logits

    def word_weights(self, ids: np.ndarray) -> np.ndarray:
        """How much each word counts in the pooling: (S,) float32 for the ids (S,) of one text's words, summing to 1."""
        (weights,) = self.session.run(["weights"], {"ids": ids[None].astype(np.int64)})
        of_text: np.ndarray = weights[0]
        return of_text


def new_session(model: bytes) -> onnxruntime.InferenceSession:
    """A session on the CPU that computes in the calling thread and reports errors alone.

    Raises:
        ResourceError: if onnxruntime is not installed.
    """
    EXTRAS["onnx"].require("onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
