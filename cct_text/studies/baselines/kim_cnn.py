"""Kim's convolutional network for sentences, on frozen or on tuned word vectors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cct_text.config import Config
from cct_text.model.dropout import Dropout
from cct_text.model.embedding import WordEmbedding
from cct_text.model.network import TextNetwork
from cct_text.training.fitting import trainer_of
from cct_text.training.loop import Trainer
from cct_text.training.preparation import PreparedData
from cct_text.training.progress import TrainingObserver

KERNELS = (3, 4, 5)
FEATURE_MAPS = 100
DROPOUT = 0.5


class KimCNN(TextNetwork):
    """Convolutions of several widths side by side, each feature's maximum over time, dropout, linear head.

    A window is real if all its words are; a text shorter than a kernel has one window, which reaches into the padding.

    Source: Kim 2014, "Convolutional Neural Networks for Sentence Classification", EMNLP, arXiv 1408.5882.

    Args:
        embedding: the word vectors.
        embedding_dim: E.
        num_classes: C.
        class_of_label: of each label, where finer ones than the classes are learned; see `TextNetwork`.
    """

    def __init__(
        self,
        embedding: WordEmbedding,
        *,
        embedding_dim: int,
        num_classes: int,
        class_of_label: Sequence[int] | None = None,
    ) -> None:
        super().__init__(embedding, num_classes=num_classes, class_of_label=class_of_label)
        self.convolutions = nn.ModuleList(nn.Conv1d(embedding_dim, FEATURE_MAPS, kernel) for kernel in KERNELS)
        self.dropout = Dropout(DROPOUT)
        self.head = nn.Linear(FEATURE_MAPS * len(KERNELS), self.num_labels)

    def label_logits(self, ids: Tensor, mask: Tensor) -> Tensor:
        """What is learned: logits (B, F) of word ids (B, S) int64 and their mask (B, S) bool."""
        room = max(0, max(KERNELS) - ids.shape[1])
        words = self.embedding(F.pad(ids, (0, room)), F.pad(mask, (0, room))).transpose(1, 2)  # (B, E, S)
        lengths = mask.sum(dim=1, keepdim=True)  # (B, 1)
        pooled = []
        for kernel, convolution in zip(KERNELS, self.convolutions, strict=True):
            features = F.relu(convolution(words))  # (B, F, S - kernel + 1)
            last = (lengths - kernel).clamp(min=0)  # (B, 1), the last real window
            real = torch.arange(features.shape[2], device=ids.device) <= last  # (B, S - kernel + 1)
            pooled.append(features.masked_fill(~real[:, None], 0.0).amax(dim=2))  # no feature is below 0
        logits: Tensor = self.head(self.dropout(torch.cat(pooled, dim=1)))  # (B, F)
        return logits


def train_kim_cnn(config: Config, data: PreparedData) -> Trainer:
    """A network trained as the compact transformers are, with the same options; dev chooses the epoch."""
    assert data.vectors is not None  # the baselines have pre-trained ones
    torch.manual_seed(config.training.seed)
    embedding = WordEmbedding(
        len(data.tokenizer.vocabulary),
        data.embedding_dim,
        vectors=torch.from_numpy(data.vectors),
        freeze=config.embedding.embeddings == "glove-frozen",
        dropout=config.embedding.embedding_dropout,
        word_dropout=config.embedding.word_dropout,
    )
    network = KimCNN(
        embedding,
        embedding_dim=data.embedding_dim,
        num_classes=len(data.dataset.labels),
        class_of_label=data.dataset.class_of_label,
    )
    trainer = trainer_of(network, config, data)
    trainer.fit(TrainingObserver(), lambda: None)
    return trainer
