"""Logits by torch, for a GPU."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from cct_text.errors import UsageError
from cct_text.model.forward import predict_logits
from cct_text.model.persistence import restore_network
from cct_text.model.saved import SavedModel
from cct_text.text.encoded import EncodedTexts
from cct_text.text.vocabulary import UNK


def logits_on(model: SavedModel, device: str, precision: str) -> Callable[[EncodedTexts], np.ndarray]:
    """A function from N encoded texts to their logits (N, C) float32 that computes on a device, in fp32 or bf16.

    Raises:
        UsageError: if there is no such device.
    """
    network = restore_network(model)
    text = model.config.text

    def logits(encoded: EncodedTexts) -> np.ndarray:
        chunks = encoded.chunks(text.max_words, text.long)
        return predict_logits(network, model.tokenizer.vocabulary.bigrams.found_in_chunks(chunks))

    try:
        network.to(device, torch.bfloat16 if precision == "bf16" else torch.float32)
        logits(EncodedTexts(np.array([UNK], np.int32), np.array([0, 1], np.int64)))
    except (RuntimeError, AssertionError) as error:  # an unknown name; a device that is not here or cannot compute
        raise UsageError(f"device {device!r}: {str(error).splitlines()[0]}") from None
    return logits
