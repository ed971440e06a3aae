"""Readers of texts, and of names for files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from cct_text.config import DataConfig
from cct_text.datasets import load_dataset
from cct_text.errors import CCTTextError
from cct_text.inference.classifier import TextClassifier
from cct_text.text.rules import RULES
from cct_text.text.tokenizer import Tokenizer
from cct_text.text.vocabulary import Vocabulary
from cct_text.vectors.sources import find
from tests.support import user_files
from tests.support.hostile_bytes import Seed
from tests.support.hostile_trials import Reader
from tests.support.random_networks import random_model
from tests.support.readers.rows import ROWS


def texts(folder: Path) -> Reader:
    """Any bytes as a text, halves of surrogate pairs among its characters."""
    tokenizers = [Tokenizer(name, Vocabulary(("<pad>", "<unk>", "the", "one"), (0, 0, 1, 1))) for name in RULES]
    _, model = random_model({"model": "cct-2/2"})
    classifier = TextClassifier(model)
    seeds = [
        "The \u0130stanbul \u03a3\u0391\u03a3 isn't \"here\": <br />3,000 ... Mr. A's U.S. -- ''w1'' cannot w2 <pad> <unk>",
        "one w3\u3000two\u00a0three\tfour\u2028 e\u0301 \U0001f469\u200d\U0001f4bb \u0130\u0307 \ufeff ﬁ ǅ \x00\x85",
    ]

    def read(content: bytes) -> None:
        text = content.decode("utf-8", errors="surrogateescape")
        [explained] = [classifier.explain(text)]
        assert abs(sum(word.weight for word in explained) - 1.0) < 1e-3 or not explained
        assert classifier.predict([text])[0] in classifier.labels
        clean = content.decode("utf-8", errors="replace")
        for tokenizer in tokenizers:
            spans = tokenizer.spans(clean)
            assert len(spans) == len(tokenizer.encode([clean]).ids)
            assert all(0 <= start <= end <= len(clean) for _, start, end in spans)

    return Reader([Seed(text.encode()) for text in seeds], read, cost=8)


def names(folder: Path) -> Reader:
    """What stands for a data set, for vectors or for a run in a configuration or a call."""
    path = folder / "rows.csv"
    path.write_bytes(user_files.FORMATS["csv"](ROWS))

    def read(content: bytes) -> None:
        name = content.decode("utf-8", errors="surrogateescape").replace("\n", "")
        if name.lstrip().startswith(("hf:", "glove", "word2vec-", "fasttext", "conceptnet-")) or "/" not in name:
            return  # which could be fetched
        for options in ({"dataset": name}, {"dev": name}, {"test": name}):
            with suppress(CCTTextError):
                load_dataset(DataConfig(**{"dataset": str(path), **options}))
        with suppress(CCTTextError):
            load_dataset(DataConfig(dataset="trec", data_dir=name))
        with suppress(CCTTextError):
            find(name)
        TextClassifier.load(name)

    return Reader([Seed(str(path).encode()), Seed(f"{folder}/run".encode())], read)
