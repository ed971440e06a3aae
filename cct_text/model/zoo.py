"""From a model's name to a network with new weights."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from cct_text.config import ModelConfig
from cct_text.errors import UsageError
from cct_text.model.architecture import resolve_architecture
from cct_text.model.classifier import TextTransformer
from cct_text.model.embedding import WordEmbedding
from cct_text.model.network import TextNetwork
from cct_text.model.positions import LearnablePositions


def build_model(
    model: str | ModelConfig,
    *,
    num_classes: int,
    vocab_size: int,
    embedding_dim: int,
    max_words: int = 256,
    embedding_dropout: float = 0.0,
    word_dropout: float = 0.0,
    vectors: Tensor | None = None,
    freeze_vectors: bool = False,
    first_words: Tensor | None = None,
    class_of_label: Sequence[int] | None = None,
) -> TextTransformer:
    """A network with new weights.

    Args:
        model: a name such as `cct-2/1`, or a configuration; see `resolve_architecture`.
        num_classes: C.
        vocab_size: V, pad and unknown word included.
        embedding_dim: E.
        max_words: words of the longest text.
        embedding_dropout: share of word-vector elements set to zero in training.
        word_dropout: share of words replaced by the unknown word in training.
        vectors: (V, E), initial word vectors; random ones when not given.
        freeze_vectors: do not train the word vectors.
        first_words: (V,) int64, where some ids are of bigrams; see `WordEmbedding`.
        class_of_label: of each label, where finer ones than the classes are learned; see `TextNetwork`.

    Raises:
        UsageError: if there is no such model, or the sizes do not fit together.
    """
    architecture = resolve_architecture(model, embedding_dim)
    for name, value, least in (
        ("num_classes", num_classes, 1),
        ("vocab_size", vocab_size, 2),
        ("max_words", max_words, 1),
    ):
        if value < least:
            raise UsageError(f"{name} = {value}: expected at least {least}")
    embedding = WordEmbedding(
        vocab_size,
        embedding_dim,
        vectors=vectors,
        freeze=freeze_vectors,
        dropout=embedding_dropout,
        word_dropout=word_dropout,
        first_words=first_words,
    )
    return TextTransformer(
        architecture, embedding, num_classes=num_classes, max_words=max_words, class_of_label=class_of_label
    )


def parameter_counts(network: TextNetwork) -> tuple[int, int]:
    """Trainable parameters without word vectors and positions, as the paper counts; those of the word vectors."""
    embedding = _trainable(network.embedding)
    positions = sum(_trainable(part) for part in network.modules() if isinstance(part, LearnablePositions))
    return _trainable(network) - embedding - positions, embedding


def _trainable(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
