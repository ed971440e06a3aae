"""A trained classifier as files: configuration, labels, tokenizer and weights to a run folder and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from cct_text.artifacts import CONFIG, TOKENIZER, WEIGHTS, ModelFiles, RunFolder
from cct_text.config import Config
from cct_text.errors import DataError, UsageError
from cct_text.model.classifier import TextTransformer
from cct_text.model.zoo import build_model
from cct_text.text.tokenizer import Tokenizer

EMBEDDING_WEIGHT = "embedding.weight"


@dataclass(frozen=True)
class TrainedModel:
    """Everything that prediction needs.

    Attributes:
        config: the options of the run.
        labels: class names in the order of the logits.
        tokenizer: text to word ids.
        network: word ids to logits, in evaluation mode.
    """

    config: Config
    labels: tuple[str, ...]
    tokenizer: Tokenizer
    network: TextTransformer


def build_network(
    config: Config,
    *,
    num_classes: int,
    vocab_size: int,
    embedding_dim: int,
    vectors: torch.Tensor | None = None,
) -> TextTransformer:
    """The network that a configuration describes.

    Args:
        config: the options of the run.
        num_classes: C.
        vocab_size: V.
        embedding_dim: E.
        vectors: (V, E) float32, initial word vectors; random ones when not given.
    """
    return build_model(
        config.model,
        num_classes=num_classes,
        vocab_size=vocab_size,
        embedding_dim=embedding_dim,
        max_words=config.text.max_words,
        embedding_dropout=config.embedding.embedding_dropout,
        word_dropout=config.embedding.word_dropout,
        vectors=vectors,
        freeze_vectors=config.embedding.embeddings == "glove-frozen",
    )


def save_model(model: TrainedModel, path: str | Path) -> None:
    """Write the model's files into a run folder, whole or not at all."""
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in model.network.state_dict().items()}
    RunFolder(path).write_model(ModelFiles(model.config, model.labels, model.tokenizer.to_json(), weights))


def load_model(path: str | Path) -> TrainedModel:
    """Read a model from a run folder.

    Raises:
        DataError: if a file is missing, damaged, of another format, or the files do not fit together.
    """
    folder = RunFolder(path)
    files = folder.read_model()
    tokenizer = Tokenizer.from_json(files.tokenizer, source=str(folder.file(TOKENIZER)))
    weights = {name: torch.tensor(array) for name, array in files.weights.items()}
    vectors = weights.get(EMBEDDING_WEIGHT)
    if vectors is None or vectors.ndim != 2 or len(vectors) != len(tokenizer.vocabulary):
        raise DataError(
            f"damaged: no {EMBEDDING_WEIGHT} with a row for each of the {len(tokenizer.vocabulary)} words",
            path=folder.file(WEIGHTS),
        )
    try:
        # Initial weights are drawn and replaced; the caller's random numbers go on as if nothing had happened.
        with torch.random.fork_rng(devices=[]):
            network = build_network(
                files.config,
                num_classes=len(files.labels),
                vocab_size=len(vectors),
                embedding_dim=vectors.shape[1],
                vectors=vectors,
            )
    except UsageError as error:
        raise DataError(f"damaged: {error}", path=folder.file(CONFIG)) from None
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise DataError(f"does not fit the model of {CONFIG}: {first}", path=folder.file(WEIGHTS)) from None
    return TrainedModel(files.config, files.labels, tokenizer, network.eval())
