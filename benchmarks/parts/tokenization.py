"""Text to word ids, with each of the tokenizers."""

from __future__ import annotations

import time
from functools import partial

import numpy as np

from benchmarks.clock import in_turns
from benchmarks.measurement import Measurement, Work
from benchmarks.tasks import Settings, Task
from benchmarks.work import FLOAT
from cct_text.datasets import load_dataset
from cct_text.text.rules import RULES
from cct_text.text.tokenizer import Tokenizer, split_words
from cct_text.text.vocabulary import Vocabulary


def measure(task: Task, settings: Settings) -> list[Measurement]:
    """Rows a second of processor time, over the train split."""
    texts = load_dataset(task.dataset).train.texts
    texts = texts.slice(0, settings.at_most(len(texts), 2_000))
    tokenizers = {name: Tokenizer(name, Vocabulary.build(split_words(texts, name))) for name in RULES}
    words = np.mean([len(tokenizer.encode(texts).ids) for tokenizer in tokenizers.values()])

    def rate(tokenizer: Tokenizer) -> float:
        start = time.process_time()
        tokenizer.encode(texts)
        return len(texts) / (time.process_time() - start)

    return [
        Measurement(
            "tokenization",
            "rows/s",
            in_turns({name: partial(rate, tokenizer) for name, tokenizer in tokenizers.items()}, settings.rounds),
            f"{task.dataset}, {len(texts):,} rows of train; a row counts by the processor time that it takes on one core",
            work=Work({}, float(texts.nbytes + FLOAT * words) / len(texts)),
        )
    ]
