"""Word vectors to conv tokens: the tokenizers of ViT-Lite and CVT (patches) and of CCT (overlapping windows)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cct_text.model.geometry import POOL_KERNEL, POOL_PADDING, POOL_STRIDE, Windows, margins, shares


class WindowConv(nn.Module):
    """Conv1d(E, D, P) without bias over (B, S, E), as one product of the windows and the weight.

    With several kernels each makes a share of the D features, from the middle of the largest one's window.

    Forward and backward together take 1.1 to 2.4 times less than torch's own on a CPU (S = 64, P from 4 to 1). The words
    of a window are put side by side whole, which in bf16 takes half the time of `unfold` (B = 64, P = 2, S up to 250).

    Args:
        embedding_dim: E.
        width: D.
        kernels: words under the windows; the largest is P.
        stride: words from one window to the next.
        padding: zero vectors before and after the words.
    """

    def __init__(self, embedding_dim: int, width: int, kernels: Sequence[int], *, stride: int, padding: int) -> None:
        super().__init__()
        self.stride = stride
        self.padding = padding
        self.margins = margins(kernels)
        self.weights = nn.ParameterList(
            nn.init.kaiming_normal_(torch.empty(share, embedding_dim, kernel))
            for share, kernel in zip(shares(width, kernels), kernels, strict=True)
        )

    @property
    def weight(self) -> Tensor:
        """(D, E, P): all kernels as parts of the largest."""
        parts = [F.pad(weight, margin) for weight, margin in zip(self.weights, self.margins, strict=True)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def forward(self, x: Tensor) -> Tensor:
        """(B, S, E) to (B, T, D)."""
        padded = F.pad(x, (0, 0, self.padding, self.padding))  # (B, S + 2 padding, E)
        weight = self.weight
        kernel = weight.shape[2]
        end = padded.shape[1] - kernel + 1
        windows = torch.cat([padded[:, word : end + word : self.stride] for word in range(kernel)], dim=2)
        return F.linear(windows, weight.transpose(1, 2).flatten(1))  # (B, T, P E) to (B, T, D)


class ConvTokenizer(nn.Module):
    """Convolutions over the word vectors, without bias (arXiv 2104.05704, section 3.3 and the published text code).

    Overlapping (CCT): stride max(1, P//2 - 1), padding max(1, P//2), ReLU, then max-pool. Otherwise (ViT-Lite, CVT):
    stride P, no padding, no activation, no max-pool. The published Conv2d(1, D, (P, E)) over a one-channel image is
    exactly Conv1d(E, D, P). Further layers repeat the first on its output; with 0 layers the words are the tokens.

    Not in the paper: several kernels side by side, as in Kim's network (arXiv 1408.5882), and windows without max-pool.

    A conv token is real if its window holds at least one real word; a pooled token is real if any token it pools is.
    Tokens that are not real hold zeros, so they are to a further layer what its zero padding is.

    Args:
        embedding_dim: E.
        width: D.
        kernels: words under the windows; the largest is P.
        windows: of the largest kernel.
    """

    def __init__(self, embedding_dim: int, width: int, *, kernels: Sequence[int], windows: Windows) -> None:
        super().__init__()
        self.windows = windows
        self.layers = nn.ModuleList(
            WindowConv(
                width if layer else embedding_dim, width, kernels, stride=windows.stride, padding=windows.padding
            )
            for layer in range(windows.layers)
        )

    def forward(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, T, D) and their mask (B, T) bool, from word vectors (B, S, E) and their mask (B, S) bool."""
        x = vectors.masked_fill(~mask.unsqueeze(-1), 0.0)
        real = mask.float().unsqueeze(1)  # (B, 1, S)
        for convolution in self.layers:
            x = convolution(x)  # (B, T, D)
            real = F.pad(real, (self.windows.padding, self.windows.padding))
            real = _max_pool(real, self.windows.kernel, self.windows.stride, 0)  # (B, 1, T)
            if self.windows.overlapping:
                x = F.relu(x)
            if self.windows.max_pool:
                # Tokens that are not real hold 0, the least that ReLU gives: they never win against a real one.
                x = _max_pool(x.transpose(1, 2), POOL_KERNEL, POOL_STRIDE, POOL_PADDING)  # (B, D, T)
                x = x.transpose(1, 2)  # (B, T, D)
                real = _max_pool(real, POOL_KERNEL, POOL_STRIDE, POOL_PADDING)
        return x, real.squeeze(1) > 0  # (B, T, D), (B, T)


def _max_pool(x: Tensor, kernel: int, stride: int, padding: int) -> Tensor:
    """Over the last axis. `torch.export` traces max_pool2d for every length, max_pool1d only for the one it is shown."""
    return F.max_pool2d(x.unsqueeze(-2), (1, kernel), (1, stride), (0, padding)).squeeze(-2)
