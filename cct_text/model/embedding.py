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
        word_dropout: share of real words replaced by the unknown word in training.

    Raises:
        UsageError: if `vectors` is not of shape (V, E).
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
    ) -> None:
        super().__init__()
        if vectors is None:
            table = torch.randn(vocab_size, embedding_dim) * LEARNED_STD
        elif vectors.shape == (vocab_size, embedding_dim):
            table = vectors.detach().to(torch.float32, copy=True)
        else:
            raise UsageError(
                f"word vectors of shape {tuple(vectors.shape)} for {vocab_size} words of width {embedding_dim}; "
                f"expected {(vocab_size, embedding_dim)}"
            )
        table[PAD] = 0.0
        self.weight = nn.Parameter(table, requires_grad=not freeze)
        self.dropout = Dropout(dropout)
        self.word_dropout = word_dropout
        self.dtype: torch.dtype | None = None
        """Precision of what comes out, where it is not that of the vectors: sums of many gradients need theirs."""

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Word vectors (B, S, E) of ids (B, S) int64; mask (B, S) bool."""
        if self.training and self.word_dropout > 0:
            dropped = torch.rand(ids.shape, device=ids.device) < self.word_dropout
            ids = ids.masked_fill(dropped & mask, UNK)
        vectors = F.embedding(ids, self.weight, padding_idx=PAD).to(self.dtype or self.weight.dtype)  # (B, S, E)
        output: Tensor = self.dropout(vectors)
        return output
