"""Logits by torch, for a GPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from cct_text.errors import UsageError
from cct_text.model.forward import predict_logits
from cct_text.model.persistence import restore_network
from cct_text.model.saved import SavedModel
from cct_text.text.tokenizer import EncodedTexts


def logits_on(model: SavedModel, device: str) -> Callable[[EncodedTexts], np.ndarray]:
    """A function from N encoded texts to their logits (N, C) float32 that computes on a device.

    Raises:
        UsageError: if there is no such device.
    """
    network = restore_network(model)
    try:
        network.to(device)
    except (RuntimeError, AssertionError) as error:  # an unknown name; a device that is not here
        raise UsageError(f"device {device!r}: {str(error).splitlines()[0]}") from None
    return partial(predict_logits, network, max_words=model.config.text.max_words)
