"""What docs/findings.md concludes is what the figures under docs/results/studies say."""

import json

import pyarrow.parquet as pq
import pytest

from benchmarks import findings
from benchmarks.studies import STUDIES


def answers(prefix):
    """The kept answers of a question by data set."""
    studies = [study for study in STUDIES if study.name.startswith(prefix) and study.result.exists()]
    return {study.name.removeprefix(prefix): findings.load(study) for study in studies}


def better(answer):
    """Pairs (better, worse) whose difference can be seen."""
    return {
        (pair["first"], pair["second"]) if pair["difference"]["mean"] > 0 else (pair["second"], pair["first"])
        for pair in answer["differences"]
        if pair["seen"]
    }


def where(seen, one, other):
    """Data sets on which one is seen to be better than the other."""
    return [name for name, pairs in seen.items() if (one, other) in pairs]


def test_the_page_is_what_the_studies_say():
    assert findings.PAGE.read_text(encoding="utf-8") == findings.page()


def test_which_run_was_right_on_which_row_is_kept_and_gives_the_accuracies():
    for study in STUDIES:
        rows = pq.read_table(study.result.with_suffix(".parquet")).to_pylist()
        reached = sorted(sum(row["right"]) / len(row["right"]) for row in rows)
        assert reached == pytest.approx(sorted(run["test_accuracy"] for run in findings.load(study)["runs"]))


def test_the_command_beside_a_finding_is_the_one_that_was_run():
    for study in STUDIES:
        if study.result.exists():
            assert json.loads(study.result.read_text(encoding="utf-8"))["command"] == study.command


def test_nothing_is_better_than_tuned_vectors_and_learned_ones_fall_behind_on_three():
    seen = {name: better(answer) for name, answer in answers("embeddings-").items()}
    assert seen.keys() == {"trec", "sst2", "sst3", "ag_news", "imdb"}
    assert not [pair for pairs in seen.values() for pair in pairs if pair[1] == "glove-tuned"]
    assert where(seen, "glove-tuned", "learned") == ["trec", "sst3", "ag_news"]


def test_frozen_vectors_are_better_than_learned_ones_on_trec_alone_and_a_brake_where_text_is_much():
    seen = {name: better(answer) for name, answer in answers("embeddings-").items()}
    assert where(seen, "glove-frozen", "learned") == ["trec"]
    assert where(seen, "learned", "glove-frozen") == ["imdb"]
    assert where(seen, "glove-tuned", "glove-frozen") == ["ag_news", "imdb"]


def test_vectors_of_the_corpus_are_better_than_random_ones_where_text_is_much_and_worse_on_trec():
    seen = {name: better(answer) for name, answer in answers("embeddings-").items()}
    assert where(seen, "corpus", "learned") == ["ag_news", "imdb"]
    assert where(seen, "learned", "corpus") == ["trec"]
    assert where(seen, "glove-tuned", "corpus") == ["trec", "sst2", "sst3"]


def test_no_pooling_is_better_than_another_where_the_encoder_learns_with_it():
    assert [better(answer) for answer in answers("own-pooling-").values()] == [set()]


def test_seqpool_is_better_than_max_and_class_token_of_minilm_and_than_mean_but_on_sst3():
    seen = {name: better(answer) for name, answer in answers("pooling-").items()}
    for other in ("class-token", "max"):
        assert where(seen, "seqpool", other) == list(seen)
    assert where(seen, "seqpool", "mean") == [name for name in seen if name != "sst3"]
    assert seen.keys() == {"trec", "sst2", "sst3", "ag_news", "imdb"}


def test_no_baseline_is_better_than_the_compact_transformer_on_short_texts_and_some_are_worse():
    seen = {name: better(answer) for name, answer in answers("baselines-").items()}
    assert seen.keys() == {"trec", "sst2", "sst3"}
    worse = {name: {other for one, other in pairs if one == "glove-tuned"} for name, pairs in seen.items()}
    for name, pairs in seen.items():
        assert not [one for one, other in pairs if other == "glove-tuned"]
        assert {"glove-mean-lr", "kim-cnn-static"} <= worse[name]
        assert not {"nb-svm", "kim-cnn-tuned"} & worse[name]
    assert [name for name in worse if {"fasttext", "tfidf-lr"} <= worse[name]] == ["trec", "sst3"]


def test_the_published_figures_are_reached_on_trec_and_not_on_ag_news():
    (answer,) = answers("reproduction").values()
    gaps = {name: [] for name in ("trec", "ag_news")}
    for cell in answer["cells"]:
        gaps[cell["dataset"]].append((100 * (cell["accuracy"]["mean"] - cell["published"]), cell["differs"]))
    assert sorted((gap > 0, differs) for gap, differs in gaps["trec"] if gap < 0) == [(False, False)]
    assert len(gaps["trec"]) == 3
    assert all(-1.5 < gap < -1 for gap, _ in gaps["ag_news"])


def ahead(answer, first, second):
    """Numbers of rows with which the second learner is seen to be ahead of the first."""
    (race,) = (race for race in answer["races"] if (race["first"], race["second"]) == (first, second))
    return [gap["rows"] for gap in race["gaps"] if gap["seen"] and gap["difference"]["mean"] < 0]


def test_ngrams_are_ahead_of_the_compact_transformer_on_imdb_alone_and_averaged_vectors_with_few_rows_of_news():
    seen = answers("curve-")
    assert seen.keys() == {"trec", "sst2", "sst3", "ag_news", "imdb"}
    for name, answer in seen.items():
        for ngrams in ("tfidf-lr", "nb-svm"):
            assert bool(ahead(answer, "cct-2/2", ngrams)) == (name == "imdb")
        assert name == "imdb" or not ahead(answer, "cct-2/2", "fasttext")
    for ngrams in ("tfidf-lr", "nb-svm"):
        assert {1_000, 3_000, 10_000, 22_500} <= set(ahead(seen["imdb"], "cct-2/2", ngrams))
    assert ahead(seen["ag_news"], "cct-2/2", "glove-mean-lr") == [100, 300]
