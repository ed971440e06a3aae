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
        content = file.read()
        self.num_classes = len(model.labels)
        try:
            self.session = new_session(content)
            found = {output.name: output.shape for output in self.session.get_outputs()}
            if len(found["logits"]) != 2 or found["logits"][1] != self.num_classes:
                raise ValueError(f"its logits are {found['logits']}, not of {self.num_classes} labels")
        except CCTTextError:
            raise
        except Exception as error:  # ONNX Runtime has an exception for each way in which a graph can be wrong
            reason = str(error).partition("\n")[0]
            raise DataError(f"damaged: {reason}; copy it anew or export again", path=file.path) from None
        self.max_words, self.long = model.config.text.max_words, model.config.text.long

    def logits(self, encoded: EncodedTexts) -> np.ndarray:
        """Logits (N, C) float32 of N texts, in their order, divided by the temperature."""
        # The graph cuts long texts as well, but all of a batch would be as wide as the longest until then.
        chunks = encoded.chunks(self.max_words, self.long)
        logits = np.zeros((len(chunks.encoded), self.num_classes), np.float32)
        for batch in batches_of_words(chunks.encoded):
            (logits[batch.rows],) = self.session.run(["logits"], {"ids": batch.ids})
        return chunks.of_texts(logits)

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
