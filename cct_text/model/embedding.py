"""Word ids to word vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cct_text.errors import UsageError
from cct_text.model.dropout import Dropout
from cct_text.text.vocabulary import PAD, UNK

LEARNED_STD = 0.1
"""Standard deviation of random word vectors."""


class WordEmbedding(nn.Module):
    """The word vectors, (V, E). Row 0, the pad, is zero and stays zero: it is set so here and no gradient reaches it.

    Args:
        vocab_size: V, pad and unknown word included.
        embedding_dim: E.
        vectors: (V, E), initial word vectors; copied. Random ones when not given: normal, standard deviation 0.1.
        freeze: leave the vectors as they are in training; they are saved with the model all the same.
        dropout: share of vector elements set to zero in training, the others scaled up.
        word_dropout: share of real words replaced by the unknown word in training; bigrams stay.
        first_words: (V,) int64, the word that each id stands for: itself, or of a bigram its first one, to whose vector the
            bigram's is added. None: all ids are words.

    Raises:
        UsageError: if `vectors` is not of shape (V, E).

    Attributes:
        first_words: as given; buffer.
    """

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        *,
        vectors: Tensor | None = None,
        freeze: bool = False,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
        first_words: Tensor | None = None,
    ) -> None:
        super().__init__()
        if vectors is None:
            table = torch.randn(vocab_size, embedding_dim) * LEARNED_STD
            if first_words is not None:
                table[first_words != torch.arange(vocab_size)] = 0.0
        elif vectors.shape == (vocab_size, embedding_dim):
            table = vectors.detach().to(torch.float32, copy=True)
        else:
            raise UsageError(
                f"word vectors of shape {tuple(vectors.shape)} for {vocab_size} words of width {embedding_dim}; "
                f"expected {(vocab_size, embedding_dim)}"
            )
        table[PAD] = 0.0
        self.weight = nn.Parameter(table, requires_grad=not freeze)
        self.first_words: Tensor | None
        self.register_buffer("first_words", first_words, persistent=False)
        self.dropout = Dropout(dropout)
        self.word_dropout = word_dropout
        self.dtype: torch.dtype | None = None
        """Precision of what comes out, where it is not that of the vectors: sums of many gradients need theirs."""

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Word vectors (B, S, E) of ids (B, S) int64; mask (B, S) bool."""
        words = ids if self.first_words is None else self.first_words[ids]
        bigrams = None if self.first_words is None else ids.masked_fill(words == ids, PAD)
        if self.training and self.word_dropout > 0:
            dropped = torch.rand(ids.shape, device=ids.device) < self.word_dropout
            words = words.masked_fill(dropped & mask, UNK)
        vectors = self._rows(words)
        return vectors if bigrams is None else vectors + self._rows(bigrams)

    def _rows(self, ids: Tensor) -> Tensor:
        """Rows (B, S, E) of the table, after dropout."""
        rows: Tensor = self.dropout(F.embedding(ids, self.weight, padding_idx=PAD).to(self.dtype or self.weight.dtype))
        return rows
