"""Logits for many texts: the forward pass over length-bucketed batches, shared by evaluation and prediction."""

from __future__ import annotations

import numpy as np
import torch

from cct_text.model.network import TextNetwork
from cct_text.text.batching import batches
from cct_text.text.encoded import Chunks

WORDS_IN_A_BATCH = 65_536
"""Words, pads included, of one forward pass: bounds its memory however long the texts may be."""
LARGEST_BATCH = 256
"""Texts of one forward pass at most; more are no faster."""


@torch.inference_mode()
def predict_logits(network: TextNetwork, texts: Chunks, *, batch_size: int | None = None) -> np.ndarray:
    """Logits (N, C) float32 of N texts, in their order; independent of batch size and batch mates up to rounding.

    Args:
        network: the model, on any device; it is put into evaluation mode.
        texts: what is read of N texts.
        batch_size: chunks in one forward pass; as many as keep its memory bounded when not given.
    """
    encoded = texts.encoded
    longest = int(encoded.lengths.max(initial=1))
    batch_size = batch_size or max(1, min(LARGEST_BATCH, WORDS_IN_A_BATCH // longest))
    network.eval()
    device = next(network.parameters()).device
    logits = np.zeros((len(encoded), network.num_classes), dtype=np.float32)
    for batch in batches(encoded, batch_size):
        output = network(torch.from_numpy(batch.ids).to(device), torch.from_numpy(batch.mask).to(device))
        logits[batch.rows] = output.float().cpu().numpy()
    return texts.of_texts(logits)
