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
        class_of_label: of each of the F labels, negative where it belongs to no class; each class has a label at least.
            None: the labels are the classes.
    """

    outside: Tensor
    """(C, F): 0 for the labels of a class, minus infinity for those of others."""

    def __init__(
        self, embedding: WordEmbedding, *, num_classes: int, class_of_label: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.num_classes = num_classes
        self.class_of_label = None if class_of_label is None else tuple(class_of_label)
        self.num_labels = num_classes if class_of_label is None else len(class_of_label)
        if class_of_label is not None:
            belongs = torch.tensor(class_of_label) == torch.arange(num_classes)[:, None]  # (C, F)
            self.register_buffer("outside", torch.where(belongs, 0.0, -torch.inf), persistent=False)

    @abstractmethod
    def label_logits(self, ids: Tensor, mask: Tensor) -> Tensor:
        """What is learned: logits (B, F) of word ids (B, S) int64 and their mask (B, S) bool."""

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) of word ids (B, S) int64 and their mask (B, S) bool."""
        logits = self.label_logits(ids, mask)  # (B, F)
        if self.class_of_label is None:
            return logits
        # In float32, whatever the logits are in: a sum of many would be rounded to few digits.
        return (logits.float()[:, None] + self.outside.float()).logsumexp(dim=2)
