"""What an ONNX graph reads of its texts: which words, in how many chunks, and how the answers to chunks are those to texts.

B texts of S words, pads included; M chunks of K words. A comment is the shape of a value when the graph runs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from cct_text.config import TextConfig
from cct_text.export.graph import END, Graph
from cct_text.text.bigrams import Bigrams
from cct_text.text.encoded import head_and_tail
from cct_text.text.vocabulary import PAD


class Reading(ABC):
    """How the words of the texts go through the network. Methods take and return names of values.

    Args:
        graph: that is written.
        ids: word ids of the texts, (B, S) int64.
        text: the run's options.
    """

    def __init__(self, graph: Graph, ids: str, text: TextConfig) -> None:
        self.graph = graph
        self.ids = ids
        self.max_words = text.max_words
        g = graph
        not_pad = g.op("Not", g.op("Equal", ids, g.integer(PAD)))
        self.words = g.op("ReduceSum", g.cast(not_pad, np.int64), g.ints(1))  # (B, 1), of each text
        self.place = g.range(g.op("Min", g.size(ids, 1), g.integer(self.max_words)))  # (K,), in a chunk

    @property
    @abstractmethod
    def chunks(self) -> str:
        """Word ids of what is read, (M, K) int64."""

    @abstractmethod
    def logits_of_texts(self, logits: str, name: str) -> str:
        """(B, C) of those of the chunks, (M, C)."""

    @abstractmethod
    def weights_of_texts(self, weights: str, name: str) -> str:
        """Weights of words, (B, S), of those of the chunks, (M, K); 0 for a word that is not read."""

    def _nothing(self) -> str:
        return self.graph.op("ConstantOfShape", self.graph.op("Shape", self.ids))  # (B, S) float32


class WithoutMiddle(Reading):
    """One chunk of each text: its first words, or as many first ones as last ones."""

    def __init__(self, graph: Graph, ids: str, text: TextConfig) -> None:
        super().__init__(graph, ids, text)
        g = graph
        head, _ = head_and_tail(text.max_words, text.long)
        skipped = g.op("Max", g.op("Sub", self.words, g.integer(self.max_words)), g.integer(0))  # (B, 1)
        before = g.op("Where", g.op("Less", self.place, g.integer(head)), g.integer(0), skipped)
        self._kept = g.op("Add", self.place, before)  # (B, K), places in the text

    @property
    def chunks(self) -> str:
        """(B, K)."""
        return self.graph.op("GatherElements", self.ids, self._kept, axis=1)

    def logits_of_texts(self, logits: str, name: str) -> str:
        """As they are."""
        return self.graph.op("Identity", logits, name=name)

    def weights_of_texts(self, weights: str, name: str) -> str:
        """Each at its word's place."""
        return self.graph.op("ScatterElements", self._nothing(), self._kept, weights, axis=1, name=name)


class InChunks(Reading):
    """As many chunks N of each text as the longest one has; the shorter ones' last chunks hold no words, and count nothing."""

    def __init__(self, graph: Graph, ids: str, text: TextConfig) -> None:
        super().__init__(graph, ids, text)
        g = graph
        one = g.integer(1)
        filled = g.op("Div", g.op("Add", self.words, g.integer(self.max_words - 1)), g.integer(self.max_words))
        self._count = g.op("Max", filled, one)  # (B, 1)
        most = g.op("ReduceMax", g.op("Concat", g.op("Squeeze", self._count, g.ints(1)), g.ints(1), axis=0))  # (1,)
        chunk = g.range(most)  # (N,)
        self._counts = g.op("Less", chunk, self._count)  # (B, N) bool
        start, end = (
            g.op("Div", g.op("Mul", number, self.words), self._count) for number in (chunk, g.op("Add", chunk, one))
        )
        start, end = (
            g.op("Unsqueeze", g.op("Min", place, self.words), g.ints(2)) for place in (start, end)
        )  # (B, N, 1)
        places = g.op("Add", start, self.place)  # (B, N, K)
        self._inside = g.op("Less", places, end)
        width = g.op("Mul", most, g.size(self.place, 0))  # (1,), N K
        flat = g.op("Concat", g.size(ids, 0), width, axis=0)
        # A place behind the chunk's end may lie behind the text's; whatever stands there is not taken.
        at_most = g.op("Max", g.op("Sub", g.size(ids, 1), one), g.integer(0))
        self._places = g.op("Reshape", g.op("Min", places, at_most), flat, allowzero=1)  # (B, N K)
        self._by_text = g.op("Concat", g.size(ids, 0), most, axis=0)  # B, N
        self._flat = flat

    @property
    def chunks(self) -> str:
        """(B N, K)."""
        g = self.graph
        found = g.op("GatherElements", self.ids, self._places, axis=1)
        found = g.op("Reshape", found, g.op("Shape", self._inside), allowzero=1)  # (B, N, K)
        ids = g.op("Where", self._inside, found, g.integer(PAD))
        rows = g.op("ReduceProd", self._by_text)  # (1,)
        return g.op("Reshape", ids, g.op("Concat", rows, g.size(self.place, 0), axis=0), allowzero=1)

    def logits_of_texts(self, logits: str, name: str) -> str:
        """The mean of a text's chunks."""
        g = self.graph
        logits = g.op("Reshape", logits, g.op("Concat", self._by_text, g.size(logits, 1), axis=0), allowzero=1)
        counts = g.op("Unsqueeze", g.cast(self._counts, np.float32), g.ints(2))  # (B, N, 1)
        sums = g.op("ReduceSum", g.op("Mul", logits, counts), g.ints(1), keepdims=0)  # (B, C)
        return g.op("Div", sums, g.cast(self._count, np.float32), name=name)

    def weights_of_texts(self, weights: str, name: str) -> str:
        """Each at its word's place; chunks count alike."""
        g = self.graph
        of_text = g.op("Div", g.op("Reshape", weights, self._flat, allowzero=1), g.cast(self._count, np.float32))
        # What lies behind a chunk's end weighs nothing, so wherever it is put, it adds nothing.
        return g.op("ScatterElements", self._nothing(), self._places, of_text, axis=1, reduction="add", name=name)


def reading_of(graph: Graph, ids: str, text: TextConfig) -> Reading:
    """What `long` says."""
    return (InChunks if text.long == "chunks" else WithoutMiddle)(graph, ids, text)


def with_bigrams(graph: Graph, ids: str, bigrams: Bigrams) -> str:
    """Ids (M, K) int64 as `Bigrams.found_in` makes them, of ids of words and pads; ONNX has no binary search, so here it is."""
    if not bigrams:
        return ids
    g = graph
    behind = g.op("Pad", g.slice(ids, 1, g.ints(1), g.ints(END)), g.ints(0, 0, 0, 1), g.integer(PAD))
    keys = g.op("Add", g.op("Mul", ids, g.integer(bigrams.words)), behind)  # (M, K)
    steps = len(bigrams).bit_length()
    # The first key is less than any, and those behind the last are greater, so that each place can be looked at.
    known = np.full(2**steps, np.iinfo(np.int64).max)
    known[0], known[1 : len(bigrams) + 1] = -1, bigrams.keys
    table = g.weight("bigrams", known)
    place = g.op("Mul", ids, g.integer(0))  # of the last key that is no greater
    for step in reversed(range(steps)):
        further = g.op("Add", place, g.integer(2**step))
        place = g.op("Where", g.op("LessOrEqual", g.op("Gather", table, further), keys), further, place)
    found = g.op("Equal", g.op("Gather", table, place), keys)
    return g.op("Where", found, g.op("Add", place, g.integer(bigrams.words - 1)), ids)
