"""The paper's text pipeline as one writes it down at first: the side that the product's speed is measured against.

Each row is tokenized by itself in Python, every text is padded and cut to one length, the convolution is a Conv2d over
a one-channel image, attention is written out with an explicit softmax, dropout and AdamW are torch's own, all in fp32.
It is no straw man: it computes what the product's network computes, and a test holds the two equal.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from cct_text.model.architecture import Architecture
from cct_text.text.vocabulary import PAD, UNK

WORDS_TOGETHER = 4096
"""Words, pads included, of a batch in prediction: 64 texts of 64 words, 8 of 512. Neither more nor fewer are faster."""

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


def encode(texts: Sequence[str], ids: Mapping[str, int], length: int) -> Tensor:
    """Word ids (N, S) int64 of N texts, all padded or cut to one length."""
    return padded([[ids.get(word, UNK) for word in tokenize(text)] for text in texts], length)


def padded(rows: Sequence[Sequence[int]], length: int) -> Tensor:
    """Word ids (N, S) int64, all padded or cut to one length."""
    return torch.tensor([[*row[:length], *[PAD] * (length - len(row))] for row in rows])


class Reference(nn.Module):
    """The same network as a cct model of the product, with its weights, written plainly.

    Args:
        architecture: of a cct model with one convolution, sine positions and SeqPool.
        weights: by the names under which the product saves them; they are copied.
        length: S, to which every text is padded.
        embedding_dropout: share of word-vector elements set to zero in training.
        frozen: whether the word vectors stay as they are in training.
    """

    def __init__(
        self,
        architecture: Architecture,
        weights: Mapping[str, Tensor],
        *,
        length: int,
        embedding_dropout: float = 0.0,
        frozen: bool = False,
    ) -> None:
        super().__init__()
        width, self.length = architecture.width, length
        self.embedding = nn.Embedding.from_pretrained(
            weights["embedding.weight"].clone(), freeze=frozen, padding_idx=PAD
        )
        self.embedding_dropout = nn.Dropout(embedding_dropout)
        self.kernel = kernel = max(architecture.kernels)
        self.stride, self.padding = max(1, kernel // 2 - 1), max(1, kernel // 2)
        window = (kernel, architecture.embedding_dim)
        self.conv = nn.Conv2d(1, width, window, (self.stride, 1), (self.padding, 0), bias=False)
        self.conv.weight.data.copy_(weights["tokenizer.layers.0.weights.0"].transpose(1, 2).unsqueeze(1))
        self.pool = nn.MaxPool2d((2, 1), (2, 1), (1, 0))
        self.blocks = nn.ModuleList(
            PlainBlock(
                width,
                architecture.heads,
                architecture.mlp_width,
                dropout=architecture.attention_dropout,
                drop_path=architecture.stochastic_depth * layer / max(1, architecture.layers - 1),
            )
            for layer in range(architecture.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.score = nn.Linear(width, 1)
        self.head = nn.Linear(width, len(weights["head.bias"]))
        self._copy(weights)
        windows = (length + 2 * self.padding - kernel) // self.stride + 1
        self.register_buffer("positions", _sine(windows // 2 + 1, width))

    def _copy(self, weights: Mapping[str, Tensor]) -> None:
        names = {"encoder.": "", "pooling.": "", ".attention.": ".", "mlp.0": "mlp1", "mlp.3": "mlp2"}
        copied = {}
        for name, weight in weights.items():
            if not name.startswith(("embedding.", "tokenizer.", "position_embedding.")):
                for theirs, plain in names.items():
                    name = name.replace(theirs, plain)
                copied[name] = weight
        missing, unexpected = self.load_state_dict(copied, strict=False)
        if unexpected or set(missing) - {"embedding.weight", "conv.weight"}:
            raise ValueError(f"not the weights of this network: {missing + unexpected}")

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
        x = x + self.positions
        for block in self.blocks:
            x = block(x, real)
        x = self.norm(x)
        scores = self.score(x).masked_fill(~real.unsqueeze(2), torch.finfo(x.dtype).min)  # (B, T, 1)
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
        scores = scores.masked_fill(~real[:, None, None, :], torch.finfo(x.dtype).min)
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


def _sine(tokens: int, width: int) -> Tensor:
    """(T, D): sine in the even and cosine in the odd columns."""
    column = torch.arange(width)
    angle = torch.arange(tokens).unsqueeze(1) / 10000.0 ** (2 * (column // 2) / width)
    return torch.where(column % 2 == 0, angle.sin(), angle.cos())


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
def probabilities(model: Reference, texts: Sequence[str], ids: Mapping[str, int]) -> Tensor:
    """Probabilities (N, C) of N texts."""
    model.eval()
    batch_size = max(1, WORDS_TOGETHER // model.length)
    return torch.cat(
        [
            model(encode(texts[start : start + batch_size], ids, model.length)).softmax(dim=1)
            for start in range(0, len(texts), batch_size)
        ]
    )


def predict_file(model: Reference, ids: Mapping[str, int], labels: Sequence[str], source: Path, output: Path) -> None:
    """Label and probability of every line of a text file, as a CSV file."""
    with source.open(encoding="utf-8") as lines:
        texts = [line.rstrip("\n") for line in lines]
    best, classes = probabilities(model, texts, ids).max(dim=1)
    with output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["label", "probability"])
        writer.writerows(zip([labels[index] for index in classes.tolist()], best.tolist(), strict=True))
