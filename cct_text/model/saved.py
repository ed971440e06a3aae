"""A trained classifier as files: what prediction needs, to a run folder and back, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from cct_text.artifacts import CONFIG, TOKENIZER, WEIGHTS, ModelFiles, RunFolder
from cct_text.config import Config
from cct_text.errors import DataError, UsageError
from cct_text.model.architecture import Architecture, resolve_architecture, weight_shapes
from cct_text.text.tokenizer import Tokenizer

EMBEDDING_WEIGHT = "embedding.weight"


@dataclass(frozen=True)
class SavedModel:
    """Everything that prediction needs.

    Attributes:
        config: the options of the run.
        labels: class names in the order of the logits.
        tokenizer: text to word ids.
        weights: of the network, float32 arrays by name.
        temperature: that the network's logits are divided by, so that the probabilities mean what they say; above 0.
        class_of_label: of each label that was learned, negative where it belongs to no class; None where the labels are
            the classes.
        thresholds: of each label, in (0, 1), the probability from which on a text has it; None where a text has one label.
    """

    config: Config
    labels: tuple[str, ...]
    tokenizer: Tokenizer
    weights: Mapping[str, np.ndarray]
    temperature: float
    class_of_label: tuple[int, ...] | None = None
    thresholds: tuple[float, ...] | None = None

    @property
    def architecture(self) -> Architecture:
        """The sizes of the network."""
        return resolve_architecture(self.config.model, self.weights[EMBEDDING_WEIGHT].shape[1])

    @property
    def word_vectors(self) -> np.ndarray:
        """(V, E) float32, the vector of each id, that of its first word included where it is a bigram."""
        vectors, bigrams = self.weights[EMBEDDING_WEIGHT], self.tokenizer.vocabulary.bigrams
        if not bigrams:
            return vectors
        words, of_bigrams = np.split(vectors, [bigrams.words])
        return np.concatenate([words, words[bigrams.first_words[bigrams.words :]] + of_bigrams])

    def save(self, path: str | Path) -> None:
        """Write the model's files into a run folder, whole or not at all."""
        RunFolder(path).write_model(
            ModelFiles(
                config=self.config,
                labels=self.labels,
                tokenizer=self.tokenizer.to_json(),
                weights=self.weights,
                temperature=self.temperature,
                class_of_label=self.class_of_label,
                thresholds=self.thresholds,
            )
        )

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model from a run folder.

        Raises:
            DataError: if a file is missing, damaged, of another format, or the files do not fit together.
        """
        folder = RunFolder(path)
        files = folder.read_model()
        tokenizer = Tokenizer.from_json(files.tokenizer, source=str(folder.file(TOKENIZER)))
        model = cls(
            config=files.config,
            labels=files.labels,
            tokenizer=tokenizer,
            weights=files.weights,
            temperature=files.temperature,
            class_of_label=files.class_of_label,
            thresholds=files.thresholds,
        )
        vectors = files.weights.get(EMBEDDING_WEIGHT)
        if vectors is None or vectors.ndim != 2 or len(vectors) != len(tokenizer.vocabulary):
            raise DataError(
                f"damaged: no {EMBEDDING_WEIGHT} with a row for each of the {len(tokenizer.vocabulary)} words and bigrams",
                path=folder.file(WEIGHTS),
            )
        try:
            architecture = model.architecture
        except UsageError as error:
            raise DataError(f"damaged: {error}", path=folder.file(CONFIG)) from None
        expected = weight_shapes(
            architecture,
            vocab_size=len(vectors),
            num_labels=len(files.labels if files.class_of_label is None else files.class_of_label),
            max_words=files.config.text.max_words,
        )
        if (fault := _difference(expected, files.weights)) is not None:
            raise DataError(f"does not fit the model of {CONFIG}: {fault}", path=folder.file(WEIGHTS))
        return model


def _difference(expected: Mapping[str, tuple[int, ...]], weights: Mapping[str, np.ndarray]) -> str | None:
    """The first weight that is missing, of another shape or type, or too many."""
    for name, shape in expected.items():
        if name not in weights:
            return f"no {name}"
        if weights[name].shape != shape or weights[name].dtype != np.float32:
            return f"{name} is {weights[name].dtype} {weights[name].shape}, expected float32 {shape}"
    return next((f"{name} is not of this model" for name in weights if name not in expected), None)
