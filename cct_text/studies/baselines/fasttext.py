"""fastText, supervised, on words and pairs of words."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from cct_text.config import Config
from cct_text.datasets import Dataset
from cct_text.errors import ResourceError
from cct_text.studies.baselines import BASELINES
from cct_text.studies.baselines.learned import Learned, choose, words_of

LABEL = "__label__"
OPTIONS = {"dim": 100, "wordNgrams": 2, "minCount": 1, "bucket": 500_000, "loss": "softmax", "thread": 1, "verbose": 0}
"""One thread, with which the same seed gives the same model."""
TRIED = ((5, 0.1), (5, 0.5), (25, 0.1), (25, 0.5))
"""Epochs and learning rates."""


def fit_fasttext(dataset: Dataset, config: Config) -> Learned:
    """The supervised classifier; dev chooses epochs and learning rate.

    Source: Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification", EACL.

    Raises:
        ResourceError: if the package is not installed.
    """
    try:
        import fasttext
    except ImportError:
        extra = BASELINES["fasttext"].extra
        raise ResourceError(f"fastText is not installed: pip install 'cct-text[{extra}]'") from None

    start = time.perf_counter()
    classes = len(dataset.labels)
    with TemporaryDirectory() as folder:
        source = Path(folder) / "train.txt"
        rows = zip(dataset.train.labels, words_of(dataset.train, config), strict=True)
        source.write_text("".join(f"{LABEL}{label} {text}\n" for label, text in rows), encoding="utf-8")

        def fit(tried: tuple[int, float]) -> Any:  # noqa: ANN401 - the package has no types
            epochs, rate = tried
            seed = config.training.seed
            return fasttext.train_supervised(str(source), epoch=epochs, lr=rate, seed=seed, **OPTIONS)

        dev = words_of(dataset.dev, config)
        (epochs, rate), model = choose(
            TRIED, fit, lambda fitted: _logits(fitted, dev, classes), dataset.dev.labels, without_dev=TRIED[2]
        )
    seconds = time.perf_counter() - start
    vectors = model.get_input_matrix()
    return Learned(
        dev=_logits(model, dev, classes) if dev else None,
        test=None if dataset.test is None else _logits(model, words_of(dataset.test, config), classes),
        parameters=int(model.get_output_matrix().size),
        embedding_parameters=int(vectors.size),
        features=len(vectors),
        seconds=seconds,
        epochs=epochs,
        chosen={"epochs": epochs, "learning_rate": rate},
    )


def _logits(model: Any, texts: list[str], classes: int) -> np.ndarray:  # noqa: ANN401
    """Logarithms of the probabilities, (N, C); of a class that train lacks, hardly any."""
    logits = np.full((len(texts), classes), np.log(np.finfo(np.float32).tiny))
    for row, (labels, probabilities) in enumerate(zip(*model.predict(texts, k=-1), strict=True)):
        of_row = [int(label.removeprefix(LABEL)) for label in labels]
        logits[row, of_row] = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    return logits
