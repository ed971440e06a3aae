"""The paper's text pipeline as one writes it down at first: the side that the product's speed is measured against.

Each row is tokenized by itself in Python, every text is padded and cut to one length, the convolution is a Conv2d over
a one-channel image, attention is written out with an explicit softmax, dropout and AdamW are torch's own, all in fp32.
It is no straw man: it computes what the product's network computes, and a test holds the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from cct_text.model.classifier import TextTransformer
from cct_text.model.positions import sine_table
from cct_text.text.vocabulary import PAD, UNK

_BASIC_ENGLISH = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\'", " '  "),
        (r"\"", ""),
        (r"\.", " . "),
        (r"<br \/>", " "),
        (r",", " , "),
        (r"\(", " ( "),
        (r"\)", " ) "),
        (r"\!", " ! "),
        (r"\?", " ? "),
        (r"\;", " "),
        (r"\:", " "),
        (r"\s+", " "),
    )
]
"""The substitutions of torchtext's `basic_english`, one regular expression after the other."""


def tokenize(text: str) -> list[str]:
    """The words of one text."""
    text = text.lower()
    for pattern, replacement in _BASIC_ENGLISH:
        text = pattern.sub(replacement, text)
    return text.split()


def encode(texts: Sequence[str], ids: dict[str, int], length: int) -> Tensor:
    """Word ids (N, S) int64 of N texts, all padded or cut to one length."""
    rows = []
    for text in texts:
        words = [ids.get(word, UNK) for word in tokenize(text)][:length]
        rows.append(words + [PAD] * (length - len(words)))
    return torch.tensor(rows)


class Reference(nn.Module):
    """The same network as a cct model of the product, with its weights, written plainly.

    Args:
        network: a cct model with one convolution, sine positions and SeqPool; its weights are copied.
        length: S, to which every text is padded.
    """

    def __init__(self, network: TextTransformer, length: int) -> None:
        super().__init__()
        sizes = network.architecture
        weights = network.state_dict()
        self.embedding = nn.Embedding.from_pretrained(
            weights["embedding.weight"].clone(), freeze=not network.embedding.weight.requires_grad, padding_idx=PAD
        )
        self.embedding_dropout = nn.Dropout(network.embedding.dropout.rate)
        conv = network.tokenizer
        self.kernel, self.stride, self.padding = conv.kernel, conv.stride, conv.padding
        self.conv = nn.Conv2d(
            1, sizes.width, (conv.kernel, sizes.embedding_dim), (conv.stride, 1), (conv.padding, 0), bias=False
        )
        self.conv.weight.data.copy_(weights["tokenizer.layers.0.weight"].transpose(1, 2).unsqueeze(1))
        self.pool = nn.MaxPool2d((2, 1), (2, 1), (1, 0))
        self.blocks = nn.ModuleList(
            PlainBlock(
                sizes.width,
                sizes.heads,
                sizes.mlp_width,
                dropout=sizes.attention_dropout,
                drop_path=sizes.stochastic_depth * layer / max(1, sizes.layers - 1),
            )
            for layer in range(sizes.layers)
        )
        self.norm = nn.LayerNorm(sizes.width)
        self.score = nn.Linear(sizes.width, 1)
        self.head = nn.Linear(sizes.width, network.num_classes)
        self._copy(weights)
        self.length = length
        self.register_buffer("positions", sine_table(conv.tokens(length), sizes.width))

    def _copy(self, weights: dict[str, Tensor]) -> None:
        names = {"encoder.": "", "pooling.": "", ".attention.": ".", "mlp.0": "mlp1", "mlp.3": "mlp2"}
        copied = {}
        for name, weight in weights.items():
            if not name.startswith(("embedding.", "tokenizer.", "position_embedding.")):
                for ours, plain in names.items():
                    name = name.replace(ours, plain)
                copied[name] = weight
        self.load_state_dict(copied, strict=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits (B, C) of word ids (B, S)."""
        mask = ids != PAD  # (B, S)
        image = self.embedding_dropout(self.embedding(ids)).unsqueeze(1)  # (B, 1, S, E)
        x = self.pool(torch.relu(self.conv(image)))  # (B, D, T, 1)
        x = x.squeeze(3).transpose(1, 2)  # (B, T, D)
        with torch.no_grad():
            real = mask.float().unsqueeze(1)
            real = nn.functional.max_pool1d(nn.functional.pad(real, (self.padding,) * 2), self.kernel, self.stride)
            real = nn.functional.max_pool1d(real, 2, 2, 1).squeeze(1) > 0  # (B, T)
        x = x + self.positions[: x.shape[1]]
        for block in self.blocks:
            x = block(x, real)
        x = self.norm(x)
        scores = self.score(x).masked_fill(~real.unsqueeze(2), float("-inf"))  # (B, T, 1)
        pooled = (torch.softmax(scores, dim=1).transpose(1, 2) @ x).squeeze(1)  # (B, D)
        logits: Tensor = self.head(pooled)
        return logits


class PlainBlock(nn.Module):
    """One encoder block with its attention written out."""

    def __init__(self, width: int, heads: int, mlp_width: int, *, dropout: float, drop_path: float) -> None:
        super().__init__()
        self.heads, self.drop_path = heads, drop_path
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.projection = nn.Linear(width, width)
        self.attention_dropout = nn.Dropout(dropout)
        self.mlp1, self.mlp2 = nn.Linear(width, mlp_width), nn.Linear(mlp_width, width)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """(B, T, D) and the mask (B, T) to (B, T, D)."""
        rows, tokens, width = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(rows, tokens, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # (B, H, T, D / H) each
        scores = query @ key.transpose(-2, -1) * (width // self.heads) ** -0.5  # (B, H, T, T)
        scores = scores.masked_fill(~real[:, None, None, :], float("-inf"))
        attention = self.attention_dropout(torch.softmax(scores, dim=-1))
        attended = (attention @ value).transpose(1, 2).reshape(rows, tokens, width)
        x = x + self._dropped(self.projection(attended))
        x = self.norm2(x)
        return x + self._dropped(self.mlp2(nn.functional.gelu(self.mlp1(x))))

    def _dropped(self, branch: Tensor) -> Tensor:
        if not self.training or self.drop_path == 0.0:
            return branch
        kept = torch.rand(len(branch), 1, 1) >= self.drop_path
        return branch * kept / (1.0 - self.drop_path)


def train_epoch(
    model: Reference,
    optimizer: torch.optim.Optimizer,
    ids: Tensor,
    labels: Tensor,
    *,
    batch_size: int,
    label_smoothing: float,
    gradient_clip: float,
) -> Iterator[int]:
    """One shuffled pass over encoded texts (N, S) and labels (N,); yields the rows of each step when it is done."""
    model.train()
    for rows in torch.randperm(len(ids)).split(batch_size):
        loss = nn.functional.cross_entropy(model(ids[rows]), labels[rows], label_smoothing=label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), gradient_clip)
        optimizer.step()
        yield len(rows)


@torch.inference_mode()
def predict(model: Reference, texts: Sequence[str], ids: dict[str, int], *, batch_size: int = 64) -> Tensor:
    """Class indices (N,) of N texts."""
    model.eval()
    return torch.cat(
        [
            model(encode(texts[start : start + batch_size], ids, model.length)).argmax(dim=1)
            for start in range(0, len(texts), batch_size)
        ]
    )
