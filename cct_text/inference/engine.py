"""The network for prediction, without torch: the same weights, the same arithmetic, no padding and no masks.

Texts with equally many tokens go through together, so every token is real. Notation as in `cct_text.model.classifier`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cct_text.inference.folding import FoldedTokenizer
from cct_text.inference.kernels import Kernels, Linear, Norm, attention_weights, softmax
from cct_text.model.geometry import sine_table
from cct_text.model.saved import SavedModel
from cct_text.text.encoded import EncodedTexts, chunks_of_text

TOKENS_TOGETHER = 1024
"""Tokens that go through a layer together: enough to hide its overhead, few enough to stay in a core's cache."""

TIE = 1e-5
"""Tokens closer than this to a maximum, relative to it or to 1, hold it too."""


@dataclass(frozen=True)
class _Block:
    """One encoder block. The second norm stands ON the residual stream, not beside it: that is the published order."""

    norm1: Norm
    qkv: Linear
    projection: Linear
    norm2: Norm
    mlp_in: Linear
    mlp_out: Linear

    def forward(self, x: np.ndarray, heads: int, kernels: Kernels) -> np.ndarray:
        """(B, T, D) to (B, T, D)."""
        qkv = kernels.linear(kernels.layer_norm(x, self.norm1), self.qkv)  # (B, T, 3 D)
        x = kernels.linear(kernels.attention(qkv, heads), self.projection, residual=x)
        x = kernels.layer_norm(x, self.norm2)
        return kernels.linear(kernels.linear(x, self.mlp_in, with_gelu=True), self.mlp_out, residual=x)

    def attention_weights(self, x: np.ndarray, heads: int, kernels: Kernels) -> np.ndarray:
        """How much each token attends to each other: (B, H, T, T)."""
        return attention_weights(kernels.linear(kernels.layer_norm(x, self.norm1), self.qkv), heads)


class Engine:
    """A trained network on the CPU. What it says about a text depends on that text alone, up to rounding.

    Args:
        model: configuration and weights.
        kernels: what to compute with.
    """

    def __init__(self, model: SavedModel, kernels: Kernels) -> None:
        weights = model.weights
        self.kernels = kernels
        self.architecture = model.architecture
        self.max_words, self.long = model.config.text.max_words, model.config.text.long
        self.bigrams = model.tokenizer.vocabulary.bigrams
        self.tokenizer = FoldedTokenizer(self.architecture, model.word_vectors, weights, kernels)
        self.class_token = weights.get("class_token")  # (1, 1, D)
        self.positions = self._positions(weights)  # (T, D)
        blocks = (f"encoder.blocks.{layer}." for layer in range(self.architecture.layers))
        self.blocks = [
            _Block(
                norm1=_norm(weights, f"{block}norm1"),
                qkv=self._linear(weights, f"{block}attention.qkv"),
                projection=self._linear(weights, f"{block}attention.projection"),
                norm2=_norm(weights, f"{block}norm2"),
                mlp_in=self._linear(weights, f"{block}mlp.0"),
                mlp_out=self._linear(weights, f"{block}mlp.3"),
            )
            for block in blocks
        ]
        self.norm = _norm(weights, "encoder.norm")
        # The score's bias is left out: it moves all tokens of a text alike, which a softmax does not see.
        self.score = weights["pooling.score.weight"][0] if self.architecture.pooling == "seqpool" else None  # (D,)
        self.head = weights["head.weight"].T, weights["head.bias"]  # (D, F), (F,)
        self.class_of_label = None if model.class_of_label is None else np.array(model.class_of_label)  # (F,)
        self.num_classes = len(model.labels)

    def logits(self, encoded: EncodedTexts) -> np.ndarray:
        """Logits (N, C) float32 of N texts, in their order."""
        chunks = self.bigrams.found_in_chunks(encoded.chunks(self.max_words, self.long))
        return chunks.of_texts(self._chunk_logits(chunks.encoded))

    def _chunk_logits(self, encoded: EncodedTexts) -> np.ndarray:
        lengths = encoded.lengths
        self.tokenizer.fold(encoded.ids)
        pooled = np.zeros((len(encoded), self.architecture.width), np.float32)
        for rows in self._equally_long(lengths):
            pooled[rows] = self._pooled(self._hidden(encoded, rows, lengths[rows]))
        weight, bias = self.head
        # Row by row: how BLAS adds up a row of a taller matrix depends on its height.
        logits: np.ndarray = np.matmul(pooled[:, None], weight)[:, 0] + bias  # (N, F)
        if self.class_of_label is None:
            return logits
        of_classes = [np.logaddexp.reduce(logits[:, self.class_of_label == c], axis=1) for c in range(self.num_classes)]
        return np.stack(of_classes, axis=1)

    def word_weights(self, ids: np.ndarray) -> np.ndarray:
        """How much each word counts in the pooling: (S,) float32 for the ids (S,) of one text's words, summing to 1.

        A token's weight is shared equally among the words in its receptive field. The weight of a token is its pooling
        weight; under a class token, how much the class token attends to it in the last block, averaged over the heads.
        Words that are not read, of a text longer than `max_words`, have weight 0; chunks count alike.
        """
        weights = np.zeros(len(ids), np.float32)
        chunks = chunks_of_text(len(ids), self.max_words, self.long)
        for words in chunks:
            weights[words] = self._chunk_weights(ids[words]) / len(chunks)
        return weights

    def _chunk_weights(self, ids: np.ndarray) -> np.ndarray:
        """How much each word of one chunk counts in its pooling, (S,), summing to 1."""
        if not len(ids):
            return np.zeros(0, np.float32)
        encoded = self.bigrams.found_in(EncodedTexts(ids, np.array([0, len(ids)], np.int64)))
        self.tokenizer.fold(encoded.ids)
        tokens = self._token_weights(encoded)  # (T,)
        real = self.tokenizer.windows.real(len(ids))
        field = self.tokenizer.windows.words_of_tokens(real.last + 1, len(ids))[real.first :]  # (T, S)
        shared = (tokens / field.sum(axis=1).clip(min=1)) @ field  # (S,)
        weights: np.ndarray = shared / max(shared.sum(), np.finfo(np.float32).tiny)
        return weights

    def _token_weights(self, encoded: EncodedTexts) -> np.ndarray:
        """(T,): how much each real token of one text counts."""
        heads = self.architecture.heads
        x = self._embedded(encoded, np.zeros(1, np.int64), encoded.lengths)
        *before, last = self.blocks
        for block in before:
            x = block.forward(x, heads, self.kernels)
        if self.class_token is not None:
            attended: np.ndarray = last.attention_weights(x, heads, self.kernels)[0, :, 0, 1:].mean(axis=0)
            return attended
        hidden = self.kernels.layer_norm(last.forward(x, heads, self.kernels), self.norm)
        counted: np.ndarray = self._pooling_weights(hidden)[0]
        return counted

    def _equally_long(self, lengths: np.ndarray) -> Iterator[np.ndarray]:
        """Rows of texts with equally many tokens, so many at a time that a core's cache holds them."""
        longest = int(lengths.max(initial=0))
        of_words = np.array([0, *(len(self.tokenizer.windows.real(words)) for words in range(1, longest + 1))])
        tokens = of_words[lengths] + (self.class_token is not None)  # (N,)
        order = np.argsort(tokens, kind="stable")
        starts = np.searchsorted(tokens[order], np.arange(tokens.max(initial=0) + 2))
        for count, (start, end) in enumerate(pairwise(starts)):
            if count == 0:
                continue  # no token, nothing to pool
            size = max(1, TOKENS_TOGETHER // count)
            for first in range(start, end, size):
                yield order[first : min(first + size, end)]

    def _hidden(self, encoded: EncodedTexts, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Hidden states (B, T, D) of texts with equally many tokens."""
        x = self._embedded(encoded, rows, lengths)
        for block in self.blocks:
            x = block.forward(x, self.architecture.heads, self.kernels)
        return self.kernels.layer_norm(x, self.norm)

    def _embedded(self, encoded: EncodedTexts, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """What enters the encoder: (B, T, D), class token and positions included."""
        first = 0
        if lengths.max() > 0:
            x = self.tokenizer.tokens(encoded, rows, lengths)
            first = self.tokenizer.windows.real(int(lengths.max())).first
        else:  # the class token stands alone
            x = np.zeros((len(rows), 0, self.architecture.width), np.float32)
        positions = self.positions[first : first + x.shape[1]]
        if self.class_token is not None:
            x = np.concatenate([np.broadcast_to(self.class_token, (len(x), 1, x.shape[2])), x], axis=1)
            behind = self.positions[1 + first : first + x.shape[1]]
            positions = np.concatenate([self.positions[:1], behind])
        x += positions
        return x

    def _pooled(self, hidden: np.ndarray) -> np.ndarray:
        """(B, T, D) to (B, D)."""
        if self.architecture.pooling == "class-token":
            first: np.ndarray = hidden[:, 0]
            return first
        if self.architecture.pooling == "max":
            best: np.ndarray = hidden.max(axis=1)
            return best
        pooled: np.ndarray = np.matmul(self._pooling_weights(hidden)[:, None, :], hidden)[:, 0]
        return pooled

    def _pooling_weights(self, hidden: np.ndarray) -> np.ndarray:
        """(B, T), rows sum to 1: what each token counts; under max-pooling, the share of dimensions it is largest in."""
        if self.score is not None:
            return softmax(hidden @ self.score)
        if self.architecture.pooling == "mean":
            return np.full(hidden.shape[:2], 1 / hidden.shape[1], np.float32)
        best = hidden.max(axis=1, keepdims=True)  # (B, 1, D)
        # A word that stands twice gives two equal tokens where there are no positions. Rounding must not choose one.
        holds = (hidden >= best - TIE * np.abs(best).clip(min=1.0)).astype(np.float32)  # (B, T, D)
        weights: np.ndarray = (holds / holds.sum(axis=1, keepdims=True)).mean(axis=2)
        return weights

    def _positions(self, weights: Mapping[str, np.ndarray]) -> np.ndarray:
        tokens = self.architecture.tokens(self.max_words)
        if self.architecture.positions == "sine":
            return sine_table(tokens, self.architecture.width)
        if self.architecture.positions == "learnable":
            return weights["position_embedding.positions"]
        return np.zeros((tokens, self.architecture.width), np.float32)

    def _linear(self, weights: Mapping[str, np.ndarray], name: str) -> Linear:
        return self.kernels.pack(weights[f"{name}.weight"], weights.get(f"{name}.bias"))


def _norm(weights: Mapping[str, np.ndarray], name: str) -> Norm:
    weight, bias = (np.ascontiguousarray(weights[f"{name}.{part}"], np.float32) for part in ("weight", "bias"))
    return Norm(weight, bias)
