"""Where the tokens of a text come from: windows of words, their number, their positions.

No torch is needed here, and NumPy only where an array is made: the command line asks here for the names of the models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

POOL_KERNEL, POOL_STRIDE, POOL_PADDING = 2, 2, 1
"""The max-pool of CCT (arXiv 2104.05704, section 3.3)."""


@dataclass(frozen=True)
class Span:
    """The tokens of a text that are real, `first` to `last`, counted from 0; none where `last` is before `first`."""

    first: int
    last: int

    def __len__(self) -> int:
        return max(0, self.last + 1 - self.first)


@dataclass(frozen=True)
class Windows:
    """The windows of a conv tokenizer, in numbers.

    Overlapping (CCT): stride max(1, P//2 - 1), padding max(1, P//2), and a max-pool behind each convolution, unless it is
    switched off. Otherwise (ViT-Lite, CVT): stride P, no padding, no max-pool. With 0 layers the words are the tokens.

    Attributes:
        kernel: P, words under one window; the most, where there are several kinds of windows.
        layers: convolutions, one on top of the other.
        overlapping: the windows of CCT.
        max_pool: whether a max-pool follows each convolution.
    """

    kernel: int
    layers: int
    overlapping: bool
    max_pool: bool

    @property
    def stride(self) -> int:
        """Words from one window to the next."""
        return max(1, self.kernel // 2 - 1) if self.overlapping else self.kernel

    @property
    def padding(self) -> int:
        """Zero vectors before and behind the words."""
        return max(1, self.kernel // 2) if self.overlapping else 0

    def tokens(self, words: int) -> int:
        """T, the tokens, real or not, that S words give, pads included."""
        for _ in range(self.layers):
            words = (words + 2 * self.padding - self.kernel) // self.stride + 1
            if self.max_pool:
                words = (words + 2 * POOL_PADDING - POOL_KERNEL) // POOL_STRIDE + 1
        return words

    def room(self, words: int) -> int:
        """Pads to add on the right of S words so that every window with one of these words in it exists.

        As published, the last windows of a text exist only where enough pads follow it (a kernel of 4), and words that
        do not fill a patch are dropped. With this room the tokens of a text are the same wherever its batch ends.
        A batch of empty texts may be 0 words wide; a convolution needs at least one.
        """
        if not words:
            return 1 + self.room(1)
        reach = words
        fewest = []  # windows with something real in them, layer by layer
        for _ in range(self.layers):
            windows = (reach - 1 + self.padding) // self.stride + 1
            reach = (windows - 1 + POOL_PADDING) // POOL_STRIDE + 1 if self.max_pool else windows
            fewest.append(windows)
        needed = 0  # inputs that the layer behind needs
        for windows in reversed(fewest):
            if self.max_pool:
                needed = (needed - 1) * POOL_STRIDE + POOL_KERNEL - 2 * POOL_PADDING
            needed = (max(windows, needed) - 1) * self.stride + self.kernel - 2 * self.padding
        return max(0, needed - words)

    def after(self, real: Span) -> Span:
        """The real tokens that one layer makes of the real ones before it, its max-pool included."""
        first = max(0, -(-(real.first + self.padding - self.kernel + 1) // self.stride))
        last = (real.last + self.padding) // self.stride
        if self.max_pool:
            first, last = (first + POOL_PADDING) // POOL_STRIDE, (last + POOL_PADDING) // POOL_STRIDE
        return Span(first, last)

    def real(self, words: int) -> Span:
        """The tokens that S real words, and pads behind them as many as needed, make real; none where S is 0."""
        if not words:
            return Span(0, -1)
        span = Span(0, words - 1)
        for _ in range(self.layers):
            span = self.after(span)
        return span

    @property
    def field(self) -> tuple[int, int, int]:
        """Receptive fields, as (start, step, size): token t reads `size` words, the first of them `start + t * step`."""
        start, step, size = 0, 1, 1
        for _ in range(self.layers):
            start, step, size = start - self.padding * step, step * self.stride, size + (self.kernel - 1) * step
            if self.max_pool:
                start, step, size = start - POOL_PADDING * step, step * POOL_STRIDE, size + (POOL_KERNEL - 1) * step
        return start, step, size

    def words_of_tokens(self, tokens: int, words: int) -> np.ndarray:
        """(T, S) float32: 1 where a word lies in the receptive field of a token, else 0."""
        import numpy as np

        start, step, size = self.field
        first = start + step * np.arange(tokens)[:, None]  # (T, 1)
        word = np.arange(words)[None, :]  # (1, S)
        return ((word >= first) & (word < first + size)).astype(np.float32)


def shares(width: int, kernels: Sequence[int]) -> list[int]:
    """How many of D features the windows of each kernel make: equally many, the first ones one more where that is uneven."""
    share, rest = divmod(width, len(kernels))
    return [share + (index < rest) for index in range(len(kernels))]


def margins(kernels: Sequence[int]) -> list[tuple[int, int]]:
    """Words of the largest window before and behind each of the kernels, which stand in its middle."""
    largest = max(kernels)
    return [((largest - kernel) // 2, largest - kernel - (largest - kernel) // 2) for kernel in kernels]


def sine_table(tokens: int, width: int) -> np.ndarray:
    """(T, D) float32: sine in the even and cosine in the odd columns (Vaswani et al. 2017, section 3.5)."""
    import numpy as np

    column = np.arange(width)
    angle = np.arange(tokens)[:, None] * 10000.0 ** (-2 * (column // 2) / width)  # (T, D)
    return np.where(column % 2 == 0, np.sin(angle), np.cos(angle)).astype(np.float32)
