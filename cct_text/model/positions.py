"""Position embeddings, added to the tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cct_text.errors import UsageError
from cct_text.model.geometry import sine_table


class SinePositions(nn.Module):
    """Fixed sine and cosine waves; the table grows with the longest text seen and is not saved with the model.

    Args:
        tokens: rows to start with.
        width: D.
    """

    positions: Tensor

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.register_buffer("positions", torch.from_numpy(sine_table(tokens, width)), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (B, T, D) with their positions added."""
        tokens, width = x.shape[1:]
        if tokens > len(self.positions):
            self.positions = torch.from_numpy(sine_table(2 * tokens, width)).to(self.positions)
        return x + self.positions[:tokens]


class LearnablePositions(nn.Module):
    """One trained vector per position, truncated normal with standard deviation 0.2 at first.

    Args:
        tokens: T at most.
        width: D.
        max_words: the number of words that gives so many tokens, for the message.
    """

    def __init__(self, tokens: int, width: int, *, max_words: int) -> None:
        super().__init__()
        self.max_words = max_words
        self.positions = nn.Parameter(nn.init.trunc_normal_(torch.empty(tokens, width), std=0.2))

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (B, T, D) with their positions added.

        Raises:
            UsageError: if there are more tokens than `max_words` words give.
        """
        tokens = x.shape[1]
        if tokens > len(self.positions):
            raise UsageError(
                f"a text longer than max_words = {self.max_words}, for which the learnable positions were made; "
                "cut the text, or train with a larger max_words or positions = sine"
            )
        return x + self.positions[:tokens]
