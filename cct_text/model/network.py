"""What training and prediction ask of a network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cct_text.model.embedding import WordEmbedding


class TextNetwork(nn.Module):
    """A network from word ids to logits; what it says about a text does not depend on padding or on batch mates.

    It may learn labels that are finer than the classes it answers with. A class's probability is then the sum of its
    labels' ones, among the labels that belong to a class at all.

    Args:
        embedding: the word vectors.
        num_classes: C.
        classes: the class that each of the F labels belongs to, each class having one at least; negative where to none.
            None: the labels are the classes.
    """

    outside: Tensor
    """(C, F): 0 for the labels of a class, minus infinity for those of others."""

    def __init__(self, embedding: WordEmbedding, *, num_classes: int, classes: Sequence[int] | None = None) -> None:
        super().__init__()
        self.embedding = embedding
        self.num_classes = num_classes
        self.classes = None if classes is None else tuple(classes)
        self.num_labels = num_classes if classes is None else len(classes)
        if classes is not None:
            belongs = torch.tensor(classes) == torch.arange(num_classes)[:, None]  # (C, F)
            self.register_buffer("outside", torch.where(belongs, 0.0, -torch.inf), persistent=False)

    @abstractmethod
    def label_logits(self, ids: Tensor, mask: Tensor) -> Tensor:
        """What is learned: logits (B, F) of word ids (B, S) int64 and their mask (B, S) bool."""

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) of word ids (B, S) int64 and their mask (B, S) bool."""
        logits = self.label_logits(ids, mask)  # (B, F)
        if self.classes is None:
            return logits
        # In float32, whatever the logits are in: a sum of many would be rounded to few digits.
        return (logits.float()[:, None] + self.outside.float()).logsumexp(dim=2)
