"""How fast texts and word vectors come in; writes docs/results/loading.json, which docs/results.md shows.

    python -m benchmarks.loading

Vectors: TREC's words out of all 400,000 rows of GloVe 6B 50-d as a text file, against gensim's reader of the same file.
Each side runs in a process of its own, the sides take turns, and the medians of the rounds count. Tokenization: AG News'
train split on one thread.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RESULT = Path(__file__).parents[1] / "docs" / "results" / "loading.json"
ROUNDS = 5

WRITE_TEXT_FILE = """
import sys
from cct_text.vectors import load_vectors
vectors = load_vectors("glove.6B.50d")
with open(sys.argv[1], "w", encoding="utf-8") as out:
    for word, row in zip(vectors.words, vectors.matrix.tolist()):
        print(word, *(f"{number:.5g}" for number in row), file=out)
"""

MEASURED = """
import json, resource, sys, time
{prepare}
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
{run}
seconds = time.perf_counter() - start
growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
print(json.dumps({{"seconds": seconds, "megabytes": growth}}))
"""

OURS = MEASURED.format(
    prepare="""
from cct_text.datasets import load_dataset
from cct_text.text.tokenizer import split_words
from cct_text.text.vocabulary import Vocabulary
from cct_text.vectors import loading
words = set(Vocabulary.build(split_words(load_dataset("trec").train.texts, "basic_english")).words[2:])
loading.build_in_background = lambda file: None  # the conversion for the next use is not waited for
""",
    run="assert len(loading.load_vectors(sys.argv[1], words=words)) > 7000",
)
STORED = MEASURED.format(
    prepare=OURS.partition("loading.build_in")[0].partition("import json, resource, sys, time")[2]
    + "loading.load_vectors(sys.argv[1], words=('the',))",
    run="assert len(loading.load_vectors(sys.argv[1], words=words)) > 7000",
)
GENSIM = MEASURED.format(
    prepare="from gensim.models import KeyedVectors",
    run="assert len(KeyedVectors.load_word2vec_format(sys.argv[1], no_header=True)) == 400_000",
)
TOKENIZATION = """
import json, statistics, time
from cct_text.datasets import load_dataset
from cct_text.text.rules import RULES
from cct_text.text.tokenizer import Tokenizer, split_words
from cct_text.text.vocabulary import Vocabulary
texts = load_dataset("ag_news").train.texts
rates = {}
for name in RULES:
    tokenizer = Tokenizer(name, Vocabulary.build(split_words(texts, name)))
    seconds = []
    for _ in range(5):
        start = time.process_time()
        tokenizer.encode(texts)
        seconds.append(time.process_time() - start)
    rates[name] = len(texts) / statistics.median(seconds)
print(json.dumps({"rows": len(texts), "rows_per_second": rates}))
"""


def measure(code: str, *arguments: str) -> dict[str, float]:
    """What a piece of code prints as JSON, run in a process of its own on one thread."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return dict(json.loads(done.stdout or "{}"))


def main() -> None:
    """Measure all sides in turns and keep the medians."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/glove.6B.50d.txt"
        measure(WRITE_TEXT_FILE, path)
        sides = {"streamed": OURS, "gensim": GENSIM}
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
        for _ in range(ROUNDS):
            for name, code in sides.items():
                rounds[name].append(measure(code, path))
        measure(STORED, path)  # the first use leaves the store behind
        rounds["stored"] = [measure(STORED, path) for _ in range(ROUNDS)]
        size = Path(path).stat().st_size
    vectors = {
        name: {key: statistics.median(run[key] for run in runs) for key in ("seconds", "megabytes")}
        for name, runs in rounds.items()
    }
    ratio = vectors["gensim"]["seconds"] / vectors["streamed"]["seconds"]
    result = {
        "vectors": {"file_bytes": size, "rows": 400_000, "rounds": ROUNDS, "ratio": ratio, **vectors},
        "tokenization": measure(TOKENIZATION),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
