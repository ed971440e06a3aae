"""The whole network, from word ids to logits.

Notation of this package:

    B  texts in a batch        E  width of a word vector
    S  words of a text         D  width of the encoder
    T  tokens of a text        H  attention heads
    P  kernel, words per window   C  classes, F  labels that are learned, V  words in the vocabulary

Masks are bool, True = real. Method: Hassani et al., "Escaping the Big Data Paradigm with Compact Transformers",
arXiv 2104.05704, and the text code its authors published.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cct_text.model.architecture import Architecture
from cct_text.model.conv_tokenizer import ConvTokenizer
from cct_text.model.embedding import WordEmbedding
from cct_text.model.encoder import Encoder
from cct_text.model.network import TextNetwork
from cct_text.model.pooling import build_pooling
from cct_text.model.positions import LearnablePositions, SinePositions


class TextTransformer(TextNetwork):
    """Word embedding, conv tokenizer, encoder, pooling, linear head.

    What it says about a text depends on that text alone: not on how far its batch is padded, nor on its batch mates.

    Args:
        architecture: the sizes.
        embedding: the word vectors.
        num_classes: C.
        max_words: words of the longest text; learnable positions are made for so many, sine positions start there.
        class_of_label: of each label, where finer ones than the classes are learned; see `TextNetwork`.

    Attributes:
        fixed_room: pads added to every batch, whatever its length; as many as it needs where None. A program that
            `torch.export` traces for all lengths has one number.
    """

    def __init__(
        self,
        architecture: Architecture,
        embedding: WordEmbedding,
        *,
        num_classes: int,
        max_words: int,
        class_of_label: Sequence[int] | None = None,
    ) -> None:
        super().__init__(embedding, num_classes=num_classes, class_of_label=class_of_label)
        self.architecture = architecture
        width = architecture.width
        self.tokenizer = ConvTokenizer(
            architecture.embedding_dim,
            width,
            kernels=architecture.kernels,
            windows=architecture.windows,
        )
        with_class_token = architecture.pooling == "class-token"
        self.class_token = nn.Parameter(torch.zeros(1, 1, width)) if with_class_token else None
        self.position_embedding = _positions(architecture, architecture.tokens(max_words), max_words)
        self.encoder = Encoder(
            width,
            architecture.layers,
            architecture.heads,
            architecture.mlp_width,
            dropout=architecture.dropout,
            attention_dropout=architecture.attention_dropout,
            stochastic_depth=architecture.stochastic_depth,
        )
        self.pooling = build_pooling(architecture.pooling, width)
        self.head = nn.Linear(width, self.num_labels)
        self.fixed_room: int | None = None
        self.apply(_initialize)

    def label_logits(self, ids: Tensor, mask: Tensor) -> Tensor:
        """What is learned: logits (B, F) of word ids (B, S) int64 and their mask (B, S) bool."""
        tokens, real = self._tokens(ids, mask)  # (B, T, D), (B, T)
        hidden = self.encoder(tokens, real)  # (B, T, D)
        pooled = self.pooling(hidden, real)  # (B, D)
        logits: Tensor = self.head(pooled)  # (B, F)
        return logits

    @torch.no_grad()
    def token_weights(self, ids: Tensor, mask: Tensor) -> Tensor:
        """How much each word counts in the pooling: (B, S) float32, 0 on pads, rows sum to 1 (0 for an empty text).

        A token's weight is shared equally among the real words in its receptive field. The weight of a token is its
        pooling weight (`weights` of the pooling); under a class token, how much the class token attends to it in the
        last block, averaged over the heads.
        """
        tokens, real = self._tokens(ids, mask)
        if self.class_token is None:
            weights = self.pooling.weights(self.encoder(tokens, real), real)  # (B, T)
        else:
            weights = self.encoder.last_attention(tokens, real)[:, 0, 1:]  # (B, T)
        of_tokens = self.tokenizer.windows.words_of_tokens(weights.shape[1], mask.shape[1])
        field = torch.from_numpy(of_tokens).to(weights)  # (T, S)
        words = mask.to(weights) @ field.T  # (B, T), real words of each token
        shared = (weights / words.clamp(min=1)) @ field * mask  # (B, S)
        total: Tensor = shared.sum(dim=1, keepdim=True)
        return shared / total.clamp(min=torch.finfo(total.dtype).tiny)

    def _tokens(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """What enters the encoder: (B, T, D), class token and positions included, and its mask (B, T)."""
        room = self.tokenizer.windows.room(ids.shape[1]) if self.fixed_room is None else self.fixed_room
        if room:
            ids, mask = F.pad(ids, (0, room)), F.pad(mask, (0, room))  # (B, S + room)
        tokens, real = self.tokenizer(self.embedding(ids, mask), mask)  # (B, T, D), (B, T)
        if self.class_token is not None:
            tokens = torch.cat([self.class_token.expand(tokens.shape[0], -1, -1).to(tokens.dtype), tokens], dim=1)
            real = F.pad(real, (1, 0), value=True)
        return self.position_embedding(tokens), real


def _positions(architecture: Architecture, tokens: int, max_words: int) -> nn.Module:
    if architecture.positions == "sine":
        return SinePositions(tokens, architecture.width)
    if architecture.positions == "learnable":
        return LearnablePositions(tokens, architecture.width, max_words=max_words)
    return nn.Identity()


def _initialize(module: nn.Module) -> None:
    """Published initial weights of linear layers; norms start at 1 and 0 as torch has them."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
