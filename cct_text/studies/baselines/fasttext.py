"""fastText, supervised, on words and pairs of words."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from cct_text.config import Config
from cct_text.datasets import Dataset, Split
from cct_text.studies.baselines import BASELINES
from cct_text.studies.baselines.learned import Learned, choose, words_of

LABEL = "__label__"
OPTIONS = {"dim": 100, "wordNgrams": 2, "minCount": 1, "bucket": 500_000, "loss": "softmax", "thread": 1, "verbose": 0}
"""One thread, with which the same seed gives the same model."""
RESERVED = {LABEL: "label_", "</s>": "<s>"}
"""What fastText takes for a label or for the end of the text, and what stands in its place."""
TRIED = ((5, 0.1), (5, 0.5), (25, 0.1), (25, 0.5))
"""Epochs and learning rates."""


def fit_fasttext(dataset: Dataset, config: Config) -> Learned:
    """The supervised classifier; dev chooses epochs and learning rate.

    Source: Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification", EACL.

    Raises:
        ResourceError: if the package is not installed.
    """
    BASELINES["fasttext"].require_installed()
    import fasttext

    start = time.perf_counter()
    classes = len(dataset.labels)
    with TemporaryDirectory() as folder:
        source = Path(folder) / "train.txt"
        labels, texts = dataset.train.labels, _texts(dataset.train, config)
        # It takes the rows as they stand, epoch by epoch, and learns little from one class after the other.
        order = np.random.default_rng(config.training.seed).permutation(len(texts))
        source.write_text("".join(f"{LABEL}{labels[row]} {texts[row]}\n" for row in order), encoding="utf-8")

        def fit(tried: tuple[int, float]) -> Any:  # noqa: ANN401 - the package has no types
            epochs, rate = tried
            seed = config.training.seed
            return fasttext.train_supervised(str(source), epoch=epochs, lr=rate, seed=seed, **OPTIONS)

        dev = _texts(dataset.dev, config)
        (epochs, rate), model = choose(
            TRIED, fit, lambda fitted: _logits(fitted, dev, classes), dataset.dev.labels, without_dev=TRIED[2]
        )
    seconds = time.perf_counter() - start
    vectors = model.get_input_matrix()
    return Learned(
        dev=_logits(model, dev, classes) if dev else None,
        test=None if dataset.test is None else _logits(model, _texts(dataset.test, config), classes),
        parameters=int(model.get_output_matrix().size),
        embedding_parameters=int(vectors.size),
        features=len(vectors),
        seconds=seconds,
        epochs=epochs,
        chosen={"epochs": epochs, "learning_rate": rate},
    )


def _texts(split: Split, config: Config) -> list[str]:
    """The split's words, none of which fastText takes for a mark of its own."""
    texts = words_of(split, config)
    for mark, word in RESERVED.items():
        texts = [text.replace(mark, word) for text in texts]
    return texts


def _logits(model: Any, texts: list[str], classes: int) -> np.ndarray:  # noqa: ANN401
    """Logarithms of the probabilities, (N, C); of a class that train lacks, hardly any."""
    logits = np.full((len(texts), classes), np.log(np.finfo(np.float32).tiny))
    for row, (labels, probabilities) in enumerate(zip(*model.predict(texts, k=-1), strict=True)):
        of_row = [int(label.removeprefix(LABEL)) for label in labels]
        logits[row, of_row] = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    return logits
