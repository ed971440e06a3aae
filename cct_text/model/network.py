"""What training and prediction ask of a network."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn

from cct_text.model.embedding import WordEmbedding


class TextNetwork(nn.Module):
    """A network from word ids to logits; what it says about a text does not depend on padding or on batch mates.

    Args:
        embedding: the word vectors.
        num_classes: C.
    """

    def __init__(self, embedding: WordEmbedding, *, num_classes: int) -> None:
        super().__init__()
        self.embedding = embedding
        self.num_classes = num_classes

    @abstractmethod
    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) of word ids (B, S) int64 and their mask (B, S) bool."""
