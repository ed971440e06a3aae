"""`--to torch`: the network as a program of torch.export, which runs without cct-text wherever torch does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cct_text.atomic_writes import write_folder_atomically
from cct_text.errors import UsageError
from cct_text.export.check import Sample, take_sample
from cct_text.export.folder import model_of
from cct_text.export.manifest import manifest, write_manifest, write_tokenizer
from cct_text.export.usage import TORCH, usage
from cct_text.inference.classifier import TextClassifier
from cct_text.model.classifier import TextTransformer
from cct_text.model.geometry import sine_table
from cct_text.model.persistence import restore_network
from cct_text.model.positions import LearnablePositions, SinePositions
from cct_text.model.saved import SavedModel
from cct_text.text.bigrams import Bigrams
from cct_text.text.encoded import chunks_of_text
from cct_text.text.vocabulary import PAD, UNK

FILE = "program.pt2"
EXAMPLE_WORDS = 7
"""Of the batch that is traced; any number but 0 and 1, which torch takes for constants."""


class _Program(nn.Module):
    """A network that finds bigrams itself, whose mask is what is no pad, and whose logits are divided by the temperature."""

    keys: Tensor | None

    def __init__(self, network: TextTransformer, bigrams: Bigrams, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.words = bigrams.words
        self.register_buffer("keys", torch.from_numpy(bigrams.keys) if bigrams else None)
        self.temperature = temperature

    def forward(self, ids: Tensor) -> Tensor:
        logits: Tensor = self.network(ids if self.keys is None else self._with_bigrams(ids, self.keys), ids != PAD)
        return logits / self.temperature

    def _with_bigrams(self, ids: Tensor, known: Tensor) -> Tensor:
        """As `Bigrams.found_in`; no bigram has the unknown word or a pad in it, so none is found with them."""
        keys = ids * self.words + F.pad(ids, (0, 1))[:, 1:]
        places = torch.searchsorted(known, keys).clamp(max=len(known) - 1)
        return torch.where(known[places] == keys, self.words + places, ids)


class _Positions(nn.Module):
    """Positions for all tokens there can be, so that nothing is asked of a length that is not known yet."""

    table: Tensor

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.register_buffer("table", table)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.table[: x.shape[1]]


def export_torch(run: str | Path, out: str | Path) -> dict[str, Any]:
    """Write a run as a program of torch.export, with all that is needed to use it.

    Args:
        run: the run folder; its test rows are among those that are compared.
        out: folder to write; it appears when it is whole and checked.

    Returns:
        What export.json says.

    Raises:
        DataError: if the run is damaged, or what the program says is not what the run says.
        UsageError: if `out` cannot be written; or the run reads long texts in chunks, or one word of a text, which is no
            length that can vary.
    """
    with write_folder_atomically(out) as folder:
        model = model_of(run)
        if model.config.text.long == "chunks":
            raise UsageError(
                'long = "chunks": a torch program reads one chunk of a text; export --to onnx reads them all'
            )
        write_tokenizer(model.tokenizer, folder)
        torch.export.save(traced(model), folder / FILE)
        document = manifest("torch", model, folder, {"fp32": FILE})
        sample = take_sample(Path(run), TextClassifier(model, precision="fp32"), folder)
        document["checked"] = {"texts": len(sample.texts), "models": {"fp32": _check(folder / FILE, sample, model)}}
        write_manifest(document, folder, usage(TORCH, FILE, several=model.thresholds is not None))
    return document


def _check(path: Path, sample: Sample, model: SavedModel) -> dict[str, Any]:
    """The file against the library, on texts cut as the run cuts them."""
    program = torch.export.load(path).module()
    text = model.config.text

    def network(ids: np.ndarray) -> tuple[np.ndarray, None]:
        with torch.inference_mode():
            logits: np.ndarray = program(torch.from_numpy(ids)).numpy()
        return logits, None

    cut = [ids[chunks_of_text(len(ids), text.max_words, text.long)[0]] for ids in sample.ids]
    return replace(sample, ids=cut).compare(path.name, network, exact=True)


def traced(model: SavedModel) -> torch.export.ExportedProgram:
    """The program: word ids (B, S) int64, pads behind the shorter texts, to logits (B, C) divided by the temperature.

    B is at least 1, S at most the run's `max_words`.

    Raises:
        UsageError: if the run reads one word of a text.
    """
    max_words, windows = model.config.text.max_words, model.architecture.windows
    if max_words < 2:
        raise UsageError("max_words = 1: torch.export takes a size of 1 for a constant; export --to onnx")
    network = restore_network(model)
    # Enough for every length; and two tokens at least, as torch takes a size of 1 for a constant.
    network.fixed_room = max(map(windows.room, range(max_words + 1)))
    while windows.tokens(network.fixed_room) < 2:
        network.fixed_room += 1
    tokens = windows.tokens(max_words + network.fixed_room) + (network.class_token is not None)
    positions = network.position_embedding
    if isinstance(positions, SinePositions):
        network.position_embedding = _Positions(torch.from_numpy(sine_table(tokens, model.architecture.width)))
    elif isinstance(positions, LearnablePositions):
        # What lies behind the last real token has no position and needs none.
        learned = positions.positions.detach()
        network.position_embedding = _Positions(F.pad(learned, (0, 0, 0, tokens - len(learned))))
    example = torch.full((2, min(max_words, EXAMPLE_WORDS)), UNK)
    program = _Program(network, model.tokenizer.vocabulary.bigrams, model.temperature)
    sizes = {0: torch.export.Dim("texts", min=1), 1: torch.export.Dim("words", max=max_words)}
    with torch.no_grad():
        return torch.export.export(program.eval(), (example,), dynamic_shapes=(sizes,))
