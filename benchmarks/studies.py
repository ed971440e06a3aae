"""Run the studies that docs/findings.md reports, and keep what each found under docs/results/studies.

Of a study are kept its answer (`.json`), its plot (`.svg`), and which run was right on which test row (`.parquet`), from which
all its statistics can be computed again.

    python -m benchmarks.studies                        # all; hours on two cores
    python -m benchmarks.studies --only embeddings-trec # one
    python -m benchmarks.findings                       # then write docs/findings.md

Needs the data sets under $CCT_TEXT_DATA, a glove.6B.zip under $CCT_TEXT_VECTORS, and the extras `baselines`, `report` and
`transformers`. Killed and repeated, it goes on where it stopped. Exits with 1 if a study failed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.conditions import conditions

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "studies"
VECTORS = ("--vectors", "glove.6B.50d+glove.6B.100d")


@dataclass(frozen=True)
class Study:
    """A command and its answer.

    Attributes:
        name: of its files.
        arguments: of `cct-text`, without `--out`.
    """

    name: str
    arguments: tuple[str, ...]

    @property
    def command(self) -> str:
        """As one types it."""
        return f"cct-text {' '.join(self.arguments)}"

    @property
    def answer(self) -> str:
        """Name of its files in the study folder: `.json` and, where it has a plot, `.svg`."""
        return {"curve": "curve", "reproduce": "reproduction"}.get(self.arguments[0], "comparison")

    @property
    def result(self) -> Path:
        """Where the answer is kept."""
        return RESULTS / f"{self.name}.json"


def _embeddings(dataset: str, seeds: int, *options: str) -> Study:
    arguments = ("compare", dataset, "--seeds", str(seeds), *VECTORS, *AS_WIDE, *PLAIN[dataset], *options)
    return Study(f"embeddings-{dataset}", arguments)


def _beside(dataset: str, seeds: int, *options: str) -> Study:
    arguments = ("compare", dataset, "--vary", "embeddings=glove-tuned", "--seeds", str(seeds), *VECTORS)
    return Study(f"baselines-{dataset}", (*arguments, *PLAIN[dataset], *options, "--baselines"))


def _curve(dataset: str, seeds: int, *options: str) -> Study:
    arguments = ("curve", dataset, "--seeds", str(seeds), *VECTORS, *PLAIN[dataset], *options)
    return Study(f"curve-{dataset}", (*arguments, *_baselines(*NGRAMS)))


def _pooling(dataset: str, seeds: int, *options: str) -> Study:
    return Study(f"pooling-{dataset}", ("pooling", dataset, "--seeds", str(seeds), *options))


def _baselines(*names: str) -> tuple[str, ...]:
    return tuple(argument for name in names for argument in ("--baseline", name))


_ONE_KERNEL = ("--model", "cct-2/2")
_OWN_CLASSES = (*_ONE_KERNEL, "--set", "fine_labels=false")
PLAIN = {
    "trec": (*_OWN_CLASSES, "--set", "max_pool=", "--set", "keep=accuracy"),
    "sst2": _OWN_CLASSES,
    "sst3": _OWN_CLASSES,
    "ag_news": _ONE_KERNEL,
    "imdb": (*_ONE_KERNEL, "--set", "long=head"),
}
"""The plain model on the data set's own classes; recipes may have more."""

AS_WIDE = ("--set", "embedding_dim=150")
"""Learned and corpus vectors as wide as the GloVe vectors they are compared with."""

SENTENCES = ("--set", "phrases=false", "--epochs", "15")
"""The trees' sentences alone: their phrases are 20 times the rows, and few data sets have such."""

MUCH_TEXT = ("--epochs", "5", "--bf16")
"""Many or long texts, of which a pass takes as long as twenty over a small data set."""

NGRAMS = ("tfidf-lr", "nb-svm", "fasttext", "glove-mean-lr")

STUDIES = (
    _embeddings("trec", 5),
    _embeddings("sst2", 5, *SENTENCES),
    _embeddings("sst3", 5, *SENTENCES),
    _embeddings("ag_news", 3),
    _embeddings("imdb", 3),
    _pooling("trec", 5),
    _pooling("sst2", 5),
    _pooling("sst3", 5),
    _pooling("ag_news", 3, *MUCH_TEXT),
    _pooling("imdb", 3, *MUCH_TEXT),
    Study(
        "own-pooling-trec",
        (
            *("compare", "trec", "--vary", "pooling=seqpool,mean,max,class-token", "--seeds", "5"),
            *(*VECTORS, *PLAIN["trec"]),
        ),
    ),
    _beside("trec", 5),
    _beside("sst2", 5, *SENTENCES),
    _beside("sst3", 5, *SENTENCES),
    _curve("trec", 5),
    _curve("sst2", 5, *SENTENCES),
    _curve("sst3", 5, *SENTENCES),
    _curve("ag_news", 3),
    _curve("imdb", 3, "--embeddings", "glove-tuned"),
    Study("reproduction", ("reproduce", "--quick", *VECTORS)),
)


def run(study: Study, folder: Path) -> bool:
    """Run a study as far as it is not, and keep what it found; whether it went well."""
    print(f"{study.name} ...", file=sys.stderr, flush=True)
    out = folder / study.name
    command = [sys.executable, "-m", "cct_text_cli", *study.arguments, "--out", str(out)]
    measured = conditions()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        return False
    answer = json.loads((out / f"{study.answer}.json").read_text(encoding="utf-8"))
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = {"command": study.command, "measured": measured, **answer}
    study.result.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    plot = out / f"{study.answer}.svg"
    if plot.exists():
        shutil.copyfile(plot, study.result.with_suffix(".svg"))
    pq.write_table(right_rows(out), study.result.with_suffix(".parquet"), compression="zstd")
    return True


def right_rows(out: Path) -> pa.Table:
    """Of each run of a study folder its name there, its seed, and whether it was right on each test row."""
    rows = []
    for path in sorted(out.rglob("seed-*/predictions.parquet")):
        table = pq.read_table(path, columns=["label", "prediction"])
        right = pc.equal(table["label"], table["prediction"]).to_pylist()
        name = path.parents[1].relative_to(out).as_posix()
        rows.append({"runs": name, "seed": int(path.parent.name.removeprefix("seed-")), "right": right})
    return pa.Table.from_pylist(rows)


def main() -> int:
    """Run the studies one after another; 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=[study.name for study in STUDIES])
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "studies", help="folder of the studies' runs")
    options = parser.parse_args()
    wanted = [study for study in STUDIES if not options.only or study.name in options.only]
    failed = [study for study in wanted if not run(study, options.runs)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
