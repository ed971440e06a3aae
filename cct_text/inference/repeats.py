"""Texts that come again are classified once."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from threading import Lock

import numpy as np
import pyarrow as pa

REMEMBERED = 16_384
"""Texts of one generation at most; two generations are kept."""
MOST_BYTES = 8 << 20
"""Of one generation: where there are many classes, fewer texts are remembered."""
ENTRY = 300
"""Bytes that a text takes beside its row, about."""


class Repeats:
    """A function from texts to rows of numbers that remembers the rows of the texts it saw last.

    Texts are known by a 128-bit digest. Rows are kept in two generations: when the young one is full, the old one goes.

    Args:
        function: N texts to (N, C) float32; a text's row depends on the text alone.
    """

    def __init__(self, function: Callable[[pa.Array], np.ndarray]) -> None:
        self.function = function
        self.young: dict[bytes, bytes] = {}
        self.old: dict[bytes, bytes] = {}
        self.lock = Lock()

    def __call__(self, texts: pa.Array) -> np.ndarray:
        """(N, C) float32 of N texts, N at least 1; may be called by several threads at once."""
        encoded = texts.dictionary_encode(null_encoding="encode")
        distinct = encoded.dictionary
        keys = [blake2b(text or b"", digest_size=16).digest() for text in distinct.cast(pa.binary()).to_pylist()]
        with self.lock:
            rows = [self.young.get(key) or self.old.get(key) for key in keys]
        missing = [place for place, row in enumerate(rows) if row is None]
        if missing:
            computed = self.function(distinct.take(pa.array(missing)))
            for place, row in zip(missing, computed, strict=True):
                rows[place] = row.tobytes()
        # What was remembered already is young again.
        self._remember({key: row for key, row in zip(keys, rows, strict=True) if row is not None})
        table = np.frombuffer(b"".join(row for row in rows if row is not None), np.float32).reshape(len(rows), -1)
        repeated: np.ndarray = table[encoded.indices.to_numpy()]
        return repeated

    def _remember(self, rows: dict[bytes, bytes]) -> None:
        room = min(REMEMBERED, MOST_BYTES // (ENTRY + len(next(iter(rows.values())))))
        with self.lock:
            if len(self.young) + len(rows) > room:
                self.old, self.young = self.young, {}
            self.young |= rows
