"""The network as an ONNX graph: the arithmetic of `cct_text.inference.engine` in ONNX's operators, padding and masks included.

It is written out and not traced by `torch.onnx`, so that every product can be stored and computed in another precision,
the file is the same whichever torch is installed, and no torch is needed to write it. Notation as in
`cct_text.model.classifier`; a comment is the shape of a value when the graph runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from cct_text.export.graph import END, Graph
from cct_text.export.reading import Reading, reading_of, with_bigrams
from cct_text.export.storage import Storage
from cct_text.inference.engine import TIE
from cct_text.inference.kernels import EPSILON
from cct_text.model.geometry import POOL_PADDING, POOL_STRIDE, margins, sine_table
from cct_text.model.saved import EMBEDDING_WEIGHT, SavedModel
from cct_text.text.vocabulary import PAD

if TYPE_CHECKING:
    import onnx

INPUT, LOGITS, WEIGHTS = "ids", "logits", "weights"
"""Names of the input and the outputs."""
LOWEST = float(np.finfo(np.float32).min)
TINY = float(np.finfo(np.float32).tiny)
DESCRIPTION = f"""A text classifier of cct-text.
{INPUT}: word ids of the texts as tokenizer.json gives them, {PAD} behind the shorter ones. Long texts are cut in here.
{LOGITS}: divided by the run's temperature; their %s is the probabilities of the labels.%s
{WEIGHTS}: how much each word counted in the pooling; a text's sum to 1."""
ONE_LABEL = DESCRIPTION % ("softmax", "")
LABEL_SETS = DESCRIPTION % ("sigmoid", " A text has those that reach their thresholds, which may be none.")


def onnx_network(model: SavedModel, storage: Storage) -> onnx.ModelProto:
    """A saved model as an ONNX model from `ids` (B, S) int64 to `logits` (B, C) and `weights` (B, S), both float32.

    Args:
        model: the network.
        storage: how its word vectors and products are stored.

    Raises:
        UsageError: if its weights are more than an ONNX file can hold, or cannot be stored so.
    """
    graph = Graph()
    _Network(graph, model, storage).write()
    text = model.config.text
    metadata = {
        "labels": json.dumps(model.labels, ensure_ascii=False),
        "temperature": repr(float(model.temperature)),
        "max_words": str(text.max_words),
        "long": text.long,
        "model": model.config.model.model,
    }
    if model.thresholds is None:
        return graph.model(ONE_LABEL, metadata)
    return graph.model(LABEL_SETS, {**metadata, "thresholds": json.dumps(model.thresholds)})


class _Network:
    """Writes a network into a graph. Methods take and return names of values."""

    def __init__(self, graph: Graph, model: SavedModel, storage: Storage) -> None:
        self.graph = graph
        self.model = model
        self.storage = storage
        self.weights = model.weights
        self.architecture = model.architecture
        self.windows = model.architecture.windows
        self.max_words = model.config.text.max_words

    def write(self) -> None:
        """All of it, from the ids to both outputs."""
        g = self.graph
        ids = g.input(INPUT, np.int64, ["texts", "words"])  # (B, S)
        reading = reading_of(g, ids, self.model.config.text)
        read = reading.chunks  # (M, K)
        room = g.op("Gather", self._by_words("room", self.windows.room), g.size(read, 1))
        read = g.op("Pad", read, g.op("Concat", g.ints(0, 0, 0), room, axis=0), g.integer(PAD))  # (B, K + room)
        word_mask = self._not_pad(read)
        x = self._tokens(read)  # (B, T, D)
        place = g.range(g.size(x, 1))  # (T,)
        real = self._real(word_mask, place)  # (B, T)
        if self.architecture.pooling == "class-token":
            x, real = self._with_class_token(x, real)
        x = self._with_positions(x)
        bias = g.op("Unsqueeze", g.op("Where", real, g.number(0), g.number(LOWEST)), g.ints(1, 2))  # (B, 1, 1, T)
        attention = ""
        for layer in range(self.architecture.layers):
            x, attention = self._block(f"encoder.blocks.{layer}.", x, bias)
        x = self._norm("encoder.norm", x)
        pooled, weights = self._pooled(x, real, attention)  # (B, D), (B, T)
        reading.logits_of_texts(self._logits(pooled), LOGITS)
        g.output(LOGITS, np.float32, ["texts", len(self.model.labels)])
        reading.weights_of_texts(self._word_weights(weights, word_mask, place, reading), WEIGHTS)
        g.output(WEIGHTS, np.float32, ["texts", "words"])

    def _not_pad(self, ids: str) -> str:
        return self.graph.op("Not", self.graph.op("Equal", ids, self.graph.integer(PAD)))

    def _by_words(self, name: str, function: Callable[[int], int]) -> str:
        """What a function says of each number of words that is read: (max_words + 1,) int64."""
        return self.graph.weight(name, np.array([function(words) for words in range(self.max_words + 1)], np.int64))

    def _tokens(self, ids: str) -> str:
        """Word ids (B, S) to conv tokens (B, T, D)."""
        table = self.model.word_vectors.copy()
        table[PAD] = 0.0
        ids = with_bigrams(self.graph, ids, self.model.tokenizer.vocabulary.bigrams)
        x = self.storage.rows(self.graph, EMBEDDING_WEIGHT, table, ids)  # (B, S, E)
        for layer in range(self.architecture.conv_layers):
            x = self._convolution(f"tokenizer.layers.{layer}.weights.", x)
        return x

    def _convolution(self, name: str, x: str) -> str:
        """A convolution as `WindowConv` computes it, with the ReLU and the max-pool behind it."""
        g, windows = self.graph, self.windows
        kernels = self.architecture.kernels
        parts = [
            np.pad(self.weights[f"{name}{index}"], ((0, 0), (0, 0), margin))
            for index, margin in enumerate(margins(kernels))
        ]
        weight = np.concatenate(parts).transpose(2, 1, 0).reshape(-1, self.architecture.width)  # (P E, D)
        if windows.padding:
            x = self._padded(x, windows.padding)
        if windows.kernel > 1:
            ends = [tap + 1 - windows.kernel for tap in range(windows.kernel - 1)] + [END]
            taps = [g.slice(x, 1, g.ints(tap), g.ints(end), windows.stride) for tap, end in enumerate(ends)]
            x = g.op("Concat", *taps, axis=2)  # (B, T, P E)
        x = self.storage.product(g, name.rstrip("."), x, weight)  # (B, T, D)
        if windows.max_pool:
            # Zeros are as good as nothing beside what is compared: what is less becomes zero behind.
            x = self._padded(x, POOL_PADDING)
            x = g.op(
                "Max",
                g.slice(x, 1, g.ints(0), g.ints(-1), POOL_STRIDE),
                g.slice(x, 1, g.ints(1), g.ints(END), POOL_STRIDE),
            )
        return g.op("Relu", x) if windows.overlapping else x

    def _padded(self, x: str, width: int) -> str:
        """Zeros before and behind the words of (B, S, E)."""
        return self.graph.op("Pad", x, self.graph.ints(0, width, 0, 0, width, 0))

    def _real(self, word_mask: str, place: str) -> str:
        """Which tokens are real: (B, T) bool."""
        g = self.graph
        words = g.op("ReduceSum", g.cast(word_mask, np.int64), g.ints(1))  # (B, 1)
        first = g.op("Gather", self._by_words("first_token", lambda n: self.windows.real(n).first), words)  # (B, 1)
        last = g.op("Gather", self._by_words("last_token", lambda n: self.windows.real(n).last), words)  # (B, 1)
        return g.op("And", g.op("GreaterOrEqual", place, first), g.op("LessOrEqual", place, last))

    def _with_class_token(self, x: str, real: str) -> tuple[str, str]:
        """The class token before the others: (B, 1 + T, D), and their mask."""
        g = self.graph
        texts = g.size(x, 0)
        token = g.weight("class_token", self.weights["class_token"])  # (1, 1, D)
        tokens = g.op("Expand", token, g.op("Concat", texts, g.ints(1, 1), axis=0))  # (B, 1, D)
        true = g.op("Expand", g.weight("true", np.ones((1, 1), np.bool_)), g.op("Concat", texts, g.ints(1), axis=0))
        return g.op("Concat", tokens, x, axis=1), g.op("Concat", true, real, axis=1)

    def _with_positions(self, x: str) -> str:
        g, architecture = self.graph, self.architecture
        if architecture.positions == "none":
            return x
        if architecture.positions == "sine":
            table = sine_table(architecture.tokens(self.max_words), architecture.width)
        else:
            table = self.weights["position_embedding.positions"]
        return g.op("Add", x, g.slice(g.weight("positions", table), 0, g.ints(0), g.size(x, 1)))

    def _block(self, name: str, x: str, bias: str) -> tuple[str, str]:
        """An encoder block: (B, T, D), and its attention weights (B, H, T, T)."""
        g, heads, width = self.graph, self.architecture.heads, self.architecture.width
        weight = self.weights[f"{name}attention.qkv.weight"].T.copy()  # (D, 3 D)
        weight[:, :width] *= (width // heads) ** -0.5  # queries, so that no score needs it
        qkv = self.storage.product(g, f"{name}attention.qkv", self._norm(f"{name}norm1", x), weight)  # (B, T, 3 D)
        names = [f"{name}attention.{part}" for part in ("query", "key", "value")]
        split = g.ops("Split", qkv, names=names, axis=2, num_outputs=3)
        query, key, value = (g.op("Reshape", part, g.ints(0, 0, heads, width // heads)) for part in split)
        query, value = (g.op("Transpose", part, perm=(0, 2, 1, 3)) for part in (query, value))  # (B, H, T, D / H)
        key = g.op("Transpose", key, perm=(0, 2, 3, 1))  # (B, H, D / H, T)
        attention = g.op("Softmax", g.op("Add", g.op("MatMul", query, key), bias), axis=-1)  # (B, H, T, T)
        attended = g.op("Transpose", g.op("MatMul", attention, value), perm=(0, 2, 1, 3))  # (B, T, H, D / H)
        attended = g.op("Reshape", attended, g.ints(0, 0, width))  # (B, T, D)
        x = self._norm(f"{name}norm2", g.op("Add", x, self._linear(f"{name}attention.projection", attended)))
        hidden = g.op("Gelu", self._linear(f"{name}mlp.0", x))
        return g.op("Add", x, self._linear(f"{name}mlp.3", hidden)), attention

    def _norm(self, name: str, x: str) -> str:
        weight, bias = (
            self.graph.weight(f"{name}.{part}", self.weights[f"{name}.{part}"]) for part in ("weight", "bias")
        )
        return self.graph.op("LayerNormalization", x, weight, bias, axis=-1, epsilon=float(EPSILON))

    def _linear(self, name: str, x: str) -> str:
        product = self.storage.product(self.graph, name, x, self.weights[f"{name}.weight"].T)
        return self.graph.op("Add", product, self.graph.weight(f"{name}.bias", self.weights[f"{name}.bias"]))

    def _pooled(self, hidden: str, real: str, attention: str) -> tuple[str, str]:
        """One vector for each text, (B, D), and what each conv token counted, (B, T)."""
        g, pooling = self.graph, self.architecture.pooling
        if pooling == "class-token":
            attended = g.op("ReduceMean", g.op("Gather", attention, g.integer(0), axis=2), g.ints(1), keepdims=0)
            return g.op("Gather", hidden, g.integer(0), axis=1), g.slice(attended, 1, g.ints(1), g.ints(END))
        counted = g.cast(real, np.float32)  # (B, T)
        if pooling == "max":
            return self._max_pooled(hidden, real, counted)
        if pooling == "mean":
            total = g.op("ReduceSum", counted, g.ints(1))  # (B, 1)
            weights = g.op("Div", counted, g.op("Max", total, g.number(1)))
        else:
            # Without its bias, which moves all tokens alike: a softmax does not see it.
            score = g.weight("pooling.score", self.weights["pooling.score.weight"].T)  # (D, 1)
            scores = g.op("Squeeze", g.op("MatMul", hidden, score), g.ints(2))
            softmax = g.op("Softmax", g.op("Where", real, scores, g.number(LOWEST)), axis=1)
            weights = g.op("Mul", softmax, counted)
        pooled = g.op("MatMul", g.op("Unsqueeze", weights, g.ints(1)), hidden)  # (B, 1, D)
        return g.op("Squeeze", pooled, g.ints(1)), weights

    def _max_pooled(self, hidden: str, real: str, counted: str) -> tuple[str, str]:
        g = self.graph
        hidden = g.op("Where", g.op("Unsqueeze", real, g.ints(2)), hidden, g.number(LOWEST))
        best = g.op("ReduceMax", hidden, g.ints(1))  # (B, 1, D)
        any_real = g.op("Greater", g.op("ReduceMax", counted, g.ints(1)), g.number(0))  # (B, 1)
        pooled = g.op("Where", any_real, g.op("Squeeze", best, g.ints(1)), g.number(0))
        tie = g.op("Mul", g.op("Max", g.op("Abs", best), g.number(1)), g.number(TIE))
        holds = g.cast(g.op("GreaterOrEqual", hidden, g.op("Sub", best, tie)), np.float32)  # (B, T, D)
        share = g.op("Div", holds, g.op("ReduceSum", holds, g.ints(1)))
        return pooled, g.op("Mul", g.op("ReduceMean", share, g.ints(2), keepdims=0), counted)

    def _logits(self, pooled: str) -> str:
        """The head, from finer labels to classes where there are some, and the temperature: (M, C)."""
        g = self.graph
        weight, bias = (
            g.weight("head.weight", self.weights["head.weight"].T),
            g.weight("head.bias", self.weights["head.bias"]),
        )
        logits = g.op("Add", g.op("MatMul", pooled, weight), bias)  # (B, F)
        classes = len(self.model.labels)
        if self.model.class_of_label is not None:
            belongs = np.array(self.model.class_of_label) == np.arange(classes)[:, None]  # (C, F)
            outside = g.weight("outside", np.where(belongs, 0.0, LOWEST).astype(np.float32))
            logits = g.op("Add", g.op("Unsqueeze", logits, g.ints(1)), outside)  # (B, C, F)
            logits = g.op("ReduceLogSumExp", logits, g.ints(2), keepdims=0)  # (B, C)
        return g.op("Div", logits, g.number(self.model.temperature))

    def _word_weights(self, weights: str, word_mask: str, place: str, reading: Reading) -> str:
        """From tokens to the words in their receptive fields, as the engine does it for one chunk: (M, K)."""
        g = self.graph
        start, step, size = self.windows.field
        first = g.op("Add", g.op("Mul", place, g.integer(step)), g.integer(start))  # (T,)
        first = g.op("Unsqueeze", first, g.ints(1))  # (T, 1)
        word = g.range(g.size(word_mask, 1))  # (K + room,)
        inside = g.op("Less", word, g.op("Add", first, g.integer(size)))
        field = g.cast(g.op("And", g.op("GreaterOrEqual", word, first), inside), np.float32)  # (T, K + room)
        real = g.cast(word_mask, np.float32)  # (B, K + room)
        words = g.op("MatMul", real, g.op("Transpose", field))  # (B, T), real words of each token
        shared = g.op("MatMul", g.op("Div", weights, g.op("Max", words, g.number(1))), field)
        shared = g.op("Mul", shared, real)
        shared = g.op("Div", shared, g.op("Max", g.op("ReduceSum", shared, g.ints(1)), g.number(TINY)))
        return g.slice(shared, 1, g.ints(0), g.size(reading.place, 0))
