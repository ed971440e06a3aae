"""Between a network and its saved weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from cct_text.config import Config
from cct_text.model.classifier import TextTransformer
from cct_text.model.network import TextNetwork
from cct_text.model.saved import EMBEDDING_WEIGHT, SavedModel
from cct_text.model.zoo import build_model
from cct_text.text.bigrams import Bigrams


def build_network(
    config: Config,
    *,
    num_classes: int,
    vocab_size: int,
    embedding_dim: int,
    bigrams: Bigrams | None = None,
    vectors: torch.Tensor | None = None,
    class_of_label: Sequence[int] | None = None,
) -> TextTransformer:
    """The network that a configuration describes.

    Args:
        config: the options of the run.
        num_classes: C.
        vocab_size: V, bigrams included.
        embedding_dim: E.
        bigrams: of the vocabulary; none when not given.
        vectors: (V, E) float32, initial word vectors; random ones when not given.
        class_of_label: of each label, where finer ones than the classes are learned; see `TextNetwork`.
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
        first_words=torch.from_numpy(bigrams.first_words) if bigrams else None,
        class_of_label=class_of_label,
    )


def weights_of(network: TextNetwork) -> dict[str, np.ndarray]:
    """A network's weights by name, as they are saved."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}


def restore_network(model: SavedModel) -> TextTransformer:
    """The network of a saved model, in evaluation mode."""
    vocab_size, embedding_dim = model.weights[EMBEDDING_WEIGHT].shape
    # Initial weights are drawn and replaced; the caller's random numbers go on as if nothing had happened.
    with torch.random.fork_rng(devices=[]):
        network = build_network(
            model.config,
            num_classes=len(model.labels),
            vocab_size=vocab_size,
            embedding_dim=embedding_dim,
            bigrams=model.tokenizer.vocabulary.bigrams,
            class_of_label=model.class_of_label,
        )
    network.load_state_dict({name: torch.tensor(array) for name, array in model.weights.items()})
    return network.eval()
