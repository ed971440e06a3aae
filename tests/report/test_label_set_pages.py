"""Report and model card of a run with several labels say so, and what its files say."""

import json
import shutil

import pytest

from cct_text.artifacts import METRICS
from cct_text.inference.classifier import TextClassifier
from cct_text.model.saved import SavedModel
from cct_text.report.model_card import model_card
from cct_text.report.run_report import write_run_report
from cct_text.training.run import train
from tests.support.signed import sign_figures
from tests.support.tagged_questions import TAGS, of_one_label, tagged_config


@pytest.fixture(scope="module")
def metrics(tagged_run):
    return json.loads((tagged_run / METRICS).read_text())


def test_the_report_is_of_decisions_label_by_label(tagged_run, metrics):
    page = write_run_report(tagged_run).read_text(encoding="utf-8")
    test = metrics["test"]
    right = round(120 * test["accuracy"])
    assert f"Of {right} of 120 test rows all labels are found and no others: {test['accuracy']:.1%}." in page
    assert "Who gives every text no label is right on 24.2%." in page
    for label in TAGS:
        assert f"{test['per_class'][label]['threshold']:.3f}" in page
    assert "Label by label" in page
    assert "What is taken for what" not in page
    assert f"Of {120 * len(TAGS)} decisions" in page
    assert page.count('role="img"') == 3
    assert "which it has not, is said" in page
    assert "which it has, is not found" in page


def test_the_surest_mistakes_come_first(tagged_run):
    from cct_text.report.finished_run import FinishedRun
    from cct_text.report.label_set_sections import mistakes

    run = FinishedRun.read(tagged_run)
    section = mistakes(run, most=12)
    wrong = run.classifier.task.says(run.logits) != run.has
    apart = abs(run.has - run.probabilities)[wrong]
    surest = f"({run.probabilities[wrong][apart.argmax()]:.0%})"
    assert len(section.texts) == min(12, wrong.sum())
    assert section.texts[0].heading.endswith(surest)


def test_the_card_states_the_task_and_the_thresholds(tagged_run, metrics):
    card = model_card(tagged_run, repository="ann/tags")
    assert "Any number of labels for a text, or none (multi-label): HUM, LOC, NUM, how, what." in card
    assert "| split | rows | accuracy | micro F1 | macro F1 | ECE | loss |\n| --- | ---: | ---: | ---: |" in card
    for label, threshold in zip(TAGS, TextClassifier.load(tagged_run).model.thresholds, strict=True):
        assert f"| {label} | {threshold:.3f} | " in card
    assert "with one of its labels" not in card
    assert "Who always says" not in card


def test_the_card_of_one_label_is_of_that_label(tagged_run, tmp_path):
    (tmp_path / "run").mkdir()
    shutil.copy(tagged_run / METRICS, tmp_path / "run")
    of_one_label(SavedModel.load(tagged_run)).save(tmp_path / "run")
    sign_figures(tmp_path / "run")
    card = model_card(tmp_path / "run", repository="ann/tags")
    assert "A text classifier with 1 label: " in card
    assert "\nThe label HUM, or none: a text has it whose probability reaches its threshold.\n" in card


def test_without_a_dev_split_nothing_is_said_to_be_its_choice(tagged_files, tmp_path):
    config = tagged_config(tagged_files, dev=None, dev_fraction=0.0, epochs=1, min_epoch_steps=1)
    train(config, tmp_path / "run")
    page = write_run_report(tmp_path / "run").read_text(encoding="utf-8")
    card = model_card(tmp_path / "run", repository="ann/tags")
    assert "threshold of its probability on, 0.5 where there is no dev split." in page
    assert "There is no dev split that a temperature could be fitted to." in page
    assert "On test, in percent. Without dev all are 0.5." in card
    assert "Its probabilities are not calibrated, for it had no dev split." in card
    assert not any(
        phrase in text for phrase in ("fitted to dev", "chosen on dev", "dev chose") for text in (page, card)
    )
