"""Write docs/experiments.md from what the experiments reached, under docs/results/experiments.

python -m benchmarks.experiment_log
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.experiments import RESULTS
from benchmarks.markdown import table
from benchmarks.studies import ROOT
from cct_text.config import Config
from cct_text.errors import UsageError
from cct_text.studies.search_space import plain_name, value_of
from cct_text.studies.trials import standard_error
from cct_text.studies.wording import counted
from cct_text.training.recipes import resolve_config

CALIBRATED = ("loss, calibrated", "ECE")
"""What is told of probabilities whose temperature was fitted on dev."""

PAGE = ROOT / "docs" / "experiments.md"

HEAD = """# Experiments

What was tried to make the recipes better, and what came of it, helped or not. Written by
`python -m benchmarks.experiment_log` from the files under `docs/results/experiments/`; no figure is edited by hand. They
were measured, at the commit that is named, by `python -m benchmarks.experiments`, which then had the question on its list;
options that are no more existed there. All are on dev: the test split is not read. Accuracy in percent, mean ± standard
deviation over the splits; the difference from the recipe of that day, in points, is taken split by split and stands with
its standard error. One of less than two standard errors may well be chance, and so may be the best of many. "Time" is that
of training, as a multiple of the recipe's: of medians, on a machine that is shared, so more a hint than a figure. ECE is the
expected calibration error in percent on the same dev split on which the temperature was fitted, as in `metrics.json`. A change
that is called *taken* stands in the recipe now, which has what is best for the calibrated loss on dev where accuracies do not
tell, and where that does not tell either the simpler or smaller. The recipes of SST-3, SST-5 and `trec-fine` follow those of
SST-2 and TREC.
"""

SKETCHED = """
## Sketched, and not built

Measured on one split of dev or a few, outside the library; what is told here is what decided, not a figure.

- Evidence of words and word pairs (naive Bayes ratios) added to the logits and learned with the network, on IMDb: the ratios
  know the train rows too well, and the network learns less beside them. With ratios of other folds than the text's own, which
  do not, the network fits what is left of the train rows, which is noise: worse on dev with each epoch. The sum of a network
  and an NB-SVM that were trained apart is better than both on IMDb and AG News, but that is an ensemble.
- Which epoch is kept, on TREC: with one half of dev choosing and the other judging, the last epoch was better than that of the
  best accuracy in every cut, and than that of the least loss in nearly every one. So `keep = "last"`. (Above, on IMDb, the best
  epoch is favoured a little against the last: the rows that judge it have chosen it.)
- Adversarial training (Miyato et al. 2017: a second pass with word vectors moved to where the loss is larger): a little
  better on TREC, at nearly twice the time; worse on SST-2 and AG News. There a step that is small for a vector makes
  another word of it.
- Mixup of the pooled states (Guo et al. 2019): worse on TREC and SST-2.
- Word vectors of IMDb's reviews on SST-2, alone or beside GloVe: no better than GloVe, though they know praise from blame.
- Each sentence of SST five or ten times among its phrases: worse, the more the worse; the network learns them by heart.
- Five seeds of the recipe averaged: better on TREC, hardly so on SST and AG News. What these get wrong they get wrong
  together, so there is little that a network distilled from them could learn.
- 100,000 words from beyond the train split in place of 20,000, on TREC: no difference.
- Label smoothing that gives each class, or the labels of the own class alone, the same share, on TREC: no difference.
- Loss on classes and fine labels together, on TREC: no better than on fine labels alone.
- Fine labels of SST-2 without the neutral rows: nothing gained. It is the neutral rows that teach.
- With fine labels on SST: averaged weights, width 192, more epochs with more dropout, word vectors that learn three times as
  fast, R-Drop: nothing gained.
- With vectors of the own text on IMDb: GloVe beside them, averaged weights, more dropout of words, slower word vectors, 768
  words of a review, kernels 1+2+3: nothing gained. Word2vec by CBOW, 20 passes: worse.
- A network and naive-Bayes weighted logistic regression of words and word pairs, each trained apart and summed: a little
  better on IMDb and AG News, no better on TREC and SST. It is no part of the model.
- Dev of IMDb against its test: films of dev have other reviews in train, films of test have none. The network learns by
  heart how films fare: it is worse on test than on dev, n-grams are not. So splits were cut whose films are not in train
  ([`films.py`](../benchmarks/films.py)): on them n-grams lead as they do on test, and the recipe of today was chosen. Sketched
  on one to three of these splits: word vectors that learn no faster than the rest, and frozen GloVe: worse. 600 words of a
  review, more width, several SeqPool heads, marks for capitals, crops of the reviews as other texts of the same verdict, and
  targets that are half what NB-weighted logistic regression, fitted on other films, says of a text: no gain that stood out of
  what splits differ by. Nothing caught up with n-grams. On test the recipe of today then was what the one before had been, in
  less time: such splits leave three quarters of train, and the fewer reviews, the more GloVe is worth beside vectors of
  the reviews themselves.
- On the same splits, all without label smoothing, on a GPU. Adversarial training, R-Drop, averaged weights, spans of ten words
  left out, width 256, a kernel of 5 more, one layer, no positions, the mean or the maximum in place of SeqPool or the maximum
  beside it, faster word vectors, smaller batches, six epochs with more words dropped: nothing that stood out of what splits
  differ by. Word vectors that are drawn back to where they started: far worse. Then vectors of bigrams: better on each split.
  They are worth most where they learn as fast as tuned word vectors do (three times the rate of the network); with more
  dropout, from five occurrences on, with 32 numbers of their own, with trigrams beside them or with a fourth epoch: no better.
  800 words of a review, which alone were worth nothing sure, are with bigrams. Four SeqPool heads: nothing gained, there and on
  AG News.
- AG News on two cuts of dev: kernels 1+2+3 and label smoothing are worth nothing, several SeqPool heads neither.
- SST-5 without label smoothing: as accurate, with a lower loss and truer probabilities.
- A bias for each class beside the temperature, on SST-2, SST-3 and SST-5, fitted on one half of dev and judged on the other: no
  more accurate and no truer than the temperature alone, whose calibration error is what chance makes of so many rows.
- A temperature that depends on how far apart a text's logits lie (a power of their spread; its exponent fitted beside the
  temperature), on one half of dev and judged on the other. On IMDb, whose calibration error is above what chance makes, it
  takes most of the excess away, and the loss is lower on each of six splits, whether films are apart or not; on SST-3, too,
  by less. On SST-2 and SST-5 nothing is gained, on TREC a little is lost. So on IMDb it is one number that is too few, not
  the films of dev. Not built: every engine and every export would have to know a rule of our own in place of the usual
  division, and no answer changes.
- 4 % of the rows of IMDb and AG News for dev in place of 10 %, for their learning curves still rise at all rows
  ([findings.md](findings.md)). Only test could tell, and it was read for that: AG News was no better. On IMDb two seeds of
  three were a little better; the third kept its second epoch, as good as the last on 1,000 rows of dev, and was a point worse.
  The recipes stay as they were.
"""


def page() -> str:
    """The text of docs/experiments.md."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    text = HEAD
    for dataset in dict.fromkeys(one["dataset"] for one in found):
        text += f"\n## `{dataset}`\n"
        text += "".join(section(one) for one in found if one["dataset"] == dataset)
    return text + SKETCHED


def section(experiment: Mapping[str, Any]) -> str:
    """An experiment: what was expected, where it was measured, and what each variant reached."""
    measured = experiment["measured"]
    recipe, *variants = experiment["variants"]
    splits = counted(len(recipe["splits"]), "cut" if measured["dev_is_cut"] else "seed")
    processors, dates, commits = (all_of(experiment, name) for name in ("processor", "date", "commit"))
    place = f"{processors}, {dates}, commit {commits}"
    base = "".join(f" All with `{key}={written(value)}`." for key, value in experiment["base"].items())
    apart = " whose films are not in train" if measured.get("films_apart") else ""
    where = f"{splits}, {measured['dev_rows']:,} rows of dev{apart}; {place}.{base}"
    header = ["", "options", "dev accuracy", "difference", "dev loss", *CALIBRATED, "time", ""]
    rows = [row(one, recipe, experiment) for one in (recipe, *variants)]
    if not any(figures(one, "ece") for one in (recipe, *variants)):  # it was not asked for then
        header, *rows = (line[:5] + line[7:] for line in (header, *rows))
    return f"\n{experiment['hypothesis']}\n\n{where}\n\n{table(header, rows)}"


def all_of(experiment: Mapping[str, Any], name: str) -> str:
    """What the runs of an experiment have of something, each once."""
    return " and ".join(dict.fromkeys(split[name] for one in experiment["variants"] for split in one["splits"]))


def row(variant: Mapping[str, Any], recipe: Mapping[str, Any], experiment: Mapping[str, Any]) -> list[str]:
    """A variant beside the recipe."""
    accuracies = figures(variant, "accuracy")
    spread = f" ± {100 * np.std(accuracies, ddof=1):.2f}" if len(accuracies) > 1 else ""
    options = ", ".join(f"`{key}={written(value)}`" for key, value in variant["options"].items())
    calibrated, ece = figures(variant, "calibrated_loss"), figures(variant, "ece")
    return [
        variant["name"],
        options,
        f"{100 * np.mean(accuracies):.2f}{spread}",
        "" if variant is recipe else difference(accuracies, figures(recipe, "accuracy")),
        f"{np.mean(figures(variant, 'loss')):.3f}",
        f"{np.mean(calibrated):.3f}" if calibrated else "",
        f"{100 * np.mean(ece):.2f}" if ece else "",
        f"{np.median(figures(variant, 'seconds')) / np.median(figures(recipe, 'seconds')):.1f}",
        "taken" if variant is not recipe and is_taken(experiment, variant["options"]) else "",
    ]


def difference(one: Sequence[float], other: Sequence[float]) -> str:
    """Of two variants on the same splits, in points, with its standard error."""
    gaps = [100 * (a - b) for a, b in zip(one, other, strict=True)]
    error = standard_error(gaps)
    return f"{np.mean(gaps):+.2f}" + ("" if error is None else f" ± {error:.2f}")


def is_taken(experiment: Mapping[str, Any], options: Mapping[str, object]) -> bool:
    """Whether the data set's recipe is as a variant was, in all that the variants differ in and have in common."""
    now = resolve_config(experiment["dataset"])
    known = {name for section in vars(now).values() for name in vars(section)}
    named = {plain_name(key) for one in experiment["variants"] for key in {**experiment["base"], **one["options"]}}
    recipe = {name: value for section in experiment["recipe"].values() for name, value in section.items()}
    try:
        then = Config().with_values({**recipe, **options})
    except UsageError:  # an option that is no more
        return False
    return all(value_of(then, name) == value_of(now, name) for name in named & known)


def figures(variant: Mapping[str, Any], name: str) -> list[float]:
    """A figure on each split; none where it was not kept."""
    return [split[name] for split in variant["splits"] if name in split]


def written(value: object) -> str:
    """An option's value as one types it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(page(), encoding="utf-8")
