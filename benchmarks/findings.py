"""Write docs/findings.md from the answers of the studies under docs/results/studies.

python -m benchmarks.findings
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.markdown import table
from benchmarks.studies import ROOT, STUDIES, Study
from cct_text.studies.statistics import Summary
from cct_text.studies.wording import counted, interval, percent

PAGE = ROOT / "docs" / "findings.md"

HEAD = """# Findings

Written by `python -m benchmarks.findings` from the files under `docs/results/studies/`, which `python -m benchmarks.studies`
measures; the figures are not edited by hand. Accuracy in percent on test, mean ± standard deviation over seeds. The dev
split chose whatever was chosen; each run read the test split once. Seconds and rows/s tell the order of magnitude only:
runs shared the machine with other work. Another processor rounds otherwise, so that figures move within what their intervals
tell. The recipes were chosen, on dev, for the compact transformer; the other networks are trained with the same options. They
are those of the day that is named: today's have vectors of bigrams on SST, AG News and IMDb, too
([experiments.md](experiments.md)). What the intervals and tests are stands in [studies.md](studies.md).
"""


@dataclass(frozen=True)
class Question:
    """A part of the page.

    Attributes:
        title: the question; empty where it goes on from the one before.
        prefix: of the names of its studies.
        introduction: what was compared.
        meaning: for someone who has to choose; `tests/docs/test_findings.py` holds it against the figures.
    """

    title: str
    prefix: str
    introduction: str
    meaning: str


QUESTIONS = (
    Question(
        "Frozen GloVe, tuned GloVe or learned embeddings?",
        "embeddings-",
        "Four ways to get word vectors of 150 dimensions with the same recipe: `learned` (random, trained), `glove-frozen` and "
        "`glove-tuned` (GloVe 6B, 50-d beside a 100-d part, fixed or trained on), `corpus` (word2vec on the train split's own "
        "text, trained on).",
        "Start from GloVe and train it: nothing was seen to be better than `glove-tuned` on any of the five, and learned "
        "vectors fall behind it on TREC, SST-3 and AG News. Frozen vectors are better than learned ones on TREC alone, "
        "the smallest. Where rows are many or long they are a brake: on AG News and IMDb tuned ones are better, on IMDb "
        "learned ones too. Without vectors from elsewhere, in a language of one's own, say, learn them from the train "
        "split's text first where there is much of it: on AG News and IMDb that is better than starting at random, and no"
        " difference from tuned GloVe could be seen; where there is little, start at random: on TREC that is better by "
        "two points, on SST no difference could be seen.",
    ),
    Question(
        "Does SeqPool help?",
        "pooling-",
        "On the hidden states of another model, a frozen MiniLM: only the pooling and a linear head are trained. "
        "MiniLM was itself trained for mean pooling; its class token was not. It reads 128 word pieces of a text.",
        "Let the pooling learn: behind an encoder that is not trained itself SeqPool was better than max and class token on "
        "all of these, and better than mean on all but SST-3, where no difference could be seen, for one weight per dimension.",
    ),
    Question(
        "",
        "own-pooling-",
        "And in the compact transformer itself, which is trained with its pooling:",
        "Where the encoder learns with its pooling, it learns to live with any: on TREC no pooling was seen to be better than "
        "another. SeqPool costs nothing there, and its weights tell which words counted.",
    ),
    Question(
        "How far is it from the baselines?",
        "baselines-",
        "The compact transformer with tuned GloVe vectors, and everything else on the same rows, by the same tokenizer.",
        "On these short texts nothing was seen to be better than the compact transformer. Averaged GloVe vectors and a Kim CNN "
        "with fixed ones fall behind it everywhere, fastText and TF-IDF on TREC and on SST with three classes. Who wants an "
        "answer in a second takes NB-SVM: on none of the three could a difference from it be seen, nor from the tuned Kim CNN.",
    ),
    Question(
        "When does a bag of n-grams overtake the compact transformer?",
        "curve-",
        "Accuracy against the number of training rows. Each seed draws its own rows; dev and test stay whole.",
        "On short texts and news no bag of n-grams was seen to be ahead of the compact transformer, with any number of rows. "
        "On the long reviews of IMDb NB-SVM and TF-IDF are ahead of it, from 1,000 rows to all 22,500: take NB-SVM there. "
        "With a few hundred rows of news, averaged GloVe vectors under a logistic regression are better than it.",
    ),
    Question(
        "How close is it to the published table?",
        "reproduction",
        "The three smallest models, each data set with our recipe, for none was published. AG News is the part of 63,177 rows, "
        "dev split included, of 120,000: its figures are no reproduction of the published ones.",
        "On TREC two of the three lie above the published figures and one below, by no more than luck allows. On AG News, with "
        "half of the rows to learn from and vectors of half the width, ours are a little more than a point below. With three "
        "seeds luck alone exceeds two standard errors in 18 % of cases.",
    ),
)


def page() -> str:
    """The text of docs/findings.md."""
    text = HEAD
    for question in QUESTIONS:
        studies = [study for study in STUDIES if study.name.startswith(question.prefix) and study.result.exists()]
        if studies:
            text += f"\n## {question.title}\n" if question.title else ""
            text += f"\n{question.introduction}\n"
            text += f"\n**What it means.** {question.meaning}\n" if question.meaning else ""
            text += "".join(_section(study, load(study)) for study in studies)
    return text


def _section(study: Study, result: Mapping[str, Any]) -> str:
    """A study: where it was measured, its table, its plot, and what can be said."""
    measured = f"{result['measured']['processor']}, {result['measured']['date']}.\n\n    {study.command}\n\n"
    statements = "".join(f"- {sentence}\n" for sentence in result["statements"])
    plot = f"![{study.name}](results/studies/{study.name}.svg)\n"
    if "cells" in result:
        return f"\n{counted(result['seeds'], 'seed')}; {measured}{_published(result)}\n{plot}\n{statements}"
    rows = max(result["runs"], key=lambda run: run["train_rows"] or 0)
    where = (
        f"\n### `{result['dataset']}`\n\n{rows['train_rows']:,} / {rows['dev_rows']:,} / {result['test_rows']:,} rows of "
        f"train / dev / test, {counted(len(result['seeds']), 'seed')}; {measured}"
    )
    figures = _points(result) if "lines" in result else _conditions(result)
    return f"{where}{figures}\n{plot}\n{statements}"


def _conditions(result: Mapping[str, Any]) -> str:
    header = ("", "accuracy", "95 % interval", "macro F1", "coverage", "parameters", "seconds", "rows/s")
    return table(header, [_condition(side) for side in result["conditions"] if side["accuracy"]])


def _condition(side: Mapping[str, Any]) -> tuple[str, ...]:
    accuracy = Summary(**side["accuracy"])
    return (
        f"{side['name']}{' (baseline)' if side['baseline'] else ''}",
        percent(accuracy),
        " to ".join(interval(accuracy, 2) or ()),
        f"{100 * side['macro_f1']['mean']:.2f}",
        "" if side["coverage"] is None else f"{side['coverage']:.1%}",
        f"{side['parameters']:,}",
        f"{side['seconds']:,.0f}",
        "" if side["rows_per_second"] is None else f"{side['rows_per_second']:,.0f}",
    )


def _points(result: Mapping[str, Any]) -> str:
    lines = result["lines"]
    reached = [{point["rows"]: percent(Summary(**point["accuracy"])) for point in line["points"]} for line in lines]
    rows: Iterable[int] = sorted({size for of_rows in reached for size in of_rows})
    return table(
        ("rows of train", *(line["name"] for line in lines)),
        [(f"{size:,}", *(of_rows.get(size, "") for of_rows in reached)) for size in rows],
    )


def _published(result: Mapping[str, Any]) -> str:
    """Our figures beside the published ones."""
    rows = []
    for cell in result["cells"]:
        ours, published = Summary(**cell["accuracy"]), cell["published"]
        difference = f"{100 * (ours.mean - published):+.2f}" + (" (differs)" if cell["differs"] else "")
        row = (f"`{cell['dataset']}`", cell["model"], f"{cell['train_rows']:,}", percent(ours))
        rows.append((*row, f"{100 * published:.2f}", difference))
    return table(("data set", "model", "train rows", "ours", "published", "difference"), rows)


def load(study: Study) -> dict[str, Any]:
    """The answer of a study and where it was measured."""
    loaded: dict[str, Any] = json.loads(study.result.read_text(encoding="utf-8"))
    return loaded


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(page(), encoding="utf-8")
