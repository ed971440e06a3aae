"""The ranges of what goes into a network's products, which int8 rounds to 256 steps."""

from __future__ import annotations

import numpy as np

from cct_text.export.graph import Graph
from cct_text.export.network import INPUT, onnx_network
from cct_text.export.storage import Float32
from cct_text.inference.on_onnx import new_session
from cct_text.model.saved import SavedModel
from cct_text.text.batching import batches_of_words
from cct_text.text.encoded import EncodedTexts
from cct_text.text.vocabulary import UNK

TEXTS = 256
LONGEST = 128
"""Words of the longest of these texts."""
WITHIN_BIGRAMS = 0.5
"""Share of their words that are in one, where the run has bigrams."""


class _Recorded(Float32):
    """Float32 that remembers what goes into each product."""

    def __init__(self) -> None:
        self.inputs: dict[str, str] = {}

    def product(self, graph: Graph, name: str, x: str, weight: np.ndarray) -> str:
        """As `Storage.product`."""
        self.inputs[name] = x
        graph.output(x, np.float32, None)
        return super().product(graph, name, x, weight)


def input_ranges(model: SavedModel) -> dict[str, tuple[float, float]]:
    """Least and largest number that goes into each product, 0 among them, on texts of random words.

    The words are drawn as they are in a language, the n-th most frequent one n times as rarely as the first. So no data
    are needed, and none are looked at that the model is measured on later.
    """
    recorded = _Recorded()
    session = new_session(onnx_network(model, recorded).SerializeToString())
    ranges = dict.fromkeys(recorded.inputs, (0.0, 0.0))
    for batch in batches_of_words(_random_texts(model)):
        values = session.run(list(recorded.inputs.values()), {INPUT: batch.ids})
        for name, value in zip(recorded.inputs, values, strict=True):
            low, high = ranges[name]
            ranges[name] = min(low, float(value.min())), max(high, float(value.max()))
    return ranges


def _random_texts(model: SavedModel) -> EncodedTexts:
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, min(model.config.text.max_words, LONGEST) + 1, TEXTS)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    words = len(model.tokenizer.vocabulary.words)
    ids = (UNK * np.exp(rng.uniform(0.0, np.log(words / UNK), offsets[-1]))).astype(np.int32).clip(UNK, words - 1)
    if pairs := model.tokenizer.vocabulary.pairs:
        # Words that are drawn one by one hardly ever make a frequent pair, and texts are full of them.
        places = np.arange(0, len(ids) - 1, 2)[rng.random(len(ids) // 2) < WITHIN_BIGRAMS]
        ids[places[:, None] + [0, 1]] = np.array(pairs)[rng.integers(0, len(pairs), len(places))]
    return EncodedTexts(ids, offsets)
